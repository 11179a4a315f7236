#include "controller/client/ledger.h"

#include <algorithm>
#include <random>

#include "controller/client/rows.h"
#include "controller/model/edges.h"
#include "controller/model/paths.h"

namespace ringfence::client {

namespace {

constexpr unsigned most_skipped = 1024;
constexpr uint32_t most_looked_at = 1 << 16;
constexpr uint32_t most_left_to_people = 4; // at a subnet's end, where they like to have routers

// After races were lost: the more there were, the further apart the contenders look.
unsigned places_to_skip(unsigned attempt) {
    if (attempt == 0)
        return 0;
    std::random_device random;
    return random() % std::min(most_skipped, 8u << std::min(attempt, 16u));
}

// What a network takes by itself.
template <class Row> Entries addressing_entries(const Row& network, const std::string& name) {
    Entries entries;
    const auto addressing =
        model::Addressing::from(network.subnets, network.gateways, network.ranges);
    if (!addressing)
        return entries; // the rules say so
    for (const IpPrefix& subnet : addressing->subnets) {
        entries.push_back(
            {network.uuid, to_string(subnet.address()), "reserved", {}, "subnet of " + name});
        if (subnet.address().is_v4())
            entries.push_back({network.uuid,
                               to_string(model::last_address(subnet)),
                               "reserved",
                               {},
                               "broadcast of " + name});
    }
    for (const IpAddr& gateway : addressing->gateways)
        entries.push_back({network.uuid, to_string(gateway), "gateway", {}, "gateway of " + name});
    return entries;
}

Entries entries_of_network(const nb::Tables& rows, const Uuid& uuid) {
    if (const auto* network = rows.organization_network.find(uuid))
        return entries_of(rows, *network);
    const auto* network = rows.vapp_network.find(uuid);
    return network ? entries_of(rows, *network) : Entries();
}

const nb::VappNetwork* vapp_network_of(const nb::Tables& rows, const nb::Nic& nic) {
    return nic.vapp_network ? rows.vapp_network.find(*nic.vapp_network) : nullptr;
}

// Else somebody has put it into the database by hand.
bool is_on_a_network(const nb::Nic& nic) { return nic.organization_network || nic.vapp_network; }

bool has_shared(const nb::Nic& nic, const std::string& address) {
    return std::ranges::any_of(nic.virtual_addresses, [&](const auto& its) {
        return its.first == address || (its.second == address && its.second != nic.mac);
    });
}

std::string network_name(const nb::Tables& rows, const Uuid& uuid) {
    if (const auto* network = rows.organization_network.find(uuid))
        return "network " + path_of(rows, *network).text();
    const auto* network = rows.vapp_network.find(uuid);
    return network ? "vApp network " + path_of(rows, *network).text() : "?";
}

} // namespace

// --- What an object takes -----------------------------------------------------------------------
Uuid segment_of(const nb::Tables& rows, const nb::Nic& nic) {
    if (nic.organization_network)
        return *nic.organization_network;
    const auto* network = vapp_network_of(rows, nic);
    return network && network->mode == "bridged" && network->parent ? *network->parent
                                                                    : nic.vapp_network.value();
}

Entries shared_entries(const nb::Tables& rows, const nb::Nic& nic) {
    Entries entries;
    if (!is_on_a_network(nic) || nic.virtual_addresses.empty())
        return entries;
    const auto* vm = rows.virtual_machine.find(nic.virtual_machine);
    const auto* vapp = vm ? rows.vapp.find(vm->vapp) : nullptr;
    const std::string owner = vapp ? "vApp " + path_of(rows, *vapp).text() : "?";
    const Uuid network = segment_of(rows, nic);
    for (const auto& [address, mac] : nic.virtual_addresses) {
        entries.push_back({network, address, "virtual", {}, owner, true});
        if (mac != nic.mac)
            entries.push_back({network, mac, "virtual", {}, owner, true});
    }
    return entries;
}

Entries entries_of(const nb::Tables& rows, const nb::Nic& nic) {
    const Uuid segment = segment_of(rows, nic);
    Entries entries{{segment, nic.mac, "mac", nic.uuid, nic.port_name}};
    for (const std::string& address : nic.addresses)
        entries.push_back({segment, address, "nic", nic.uuid, nic.port_name});
    for (Entry& entry : shared_entries(rows, nic))
        entries.push_back(std::move(entry));
    const auto* network = vapp_network_of(rows, nic);
    if (network && network->parent && model::translates(*network))
        for (const std::string& address : nic.outside_addresses)
            entries.push_back({*network->parent, address, "outside", nic.uuid, nic.port_name});
    return entries;
}

Entries entries_of(const nb::Tables& rows, const nb::EdgeRouter& edge) {
    Entries entries;
    const std::string owner = "edge " + path_of(rows, edge).text();
    for (const auto& [network, outside] : model::standings(rows, edge)) {
        entries.push_back(
            {network, to_string(model::router_mac(edge, network)), "router", {}, owner});
        for (const IpAddr& address : model::router_addresses(edge, network))
            entries.push_back({network, to_string(address), "router", {}, owner});
    }
    return entries;
}

Entries entries_of(const nb::Tables& rows, const nb::OrganizationNetwork& network) {
    return addressing_entries(network, path_of(rows, network).text());
}

Entries entries_of(const nb::Tables& rows, const nb::VappNetwork& network) {
    return addressing_entries(network, path_of(rows, network).text());
}

// --- Rows ---------------------------------------------------------------------------------------
// What rows claim without a ledger row, somebody has put into the database by hand.
Ledger::Ledger(Draft& draft) : draft_(draft) {
    const nb::Tables& rows = draft.rows();
    for (const nb::AddressAllocation& row : rows.address_allocation) {
        rows_[{row.network, row.address}] = row.uuid;
        take({row.network, row.address, row.kind});
    }
    for (const nb::Nic& nic : rows.nic)
        if (is_on_a_network(nic))
            for (const Entry& entry : entries_of(rows, nic))
                take(entry);
    for (const nb::EdgeRouter& edge : rows.edge_router)
        for (const Entry& entry : entries_of(rows, edge))
            take(entry);
}

void Ledger::take(const Entry& entry) {
    rows_.try_emplace({entry.network, entry.address});
    const auto address = IpAddr::from(entry.address);
    if (!address)
        return;
    taken_[entry.network].insert(*address);
    const auto* network = draft_.rows().vapp_network.find(entry.network);
    if (!network || !network->parent || !model::is_fenced(*network))
        return;
    if (const auto parent = fenced_.find(*network->parent); parent != fenced_.end())
        parent->second.insert(*address);
}

void Ledger::change(const Entries& before, const Entries& after) {
    std::unordered_map<Key, const Entry*, KeyHash> wanted;
    for (const Entry& entry : after)
        wanted.emplace(Key{entry.network, entry.address}, &entry);
    for (const Entry& entry : before) {
        const Key key{entry.network, entry.address};
        const auto there = rows_.find(key);
        if (wanted.contains(key) || there == rows_.end())
            continue;
        const auto* row = draft_.rows().address_allocation.find(there->second);
        if (row && (row->kind != entry.kind || row->nic != entry.nic))
            continue; // another's
        if (entry.shared && is_shared_still(entry))
            continue;
        if (row && leave_to_network(*row))
            continue;
        if (row)
            draft_.erase(nb::AddressAllocation(*row));
        rows_.erase(there);
        if (const auto address = IpAddr::from(entry.address))
            taken_[entry.network].erase(*address);
        bookmarks_.clear();
    }
    for (const Entry& entry : after) {
        Uuid& there = rows_[{entry.network, entry.address}];
        if (const auto* row = draft_.rows().address_allocation.find(there)) {
            rename(*row, entry);
            continue;
        }
        nb::AddressAllocation row;
        row.network = entry.network;
        row.address = entry.address;
        row.kind = entry.kind;
        row.nic = entry.nic;
        row.owner = entry.owner;
        there = draft_.insert(row);
        take(entry);
    }
}

// Whether nobody else has it rests on all NICs of the segment, and on those that come meanwhile.
bool Ledger::is_shared_still(const Entry& entry) {
    draft_.rely_on_all();
    const nb::Tables& rows = draft_.rows();
    return std::ranges::any_of(rows.nic, [&](const nb::Nic& nic) {
        return has_shared(nic, entry.address) && is_on_a_network(nic) &&
               segment_of(rows, nic) == entry.network;
    });
}

// The same taker may be called otherwise now; of what several share, whoever came first names it.
void Ledger::rename(nb::AddressAllocation row, const Entry& entry) {
    if (row.kind != entry.kind || row.nic != entry.nic || entry.shared)
        return;
    row.owner = entry.owner;
    draft_.update(row, nb::AddressAllocation::Column::owner);
}

// An address that was somebody's may be the network's gateway by now: then it stays taken.
bool Ledger::leave_to_network(nb::AddressAllocation row) {
    const Entries its = entries_of_network(draft_.rows(), row.network);
    const auto entry = std::ranges::find(its, row.address, &Entry::address);
    if (entry == its.end())
        return false;
    row.kind = entry->kind;
    row.nic.reset();
    row.owner = entry->owner;
    using Column = nb::AddressAllocation::Column;
    draft_.update(row, Column::kind | Column::nic | Column::owner);
    return true;
}

bool Ledger::is_taken(const Uuid& network, const std::string& address) const {
    return rows_.contains({network, address});
}

// --- Picks --------------------------------------------------------------------------------------
std::string Ledger::pick_mac(const Uuid& network) {
    std::random_device random;
    for (;;) {
        const uint64_t bits = uint64_t{random()} << 32 | random();
        const auto mac = MacAddr::from_u64((bits & 0x00ffffffffff) | 0x020000000000);
        if (const std::string text = to_string(mac); !is_taken(network, text))
            return text;
    }
}

const Ledger::Addresses& Ledger::inside_fences_of(const Uuid& parent) {
    const auto [place, first] = fenced_.try_emplace(parent);
    if (!first)
        return place->second;
    for (const nb::VappNetwork& network : draft_.rows().vapp_network)
        if (network.parent == parent && model::is_fenced(network))
            if (const auto inside = taken_.find(network.uuid); inside != taken_.end())
                place->second.insert(inside->second.begin(), inside->second.end());
    return place->second;
}

Ledger::Pick Ledger::pick_inside(const Uuid& network, Family family) {
    const auto* inside = draft_.rows().vapp_network.find(network);
    const bool fenced = inside && inside->parent && model::is_fenced(*inside);
    static const Addresses none;
    return pick(network, family, false, fenced ? taken_[*inside->parent] : none);
}

Ledger::Pick Ledger::pick_outside(const Uuid& parent, Family family) {
    return pick(parent, family, true, inside_fences_of(parent));
}

std::optional<std::string> Ledger::pick_service(const Uuid& network, const IpPrefix& subnet) {
    const auto addressing = model::addressing_of(draft_.rows(), network);
    const Addresses& inside = inside_fences_of(network);
    const Addresses& taken = taken_[network];
    const auto is_given_out = [&](const IpAddr& address) {
        return std::ranges::any_of(addressing.ranges,
                                   [&](const auto& range) { return range.contains(address); });
    };
    const uint32_t first = subnet.address().v4()->value + 1;
    const uint32_t last = model::last_address(subnet).v4()->value - 1;
    const uint32_t count = last - first + 1; // at least two: a subnet has room for two hosts
    const uint32_t left_to_people = count > most_left_to_people * 2 ? most_left_to_people : 0;
    std::optional<IpAddr> found;
    for (const bool from_ranges : {false, true})
        for (uint32_t step = 0; step < std::min(count, most_looked_at); ++step) {
            const uint32_t below = (step + left_to_people) % count;
            const IpAddr address = Ipv4Addr{last - below};
            if (taken.contains(address) || inside.contains(address) ||
                is_given_out(address) != from_ranges)
                continue;
            if (found)
                return to_string(*found);
            found = address;
        }
    return std::nullopt; // the last one is left to a NIC
}

Ledger::Pick Ledger::pick(const Uuid& network, Family family, bool outside,
                          const Addresses& avoided) {
    const auto addressing = model::addressing_of(draft_.rows(), network);
    int64_t size = 0;
    std::string ranges;
    for (const model::AddressRange& range : addressing.ranges) {
        if (family_of(range.first) != family)
            continue;
        if (const auto free =
                find_free(range, {network, range.first, outside}, avoided, taken_[network]))
            return to_string(*free);
        size = std::min(INT64_MAX - range.size(), size) + range.size();
        ranges.append(fmt::format("{}{}-{}", ranges.empty() ? "" : ", ", to_string(range.first),
                                  to_string(range.last)));
    }
    if (size == 0)
        return std::optional<std::string>();
    return fail(ErrorKind::conflict,
                "{}: all its {} addresses to give out ({}) are taken{}; delete NICs or release "
                "addresses there, or give it one more range",
                network_name(draft_.rows(), network), size, ranges,
                outside ? " or used inside its fences" : "");
}

// Steps over taken addresses only, so the size of the range doesn't matter.
std::optional<IpAddr> Ledger::find_free(const model::AddressRange& range, const Bookmark& bookmark,
                                        const Addresses& avoided, const Addresses& taken) {
    const auto start = bookmarks_.find(bookmark);
    std::optional<IpAddr> found;
    unsigned to_skip = places_to_skip(draft_.attempt());
    IpAddr at = start == bookmarks_.end() ? range.first : start->second;
    for (; range.contains(at); at = model::next_address(at)) {
        if (!taken.contains(at) && !avoided.contains(at)) {
            if (!found)
                bookmarks_[bookmark] = at;
            found = at;
            if (to_skip-- == 0)
                break;
        }
    }
    return found;
}

} // namespace ringfence::client
