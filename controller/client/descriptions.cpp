// Northbound rows as the objects that callers know.
#include <algorithm>

#include "controller/client/rows.h"
#include "controller/model/edges.h"
#include "controller/model/limits.h"

namespace ringfence::client {

namespace {

template <class Row> std::string name_in(const ovsdb::Table<Row>& table, const Uuid& uuid) {
    const Row* row = table.find(uuid);
    return row ? row->name : "?"; // a strong reference cannot dangle
}

const nb::EdgeRouter* edge_where(const nb::Tables& rows, const auto& wanted) {
    const auto found = std::ranges::find_if(rows.edge_router, wanted);
    return found == rows.edge_router.end() ? nullptr : &*found;
}

Texts addresses_on(const nb::EdgeRouter& edge, const Uuid& network) {
    Texts texts;
    for (const IpAddr& address : model::router_addresses(edge, network))
        texts.insert(to_string(address));
    return texts;
}

Segment segment_of(const auto& network) {
    return {.mtu = network.mtu,
            .subnets = network.subnets,
            .gateways = network.gateways,
            .ranges = network.ranges,
            .unknown_unicast = network.unknown_unicast,
            .vlan_transparent = network.vlan_transparent,
            .inbound = network.inbound.value_or(""),
            .log_default = network.options.contains("log-default")};
}

std::string option_of(const std::map<std::string, std::string>& options, const char* name) {
    const auto option = options.find(name);
    return option == options.end() ? "" : option->second;
}

Texts groups_of(const nb::Tables& rows, const nb::Nic& nic) {
    Texts groups;
    for (const Uuid& uuid : nic.security_groups)
        if (const auto* group = rows.security_group.find(uuid))
            groups.insert(path_of(rows, *group).text());
    return groups;
}

std::string network_of(const nb::Tables& rows, const nb::Nic& nic) {
    const auto& network = nic.organization_network ? nic.organization_network : nic.vapp_network;
    return network ? network_path_of(rows, *network).text() : "";
}

} // namespace

Global describe(const nb::Tables&, const nb::Global& global) {
    return {global.change, global.compiled, global.admit_hosts == "auto"};
}

Host describe(const nb::Tables& rows, const nb::Host& host) {
    const bool automatic = std::ranges::any_of(
        rows.global, [](const nb::Global& global) { return global.admit_hosts == "auto"; });
    Host object{.name = host.name,
                .kind = host.kind,
                .admitted = host.admitted || automatic,
                .vtep_addresses = host.vtep_addresses,
                .required = host.required,
                .applied = host.applied,
                .reported = host.reported,
                .trouble = host.trouble,
                .status = host.status};
    // A ringfence host reports its own; see HostFacts of controller/model.
    if (const auto own = host.reported.find("vtep_addresses");
        own != host.reported.end() && object.vtep_addresses.empty())
        for (std::string_view rest = own->second; !rest.empty();) {
            const auto one = rest.substr(0, rest.find(','));
            object.vtep_addresses.emplace(one);
            rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        }
    return object;
}

Organization describe(const nb::Tables&, const nb::Organization& organization) {
    return {organization.name, organization.description, organization.enabled,
            option_of(organization.options, "log-server"), organization.status};
}

NetworkPool describe(const nb::Tables& rows, const nb::NetworkPool& pool) {
    const auto used = std::ranges::count_if(rows.vni_allocation, [&](const auto& allocation) {
        return allocation.network_pool == pool.uuid;
    });
    return {pool.name, pool.first_vni, pool.last_vni, used, pool.status};
}

DataCenter describe(const nb::Tables& rows, const nb::VirtualDataCenter& data_center) {
    Texts hosts;
    for (const Uuid& host : data_center.hosts)
        hosts.insert(name_in(rows.host, host));
    return {path_of(rows, data_center),
            data_center.all_hosts,
            hosts,
            name_in(rows.network_pool, data_center.network_pool),
            data_center.limits,
            data_center.status};
}

Network describe(const nb::Tables& rows, const nb::OrganizationNetwork& network) {
    const auto* edge = edge_where(
        rows, [&](const nb::EdgeRouter& router) { return router.networks.contains(network.uuid); });
    return {.path = path_of(rows, network),
            .data_center = name_in(rows.virtual_data_center, network.data_center),
            .mode = network.mode,
            .edge = edge ? path_of(rows, *edge).text() : "",
            .vni = network.vni,
            .segment = segment_of(network),
            .status = network.status};
}

Vapp describe(const nb::Tables& rows, const nb::Vapp& vapp) {
    return {path_of(rows, vapp), name_in(rows.virtual_data_center, vapp.data_center), vapp.deployed,
            vapp.status};
}

VappNetwork describe(const nb::Tables& rows, const nb::VappNetwork& network) {
    const auto* edge = edge_where(
        rows, [&](const nb::EdgeRouter& router) { return router.vapp_network == network.uuid; });
    return {.path = path_of(rows, network),
            .mode = network.mode,
            .parent = network.parent ? name_in(rows.organization_network, *network.parent) : "",
            .translation = edge ? edge->translation : "",
            .edge_addresses =
                edge && network.parent ? addresses_on(*edge, *network.parent) : Texts{},
            .vni = network.vni,
            .segment = segment_of(network),
            .status = network.status.empty() && edge ? edge->status : network.status};
}

Vm describe(const nb::Tables& rows, const nb::VirtualMachine& vm) {
    return {path_of(rows, vm), vm.status};
}

Nic describe(const nb::Tables& rows, const nb::Nic& nic) {
    return {.path = path_of(rows, nic),
            .port_name = nic.port_name,
            .network = network_of(rows, nic),
            .mac = nic.mac,
            .addresses = nic.addresses,
            .outside_addresses = nic.outside_addresses,
            .allocation = nic.allocation,
            .port_security = nic.port_security,
            .hostname = option_of(nic.options, "hostname"),
            .trusted_relay = nic.options.contains("trusted-relay"),
            .dhcp_server = nic.options.contains("dhcp-server"),
            .security_groups = groups_of(rows, nic),
            .virtual_addresses = nic.virtual_addresses,
            .held_addresses = nic.held_addresses,
            .limits = nic.limits,
            .effective_limits = model::limits_of(model::Rows(rows), nic),
            .foreign_host = nic.foreign_host ? name_in(rows.host, *nic.foreign_host) : "",
            .bound_host = nic.bound_host.value_or(""),
            .status = nic.status};
}

Edge describe(const nb::Tables& rows, const nb::EdgeRouter& edge) {
    Edge object{.path = path_of(rows, edge),
                .translation = edge.translation,
                .routes =
                    std::ranges::count(rows.static_route, edge.uuid, &nb::StaticRoute::edge_router),
                .status = edge.status};
    for (const auto& [network, list] : edge.addresses)
        if (const auto uuid = Uuid::from(network))
            object.addresses[network_path_of(rows, *uuid).text()] = list;
    return object;
}

Route describe(const nb::Tables& rows, const nb::StaticRoute& route) {
    const auto* edge = rows.edge_router.find(route.edge_router);
    return {edge ? path_of(rows, *edge) : Path{"?"}, route.prefix, route.next_hops, route.status};
}

SecurityGroup describe(const nb::Tables& rows, const nb::SecurityGroup& group) {
    const auto nics = std::ranges::count_if(
        rows.nic, [&](const nb::Nic& nic) { return nic.security_groups.contains(group.uuid); });
    const std::string in = option_of(group.options, "default-in");
    const std::string out = option_of(group.options, "default-out");
    return {.path = path_of(rows, group),
            .default_in = in.empty() ? "drop" : in,
            .default_out = out.empty() ? "allow" : out,
            .log_default = group.options.contains("log-default"),
            .rules = std::ranges::count_if(
                rows.firewall_rule,
                [&](const nb::FirewallRule& rule) { return rule.security_group == group.uuid; }),
            .nics = nics,
            .status = group.status};
}

Address describe(const nb::Tables& rows, const nb::AddressAllocation& allocation) {
    const auto* nic = allocation.nic ? rows.nic.find(*allocation.nic) : nullptr;
    return {network_path_of(rows, allocation.network), allocation.address, allocation.kind,
            nic ? nic->port_name : "", allocation.owner};
}

} // namespace ringfence::client
