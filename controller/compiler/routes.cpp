#include "controller/compiler/routes.h"

#include <algorithm>

#include <fmt/format.h>

namespace ringfence::compiler {
namespace {

using southbound::Route;

Route make_route(const Edge& edge, const Link& by, const IpPrefix& prefix) {
    Route route;
    route.uuid = ovsdb::Uuid::named("route/" + to_string(edge.uuid) + "/" + to_string(prefix));
    route.domain = edge.domain();
    route.router = router_name(edge.uuid);
    route.prefix = to_string(prefix);
    route.interface = interface_uuid(edge.uuid, by.network);
    route.intent = edge.intent;
    return route;
}

bool has_routes(const Edge& edge, const Link& link) { return !edge.fence || link.outside; }

IpPrefix everything(bool v4) {
    return v4 ? *IpPrefix::from(Ipv4Addr{}, 0) : *IpPrefix::from(Ipv6Addr{}, 0);
}

const IpAddr* gateway_of(const Link& link, const IpPrefix& subnet) {
    auto found = std::ranges::find_if(link.addressing.gateways,
                                      [&](const IpAddr& g) { return subnet.contains(g); });
    return found == link.addressing.gateways.end() ? nullptr : &*found;
}

// One a family: of several own addresses the lowest whose subnet has a gateway.
std::optional<Route> default_route(const Edge& edge, const Link& outside, bool v4) {
    for (const auto& own : outside.addresses) {
        const auto* subnet = own.is_v4() == v4 ? outside.subnet_of(own) : nullptr;
        const auto* gateway = subnet ? gateway_of(outside, *subnet) : nullptr;
        if (!gateway)
            continue;
        Route route = make_route(edge, outside, everything(v4));
        route.next_hops = {to_string(*gateway)};
        return route;
    }
    return std::nullopt;
}

// The router's address on the link by which the subnet can be reached.
const IpAddr* own_of_family(const Link& link, const IpPrefix& subnet) {
    auto found = std::ranges::find_if(
        link.addresses, [&](const IpAddr& own) { return own.is_v4() == subnet.address().is_v4(); });
    return found == link.addresses.end() ? nullptr : &*found;
}

// The link that leads there, if any; not the inside of a fence: what is addressed lies outside.
const Link* link_towards(const Edge& edge, const IpAddr& next_hop) {
    auto found = std::ranges::find_if(edge.links, [&](const Link& link) {
        return has_routes(edge, link) && link.subnet_of(next_hop);
    });
    return found == edge.links.end() ? nullptr : &*found;
}

} // namespace

std::vector<Route> compile_routes(const Edge& edge) {
    std::vector<Route> routes;
    for (const auto& link : edge.links)
        if (has_routes(edge, link))
            for (const auto& subnet : link.addressing.subnets)
                routes.push_back(make_route(edge, link, subnet));
    if (const Link* outside = edge.outside())
        for (bool v4 : {true, false})
            if (auto route = default_route(edge, *outside, v4))
                routes.push_back(std::move(*route));
    return routes;
}

Result<Route> compile_static_route(const Edge& edge, const northbound::StaticRoute& route,
                                   const std::string& intent) {
    auto prefix = IpPrefix::from(route.prefix);
    auto next_hop = IpAddr::from(route.next_hops.empty() ? "" : *route.next_hops.begin());
    const Link* by = next_hop ? link_towards(edge, *next_hop) : nullptr;
    if (!by || !prefix)
        return fail("{}: the network of its next hop does not work; see its status", intent);
    Route row = make_route(edge, *by, *prefix);
    row.uuid = route.uuid;
    row.next_hops = {to_string(*next_hop)};
    row.intent = intent;
    return row;
}

std::vector<Route> compile_routes_to(const Edge& vapp_edge, const Edge& organization) {
    std::vector<Route> routes;
    const Link* outside = vapp_edge.outside();
    const Link* by = outside ? organization.link_to(outside->network) : nullptr;
    if (!by)
        return routes;
    for (const auto& subnet : vapp_edge.inside().addressing.subnets) {
        const IpAddr* next_hop = own_of_family(*outside, subnet);
        if (!next_hop)
            continue;
        Route route = make_route(organization, *by, subnet);
        route.next_hops = {to_string(*next_hop)};
        route.intent = vapp_edge.intent;
        routes.push_back(std::move(route));
    }
    return routes;
}

std::optional<Note> unreached_note(const Edge& vapp_edge) {
    const Link* outside = vapp_edge.outside();
    for (const auto& subnet : vapp_edge.inside().addressing.subnets)
        if (outside && !own_of_family(*outside, subnet))
            return Note{fmt::format("{}: no route leads to {}, because its edge router has no "
                                    "address of this family on {}; give that a subnet and a range "
                                    "of it",
                                    vapp_edge.intent, to_string(subnet), outside->intent)};
    return std::nullopt;
}

} // namespace ringfence::compiler
