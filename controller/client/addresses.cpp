// The ledger of addresses, as people ask for it: who has what, how much is free, reservations.
#include <unordered_set>

#include "controller/client/ledger.h"
#include "controller/client/store.h"
#include "controller/client/updates.h"
#include "controller/model/edges.h"
#include "controller/model/names.h"

namespace ringfence::client {

namespace {

constexpr const char* reserved = "reserved";

bool is_mac(const std::string& address) { return MacAddr::from(address).has_value(); }

// By address, not by its text; MACs first.
std::tuple<std::string, bool, IpAddr, std::string> order(const Address& address) {
    const auto parsed = IpAddr::from(address.address);
    return {address.network.text(), parsed.has_value(), parsed.value_or(IpAddr()), address.address};
}

// Whether the network is wanted, or lies in what is wanted.
bool lies_in(const Path& scope, const Path& network) {
    return network.depth() >= scope.depth() &&
           std::equal(scope.names().begin(), scope.names().end(), network.names().begin());
}

Result<> check_asked_for(const nb::Tables& rows, const Path& path) {
    if (path.depth() == 0)
        return {};
    if (path.depth() == 1)
        return find_organization(rows, path[0]).map([](auto*) {});
    return find_any_network(rows, path).map([](const Uuid&) {});
}

int64_t add_up(int64_t one, int64_t other) {
    return other > INT64_MAX - one ? INT64_MAX : one + other;
}

// A subnet's own address or its broadcast address.
bool is_of_subnet(const nb::Tables& rows, const nb::AddressAllocation& row) {
    const auto address = IpAddr::from(row.address);
    return address && model::addressing_of(rows, row.network).reserved_as(*address);
}

// What can't be given to a NIC of the network; inside a fence that is what its parent has, too.
std::unordered_set<IpAddr> taken_on(const nb::Tables& rows, const Uuid& network) {
    const auto* inside = rows.vapp_network.find(network);
    const auto parent = inside && model::is_fenced(*inside) ? inside->parent : std::nullopt;
    std::unordered_set<IpAddr> taken;
    for (const nb::AddressAllocation& row : rows.address_allocation)
        if (row.network == network || row.network == parent)
            if (const auto address = IpAddr::from(row.address))
                taken.insert(*address);
    return taken;
}

AddressCounts count(const nb::Tables& rows, const Path& path, const Uuid& network) {
    AddressCounts counts;
    counts.network = path;
    for (const nb::AddressAllocation& row : rows.address_allocation)
        if (row.network == network) {
            ++(is_mac(row.address) ? counts.macs : counts.used);
            if (!is_mac(row.address))
                ++counts.kinds[row.kind];
        }
    const auto taken = taken_on(rows, network);
    for (const model::AddressRange& range : model::addressing_of(rows, network).ranges) {
        counts.ranges.insert(to_string(range.first) + "-" + to_string(range.last));
        const auto in_range = std::ranges::count_if(
            taken, [&](const IpAddr& address) { return range.contains(address); });
        counts.size = add_up(counts.size, range.size());
        counts.free = add_up(counts.free, range.size() - in_range);
    }
    return counts;
}

Result<> check_reservable(const nb::Tables& rows, const Uuid& network, const std::string& where,
                          const std::string& text) {
    const auto address = IpAddr::from(text);
    if (!address)
        return fail("address \"{}\" on {}: is not an IP address; give one like 10.0.0.5",
                    model::shown(text), where);
    const auto addressing = model::addressing_of(rows, network);
    if (addressing.subnets.empty() || addressing.subnet_of(*address))
        return {};
    std::string subnets;
    for (const IpPrefix& subnet : addressing.subnets)
        subnets.append(subnets.empty() ? "" : ", ").append(to_string(subnet));
    return fail("address {} on {}: lies outside its subnets; give one of {}", text, where, subnets);
}

} // namespace

Result<std::vector<Address>> Cloud::addresses(const Path& wanted) {
    const auto rows = impl_->read();
    if (!rows)
        return tl::unexpected(rows.error());
    if (auto there = check_asked_for(**rows, wanted); !there)
        return tl::unexpected(there.error());
    std::unordered_map<Uuid, bool> asked_for;
    std::vector<Address> addresses;
    for (const nb::AddressAllocation& row : (*rows)->address_allocation) {
        const auto [network, first] = asked_for.try_emplace(row.network);
        if (first) {
            const Path path = network_path_of(**rows, row.network);
            network->second = wanted.depth() < 2 ? lies_in(wanted, path) : wanted == path;
        }
        if (network->second)
            addresses.push_back(describe(**rows, row));
    }
    std::ranges::sort(addresses, {}, order);
    return addresses;
}

Result<Address> Cloud::address(const Path& network, std::string_view address) {
    return impl_->show(
        [&](const nb::Tables& rows) { return find_address(rows, network, address); });
}

Result<AddressCounts> Cloud::address_counts(const Path& path) {
    const auto rows = impl_->read();
    if (!rows)
        return tl::unexpected(rows.error());
    const auto network = find_any_network(**rows, path);
    if (!network)
        return tl::unexpected(network.error());
    return count(**rows, path, *network);
}

Result<Made<Address>> Cloud::reserve(const NewReservation& wanted) {
    return impl_->change(&nb::Tables::address_allocation, [&](Draft& draft) -> Result<Target> {
        const auto network = find_any_network(draft.rows(), wanted.network);
        if (!network)
            return tl::unexpected(network.error());
        const std::string address = canonical_address(wanted.address);
        const std::string where = wanted.network.text();
        if (auto sound = check_reservable(draft.rows(), *network, where, address); !sound)
            return tl::unexpected(sound.error());
        rely_on_addressing(draft, *network);
        if (const auto there = find_address(draft.rows(), wanted.network, address)) {
            if (wanted.may_exist && (*there)->kind == reserved)
                return Target{(*there)->uuid, true};
            return fail(ErrorKind::conflict, "address {} on {}: is taken by {} ({})", address,
                        where, (*there)->owner, (*there)->kind);
        }
        const Ledger ledger(draft);
        if (ledger.is_taken(*network, address))
            return fail(ErrorKind::conflict, "address {} on {}: is taken", address, where);
        nb::AddressAllocation row;
        row.network = *network;
        row.address = address;
        row.kind = reserved;
        row.owner = wanted.owner;
        return Target{draft.insert(row)};
    });
}

Result<Deleted> Cloud::release(const Path& network, std::string_view address, Deletion how) {
    Deleted deleted;
    const auto receipt = impl_->commit([&](Draft& draft) -> Result<> {
        deleted.objects.clear();
        const auto row = find_address(draft.rows(), network, address);
        if (!row && row.error().kind == ErrorKind::not_found && how.if_exists)
            return {};
        if (!row)
            return tl::unexpected(row.error());
        const nb::AddressAllocation copy = **row;
        if (copy.kind != reserved || is_of_subnet(draft.rows(), copy))
            return fail(ErrorKind::conflict,
                        "address {} on {}: belongs to {} ({}), and goes with it; only reservations "
                        "are released by hand",
                        copy.address, network.text(), copy.owner, copy.kind);
        Ledger(draft).remove({{copy.network, copy.address, copy.kind, copy.nic, copy.owner}});
        deleted.objects.push_back(fmt::format("address {} on {}", copy.address, network.text()));
        return {};
    });
    if (!receipt)
        return tl::unexpected(receipt.error());
    deleted.receipt = *receipt;
    return deleted;
}

} // namespace ringfence::client
