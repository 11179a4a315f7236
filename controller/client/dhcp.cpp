// What tenants say about the DHCP of their networks.
#include "controller/client/dhcp.h"

#include <algorithm>

#include "controller/client/store.h"
#include "controller/client/updates.h"
#include "controller/model/dhcp.h"
#include "controller/model/edges.h"
#include "controller/model/names.h"

namespace ringfence::client {

namespace {

constexpr const char* kind = "dhcp";

bool is_on(const nb::Tables& rows, const Uuid& network) {
    const auto* options = dhcp_options_of(rows, network);
    return !options || options->enabled;
}

// Inside a fence DHCP is answered from an address of its parent's, which is none of the VMs'.
std::optional<Uuid> parent_of_fence(const nb::Tables& rows, const Uuid& network) {
    const auto* of_vapp = rows.vapp_network.find(network);
    return of_vapp && model::is_fenced(*of_vapp) ? of_vapp->parent : std::nullopt;
}

bool is_on_inside_a_fence_of(const nb::Tables& rows, const Uuid& network) {
    return std::ranges::any_of(rows.vapp_network, [&](const nb::VappNetwork& fence) {
        return fence.parent == network && model::is_fenced(fence) && is_on(rows, fence.uuid);
    });
}

std::vector<IpAddr> routers_on(const nb::Tables& rows, const Uuid& network) {
    std::vector<IpAddr> routers;
    for (const nb::EdgeRouter& edge : rows.edge_router)
        if (edge.networks.contains(network) || edge.vapp_network == network)
            std::ranges::copy(model::router_addresses(edge, network), std::back_inserter(routers));
    return routers;
}

// The IPv4 subnets in which DHCP is answered, and by no router: the network's own, and those of its
// fences, which know its gateway for their router.
std::vector<IpPrefix> subnets_in_need(const nb::Tables& rows, const Uuid& network) {
    const auto* of_vapp = rows.vapp_network.find(network);
    if (of_vapp && (model::is_fenced(*of_vapp) || of_vapp->mode == "bridged"))
        return {}; // the parent's
    const auto addressing = model::addressing_of(rows, network);
    const auto routers = routers_on(rows, network);
    const auto has_one_of = [](const IpPrefix& subnet, const std::vector<IpAddr>& addresses) {
        return std::ranges::any_of(addresses,
                                   [&](const IpAddr& address) { return subnet.contains(address); });
    };
    std::vector<IpPrefix> subnets;
    for (const IpPrefix& subnet : addressing.subnets)
        if (subnet.address().is_v4() && !has_one_of(subnet, routers) &&
            (is_on(rows, network) ||
             (!has_one_of(subnet, addressing.gateways) && is_on_inside_a_fence_of(rows, network))))
            subnets.push_back(subnet);
    return subnets;
}

// The one of these that lies in the subnet.
std::optional<std::string> in_subnet(const Texts& addresses, const IpPrefix& subnet) {
    for (const std::string& text : addresses)
        if (const auto address = IpAddr::from(text); address && subnet.contains(*address))
            return text;
    return std::nullopt;
}

Entries entries_for(const nb::Tables& rows, const Uuid& network, const Texts& addresses) {
    Entries entries;
    const std::string owner = "DHCP of " + network_path_of(rows, network).text();
    for (const std::string& address : addresses)
        entries.push_back({network, address, kind, {}, owner});
    return entries;
}

// By hand: in a subnet that has none, and free.
Result<> move_server(Draft& draft, Ledger& ledger, const Uuid& network, const std::string& text) {
    const nb::Tables& rows = draft.rows();
    const std::string where = network_path_of(rows, network).text();
    const std::string wanted = canonical_address(text);
    const auto address = IpAddr::from(wanted);
    const auto subnets = subnets_in_need(rows, network);
    const auto subnet = std::ranges::find_if(
        subnets, [&](const IpPrefix& one) { return address && one.contains(*address); });
    if (subnet == subnets.end())
        return fail("DHCP of {}: {} is not in a subnet that needs an address to answer from: a "
                    "router answers from its own, and a fence from its parent's",
                    where, model::shown(text));
    const Texts before = dhcp_addresses(rows, network);
    if (before.contains(wanted))
        return {};
    if (ledger.is_taken(network, wanted))
        return fail(ErrorKind::conflict, "DHCP of {}: {} is taken; 'address show' says by whom",
                    where, wanted);
    Texts after = before;
    if (const auto old = in_subnet(before, *subnet))
        after.erase(*old);
    after.insert(wanted);
    ledger.change(entries_for(rows, network, before), entries_for(rows, network, after));
    return {};
}

// The network by its path, and what is said about it already.
Result<nb::DhcpOptions> find_or_make(const nb::Tables& rows, const Path& path) {
    const auto network = find_any_network(rows, path);
    if (!network)
        return tl::unexpected(network.error());
    if (const auto* there = dhcp_options_of(rows, *network))
        return *there;
    nb::DhcpOptions row;
    row.enabled = true;
    (rows.organization_network.find(*network) ? row.organization_network : row.vapp_network) =
        *network;
    return row;
}

Uuid network_of(const nb::DhcpOptions& row) {
    return row.vapp_network ? *row.vapp_network : row.organization_network.value_or(Uuid());
}

void apply(nb::DhcpOptions& row, const DhcpChange& change) {
    if (change.enabled)
        row.enabled = *change.enabled;
    for (const auto& [name, value] : change.options)
        if (value)
            row.options[name] = *value;
        else
            row.options.erase(name);
}

} // namespace

const nb::DhcpOptions* dhcp_options_of(const nb::Tables& rows, const Uuid& network) {
    for (const nb::DhcpOptions& row : rows.dhcp_options)
        if (row.organization_network == network || row.vapp_network == network)
            return &row;
    return nullptr;
}

Texts dhcp_addresses(const nb::Tables& rows, const Uuid& network) {
    Texts addresses;
    for (const nb::AddressAllocation& row : rows.address_allocation)
        if (row.network == network && row.kind == kind)
            addresses.insert(row.address);
    return addresses;
}

void settle_dhcp(Draft& draft, Ledger& ledger, const Uuid& network, const Texts& like) {
    const nb::Tables& rows = draft.rows();
    if (const auto parent = parent_of_fence(rows, network))
        settle_dhcp(draft, ledger, *parent);
    const Texts before = dhcp_addresses(rows, network);
    Texts kept = before;
    for (const IpAddr& gateway : model::addressing_of(rows, network).gateways)
        kept.erase(to_string(gateway));
    Texts after;
    for (const IpPrefix& subnet : subnets_in_need(rows, network)) {
        auto address = in_subnet(kept, subnet);
        if (const auto same = in_subnet(like, subnet);
            !address && same && !ledger.is_taken(network, *same))
            address = same;
        if (!address)
            address = ledger.pick_service(network, subnet);
        if (address)
            after.insert(*address);
    }
    ledger.change(entries_for(rows, network, before), entries_for(rows, network, after));
}

Dhcp describe_dhcp(const nb::Tables& rows, const Uuid& network) {
    Dhcp object;
    object.path = network_path_of(rows, network);
    object.addresses = dhcp_addresses(rows, network);
    if (const auto* row = dhcp_options_of(rows, network)) {
        object.enabled = row->enabled;
        object.options = row->options;
        object.status = row->status;
    }
    return object;
}

Result<std::vector<Dhcp>> Cloud::dhcps(const Path& scope) {
    const auto rows = impl_->read();
    if (!rows)
        return tl::unexpected(rows.error());
    if (const auto there = check_scope(**rows, scope); !there)
        return tl::unexpected(there.error());
    std::vector<Dhcp> objects;
    const auto add = [&](const Uuid& network) {
        if (auto object = describe_dhcp(**rows, network); lies_in(scope, object))
            objects.push_back(std::move(object));
    };
    for (const auto& network : (*rows)->organization_network)
        add(network.uuid);
    for (const auto& network : (*rows)->vapp_network)
        if (network.mode != "bridged")
            add(network.uuid);
    std::ranges::sort(objects, {}, [](const Dhcp& object) { return sort_key(object); });
    return objects;
}

Result<Dhcp> Cloud::dhcp(const Path& network) {
    const auto rows = impl_->read();
    if (!rows)
        return tl::unexpected(rows.error());
    return find_any_network(**rows, network).map([&](const Uuid& uuid) {
        return describe_dhcp(**rows, uuid);
    });
}

Result<Made<Dhcp>> Cloud::set_dhcp(const Path& network, const DhcpChange& change) {
    Made<Dhcp> made;
    Uuid uuid;
    nb::Tables afterwards;
    const auto receipt = impl_->commit(
        [&](Draft& draft) -> Result<> {
            auto row = find_or_make(draft.rows(), network);
            if (!row)
                return tl::unexpected(row.error());
            uuid = network_of(*row);
            rely_on_addressing(draft, uuid);
            if (const auto parent = parent_of_fence(draft.rows(), uuid))
                rely_on_addressing(draft, *parent);
            if (change.enabled)
                draft.rely_on_all(); // fences that answer from its address may come meanwhile
            apply(*row, change);
            if (row->uuid.is_nil())
                draft.insert(*row);
            else
                draft.update(*row,
                             nb::DhcpOptions::Column::enabled | nb::DhcpOptions::Column::options);
            Ledger ledger(draft);
            if (change.address)
                if (auto moved = move_server(draft, ledger, uuid, *change.address); !moved)
                    return moved;
            settle_dhcp(draft, ledger, uuid);
            return {};
        },
        &afterwards);
    if (!receipt)
        return tl::unexpected(receipt.error());
    return Made<Dhcp>{describe_dhcp(afterwards, uuid), *receipt};
}

} // namespace ringfence::client
