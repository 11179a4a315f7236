// Clones of a vApp: all of them, with all that is inside, in one draft.
//
// What is behind a fence, an edge router that translates, or nothing at all is copied as it is:
// MACs and addresses included. What is seen from outside is drawn anew: names, VNIs, the edge
// routers' own addresses, the NICs' outside addresses; and, on a segment that source and clone
// share (an organization network, a bridged vApp network), MACs and addresses.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "controller/client/clone_source.h"
#include "controller/client/dhcp.h"
#include "controller/client/meeting.h"
#include "controller/client/store.h"
#include "controller/model/edges.h"
#include "controller/model/firewall.h"

namespace ringfence::client {

namespace {

constexpr int64_t most_clones = 1000;

class Cloner {
public:
    Cloner(Draft& draft, Source source, const nb::NetworkPool& pool)
        : draft_(draft), ledger_(draft), source_(std::move(source)), pool_(pool),
          vnis_(draft.rows(), pool) {
        for (const nb::Nic& nic : draft.rows().nic)
            port_names_.insert(nic.port_name);
    }

    [[nodiscard]] Result<Uuid> clone(const Path& path, bool deployed);
    const Texts& notes() const { return notes_; }

private:
    [[nodiscard]] Result<> clone_network(const nb::VappNetwork& original);
    [[nodiscard]] Result<> clone_edge(const nb::VappNetwork& network, const Uuid& original);
    void clone_dhcp(const Uuid& network, const Uuid& original);
    void clone_routes(const Uuid& edge, const Uuid& original);
    void clone_vm(const nb::VirtualMachine& original);
    [[nodiscard]] Result<> clone_nic(const nb::Nic& original);
    [[nodiscard]] Result<> readdress(nb::Nic& nic, const Uuid& segment);
    [[nodiscard]] Result<> readdress_shared(nb::Nic& nic, const Uuid& segment,
                                            const std::string& old_mac);
    void clone_rules();
    Texts renamed(const Texts& words) const;
    void note_v6(const nb::VappNetwork& network, const nb::EdgeRouter& edge);

    Draft& draft_;
    Ledger ledger_;
    const Source source_;
    const nb::NetworkPool pool_;
    FreeVnis vnis_;
    std::unordered_set<std::string> port_names_;
    Texts notes_;
    // Of the clone in the making.
    Path path_;
    Uuid vapp_;
    std::unordered_map<Uuid, Uuid> copy_of_; // by the original: networks, edges, VMs, NICs
    // On segments that are shared with the source, by what they were: virtual addresses and MACs.
    std::unordered_map<std::string, std::string> shared_;
};

Result<Uuid> Cloner::clone(const Path& path, bool deployed) {
    path_ = path;
    copy_of_.clear();
    shared_.clear();
    nb::Vapp vapp = source_.vapp;
    vapp.uuid = {};
    vapp.name = path[1];
    vapp.deployed = deployed;
    vapp.status.clear();
    vapp_ = draft_.insert(vapp);
    for (const nb::VappNetwork& network : source_.networks)
        if (auto cloned = clone_network(network); !cloned)
            return tl::unexpected(cloned.error());
    for (const nb::VirtualMachine& vm : source_.vms)
        clone_vm(vm);
    for (const nb::Nic& nic : source_.nics)
        if (auto cloned = clone_nic(nic); !cloned)
            return tl::unexpected(cloned.error());
    clone_rules();
    return vapp_;
}

Result<> Cloner::clone_network(const nb::VappNetwork& original) {
    nb::VappNetwork network = original;
    network.uuid = copy_of_[original.uuid] = Uuid::random();
    network.vapp = vapp_;
    network.status.clear();
    if (network.vni) {
        const auto vni = vnis_.take();
        if (!vni) // which says so
            return model::free_vni(model::Model(draft_.rows()), pool_).map([](int64_t) {});
        network.vni = vni;
        nb::VniAllocation allocation;
        allocation.vni = *vni;
        allocation.network_pool = pool_.uuid;
        allocation.network = network.uuid;
        draft_.insert(allocation);
    }
    draft_.insert(network);
    ledger_.add(entries_of(draft_.rows(), network));
    if (model::has_edge(network))
        if (auto cloned = clone_edge(network, original.uuid); !cloned)
            return cloned;
    clone_dhcp(network.uuid, original.uuid);
    return {};
}

// With the addresses that it answers from, so that VMs don't see a difference.
void Cloner::clone_dhcp(const Uuid& network, const Uuid& original) {
    for (nb::DhcpOptions options : source_.dhcp) {
        if (options.vapp_network != original)
            continue;
        options.uuid = {};
        options.vapp_network = network;
        options.status.clear();
        draft_.insert(options);
    }
    settle_dhcp(draft_, ledger_, network, dhcp_addresses(draft_.rows(), original));
}

Result<> Cloner::clone_edge(const nb::VappNetwork& network, const Uuid& original) {
    auto edge = make_edge(draft_.rows(), ledger_, network);
    if (!edge)
        return tl::unexpected(edge.error());
    draft_.insert(*edge);
    ledger_.add(entries_of(draft_.rows(), *edge));
    for (const nb::EdgeRouter& router : source_.edges)
        if (router.vapp_network == original) {
            copy_of_[router.uuid] = edge->uuid;
            clone_routes(edge->uuid, router.uuid);
        }
    note_v6(network, *edge);
    return {};
}

void Cloner::clone_routes(const Uuid& edge, const Uuid& original) {
    for (nb::StaticRoute route : source_.routes) {
        if (route.edge_router != original)
            continue;
        route.uuid = {};
        route.edge_router = edge;
        route.status.clear();
        draft_.insert(route);
    }
}

// The provider's, too. A rule that names a NIC of the vApp names the clone's; security groups are
// the organization's, and stay.
void Cloner::clone_rules() {
    for (nb::FirewallRule rule : source_.rules) {
        rule.uuid = {};
        rule.edge_router = copy_of_.at(*rule.edge_router);
        rule.status.clear();
        for (auto* words : {&rule.source, &rule.destination})
            *words = renamed(*words);
        draft_.insert(rule);
    }
}

Texts Cloner::renamed(const Texts& words) const {
    Texts all;
    for (const std::string& word : words) {
        const auto nic = word.starts_with(model::nic_word)
                             ? Uuid::from(word.substr(model::nic_word.size()))
                             : Result<Uuid>(Uuid());
        const auto copy = nic ? copy_of_.find(*nic) : copy_of_.end();
        all.insert(copy == copy_of_.end() ? word
                                          : std::string(model::nic_word) + to_string(copy->second));
    }
    return all;
}

void Cloner::note_v6(const nb::VappNetwork& network, const nb::EdgeRouter& edge) {
    if (model::is_fenced(network) || !model::addressing_of(draft_.rows(), network.uuid).has_v6())
        return;
    const auto outside = model::router_addresses(edge, *network.parent);
    const bool translated = model::translates(network) &&
                            std::ranges::find(outside, Family::v6, family_of) != outside.end();
    notes_.insert(fmt::format("vApp network {}: its IPv6 addresses {}",
                              path_of(draft_.rows(), network).text(),
                              translated ? "are translated one-to-one (NAT66)"
                                         : "have no way out: the parent has no IPv6 range"));
}

void Cloner::clone_vm(const nb::VirtualMachine& original) {
    nb::VirtualMachine vm = original;
    vm.uuid = copy_of_[original.uuid] = Uuid::random();
    vm.vapp = vapp_;
    vm.status.clear();
    draft_.insert(vm);
}

Result<> Cloner::clone_nic(const nb::Nic& original) {
    nb::Nic nic = original;
    nic.uuid = copy_of_[original.uuid] = Uuid::random();
    nic.virtual_machine = copy_of_.at(original.virtual_machine);
    if (nic.vapp_network)
        nic.vapp_network = copy_of_.at(*nic.vapp_network);
    nic.outside_addresses.clear();
    nic.foreign_host.reset();
    nic.bound_host.reset();
    nic.held_addresses.clear();
    nic.status.clear();
    const nb::Tables& rows = draft_.rows();
    nic.port_name = path_.child(rows.virtual_machine.find(nic.virtual_machine)->name)
                        .child(fmt::format("{}", nic.number))
                        .text();
    if (!port_names_.insert(nic.port_name).second)
        return fail(ErrorKind::conflict, "port {} exists already; give the clone another name",
                    nic.port_name);
    const Uuid segment = segment_of(rows, nic);
    if (segment == segment_of(rows, original))
        if (auto readdressed = readdress(nic, segment); !readdressed)
            return readdressed;
    ledger_.add(entries_of(rows, nic)); // inside first: nobody's outside address then
    if (auto settled = settle_outside(rows, ledger_, nic); !settled)
        return settled;
    draft_.insert(nic);
    ledger_.add(entries_of(rows, nic));
    return {};
}

// On a segment where the source is, too.
Result<> Cloner::readdress(nb::Nic& nic, const Uuid& segment) {
    const std::string old_mac = std::exchange(nic.mac, ledger_.pick_mac(segment));
    if (auto moved = readdress_shared(nic, segment, old_mac); !moved)
        return moved;
    Texts addresses;
    for (const std::string& text : nic.addresses) {
        const auto old = IpAddr::from(text);
        const auto address = ledger_.pick_inside(segment, family_of(old.value_or(IpAddr())));
        if (!address)
            return tl::unexpected(address.error());
        if (!*address)
            return fail("NIC {}: needs another address than {} on {}, which has no range to take "
                        "it from; give it one (--range FIRST-LAST)",
                        nic.port_name, text, network_path_of(draft_.rows(), segment).text());
        addresses.insert(**address);
        ledger_.add({{segment, **address, "nic", nic.uuid, nic.port_name}}); // the next one is free
    }
    nic.addresses = std::move(addresses);
    if (nic.allocation == "manual")
        nic.allocation = "pool";
    return {};
}

// What its NICs shared, they share among themselves.
Result<> Cloner::readdress_shared(nb::Nic& nic, const Uuid& segment, const std::string& old_mac) {
    for (const auto& [text, mac] : std::exchange(nic.virtual_addresses, {})) {
        std::string& address = shared_[to_string(segment) + text];
        if (address.empty()) {
            const auto old = IpAddr::from(text);
            const auto free = ledger_.pick_inside(segment, family_of(old.value_or(IpAddr())));
            if (!free)
                return tl::unexpected(free.error());
            if (!*free)
                return fail("NIC {}: needs another virtual address than {} on {}, which has no "
                            "range to take it from; give it one (--range FIRST-LAST)",
                            nic.port_name, text, network_path_of(draft_.rows(), segment).text());
            address = **free;
            ledger_.add({{segment, address, "virtual", {}, "vApp " + path_.text(), true}});
            notes_.insert(
                fmt::format("vApp {}: its virtual address {} is {}", path_.text(), text, address));
        }
        std::string& its = mac == old_mac ? nic.mac : shared_[to_string(segment) + mac];
        if (its.empty())
            its = ledger_.pick_mac(segment);
        nic.virtual_addresses[address] = its;
    }
    return {};
}

// "shop", or "shop-1", "shop-2", ... where they are counted.
std::vector<Path> names_of(const NewClones& wanted) {
    if (!wanted.count)
        return {wanted.path};
    std::vector<Path> paths;
    for (int64_t i = 1; i <= *wanted.count; ++i)
        paths.push_back({wanted.path[0], fmt::format("{}-{}", wanted.path[1], i)});
    return paths;
}

Result<> check_request(const NewClones& wanted) {
    if (wanted.count && (*wanted.count < 1 || *wanted.count > most_clones))
        return fail("vApp {}: {} clones are out of range; give 1 to {}", wanted.source.text(),
                    *wanted.count, most_clones);
    if (wanted.path.depth() != 2)
        return fail("vApp '{}': give its whole name, ORG/VAPP", wanted.path.text());
    if (wanted.path[0] != wanted.source[0])
        return fail("vApp {}: clones stay in organization {}; name it there", wanted.path.text(),
                    wanted.source[0]);
    return {};
}

Result<std::vector<Uuid>> clone_all(Draft& draft, const NewClones& wanted, Clones& clones) {
    const nb::Tables& rows = draft.rows();
    const auto vapp = find_vapp(rows, wanted.source);
    if (!vapp)
        return tl::unexpected(vapp.error());
    if (auto sound = check_request(wanted); !sound)
        return tl::unexpected(sound.error());
    const auto& data_center = *rows.virtual_data_center.find((*vapp)->data_center);
    const auto& pool = *rows.network_pool.find(data_center.network_pool);
    using PoolColumn = nb::NetworkPool::Column;
    draft.rely_on(data_center, nb::VirtualDataCenter::Column::network_pool);
    draft.rely_on(pool, PoolColumn::first_vni | PoolColumn::last_vni);
    Source source = read_source(rows, **vapp);
    rely_on_source(draft, source);
    std::unordered_set<std::string> names;
    for (const nb::Vapp& other : rows.vapp)
        if (other.organization == source.vapp.organization)
            names.insert(other.name);
    Cloner cloner(draft, std::move(source), pool);
    std::vector<Uuid> made;
    for (const Path& path : names_of(wanted)) {
        if (names.contains(path[1]))
            return fail(ErrorKind::conflict, "vApp {} exists already; choose another name",
                        path.text());
        const auto clone = cloner.clone(path, wanted.deployed);
        if (!clone)
            return tl::unexpected(clone.error());
        made.push_back(*clone);
    }
    clones.notes = cloner.notes();
    return made;
}

} // namespace

Result<Made<Clones>> Cloud::clone(const NewClones& wanted) {
    Made<Clones> answer;
    std::vector<Uuid> made;
    nb::Tables afterwards;
    const auto receipt = impl_->commit(
        [&](Draft& draft) {
            return clone_all(draft, wanted, answer.object).map([&](std::vector<Uuid> uuids) {
                made = std::move(uuids);
            });
        },
        &afterwards);
    if (!receipt)
        return tl::unexpected(receipt.error());
    answer.receipt = *receipt;
    for (const Uuid& uuid : made)
        answer.object.vapps.push_back(describe(afterwards, *afterwards.vapp.find(uuid)));
    return answer;
}

} // namespace ringfence::client
