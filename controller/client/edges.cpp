// Edge routers and their static routes. A vApp network's edge is made with its network; here it is
// only read.
#include "controller/model/edges.h"
#include <fmt/ranges.h>

#include "controller/client/dhcp.h"
#include "controller/client/ledger.h"
#include "controller/client/remover.h"
#include "controller/client/store.h"
#include "controller/client/updates.h"

namespace ringfence::client {

namespace {

// The router and one of the organization's networks.
struct Pair {
    nb::EdgeRouter edge;
    nb::OrganizationNetwork network;
};

Result<Pair> find_pair(const nb::Tables& rows, const Path& edge, std::string_view network) {
    const auto router = find_edge(rows, edge);
    if (!router)
        return tl::unexpected(router.error());
    if ((*router)->vapp_network)
        return fail("edge {}: belongs to a vApp network; only an organization's edge router has "
                    "networks attached",
                    edge.text());
    return find_network(rows, {edge[0], std::string(network)})
        .map([&](const nb::OrganizationNetwork* row) {
            return Pair{**router, *row};
        });
}

const nb::EdgeRouter* router_of(const nb::Tables& rows, const Uuid& network) {
    for (const nb::EdgeRouter& edge : rows.edge_router)
        if (edge.networks.contains(network))
            return &edge;
    return nullptr;
}

// What routes lead where, and what may overlap, depends on who is attached.
void keep_routes_sound(Draft& draft) {
    const nb::Tables& rows = draft.rows();
    keep_sound(draft, rows.vapp_network);
    keep_sound(draft, rows.edge_router);
    keep_sound(draft, rows.static_route);
    keep_sound(draft, rows.nic);
}

void update(Draft& draft, Ledger& ledger, const Pair& pair, const Entries& before) {
    using Column = nb::EdgeRouter::Column;
    draft.update(pair.network, nb::OrganizationNetwork::Column::mode);
    draft.update(pair.edge, Column::networks | Column::addresses);
    settle_dhcp(draft, ledger, pair.network.uuid); // a router answers itself
    ledger.change(before, entries_of(draft.rows(), pair.edge));
}

// "default" goes where the next hops are.
std::string prefix_of(const std::string& text, const Texts& next_hops) {
    if (text != "default") {
        const auto prefix = IpPrefix::from(text);
        return prefix ? to_string(*prefix) : text;
    }
    const auto hop =
        next_hops.empty() ? Result<IpAddr>(Ipv4Addr{}) : IpAddr::from(*next_hops.begin());
    return hop && !hop->is_v4() ? "::/0" : "0.0.0.0/0";
}

} // namespace

// --- Edge routers -------------------------------------------------------------------------------
Result<std::vector<Edge>> Cloud::edges(const Path& scope) {
    return impl_->list(&nb::Tables::edge_router, scope);
}

Result<Edge> Cloud::edge(const Path& path) {
    return impl_->show([&](const nb::Tables& rows) { return find_edge(rows, path); });
}

Result<Made<Edge>> Cloud::create(const NewEdge& wanted) {
    return impl_->change(&nb::Tables::edge_router, [&](Draft& draft) -> Result<Target> {
        if (wanted.path.depth() != 2)
            return fail("edge '{}': give its whole name, ORG/EDGE; a vApp network's edge router is "
                        "made with its network",
                        wanted.path.text());
        const auto there = find_edge(draft.rows(), wanted.path);
        if (there)
            return existing("edge", wanted.path.text(), **there, wanted.may_exist);
        const auto organization = parent_organization(draft.rows(), wanted.path, there.error());
        if (!organization)
            return tl::unexpected(organization.error());
        nb::EdgeRouter edge;
        edge.organization = (*organization)->uuid;
        edge.name = wanted.path[1];
        edge.translation = "none";
        return Target{draft.insert(edge)};
    });
}

Result<Made<Edge>> Cloud::attach(const Path& path, const NewAttachment& wanted) {
    return impl_->change(&nb::Tables::edge_router, [&](Draft& draft) -> Result<Target> {
        auto pair = find_pair(draft.rows(), path, wanted.network);
        if (!pair)
            return tl::unexpected(pair.error());
        auto& [edge, network] = *pair;
        const std::string name = path_of(draft.rows(), network).text();
        if (const auto* router = router_of(draft.rows(), network.uuid)) {
            if (router->uuid == edge.uuid && wanted.may_exist)
                return Target{edge.uuid, true};
            return fail(ErrorKind::conflict,
                        "network {}: is attached to edge {} already; detach "
                        "it there first",
                        name, path_of(draft.rows(), *router).text());
        }
        const Texts own =
            wanted.addresses.empty() ? network.gateways : canonical_addresses(wanted.addresses);
        if (own.empty())
            return fail("network {}: has no gateway that the edge router could be; give it one, or "
                        "the router an address there",
                        name);
        keep_routes_sound(draft);
        Ledger ledger(draft);
        const Entries before = entries_of(draft.rows(), edge);
        network.mode = "routed";
        edge.networks.insert(network.uuid);
        edge.addresses[to_string(network.uuid)] = fmt::format("{}", fmt::join(own, ","));
        update(draft, ledger, *pair, before);
        return Target{edge.uuid};
    });
}

Result<Made<Edge>> Cloud::detach(const Path& path, std::string_view name, bool if_exists) {
    return impl_->change(&nb::Tables::edge_router, [&](Draft& draft) -> Result<Target> {
        auto pair = find_pair(draft.rows(), path, name);
        if (!pair)
            return tl::unexpected(pair.error());
        auto& [edge, network] = *pair;
        if (!edge.networks.contains(network.uuid)) {
            if (if_exists)
                return Target{edge.uuid, true};
            return fail(ErrorKind::not_found, "network {}: is not attached to edge {}",
                        path_of(draft.rows(), network).text(), path.text());
        }
        keep_routes_sound(draft);
        Ledger ledger(draft);
        const Entries before = entries_of(draft.rows(), edge);
        network.mode = "isolated";
        edge.networks.erase(network.uuid);
        edge.addresses.erase(to_string(network.uuid));
        update(draft, ledger, *pair, before);
        return Target{edge.uuid};
    });
}

// --- Static routes ------------------------------------------------------------------------------
Result<std::vector<Route>> Cloud::routes(const Path& edge) {
    const auto rows = impl_->read();
    if (!rows)
        return tl::unexpected(rows.error());
    const auto router = find_edge(**rows, edge);
    if (!router)
        return tl::unexpected(router.error());
    std::vector<Route> routes;
    for (const nb::StaticRoute& route : (*rows)->static_route)
        if (route.edge_router == (*router)->uuid)
            routes.push_back(describe(**rows, route));
    std::ranges::sort(routes, {}, &Route::prefix);
    return routes;
}

Result<Made<Route>> Cloud::create(const NewRoute& wanted) {
    return impl_->change(&nb::Tables::static_route, [&](Draft& draft) -> Result<Target> {
        const auto edge = find_edge(draft.rows(), wanted.edge);
        if (!edge)
            return tl::unexpected(edge.error());
        nb::StaticRoute route;
        route.edge_router = (*edge)->uuid;
        route.prefix = prefix_of(wanted.prefix, wanted.next_hops);
        route.next_hops = canonical_addresses(wanted.next_hops);
        if (const auto there = find_route(draft.rows(), wanted.edge, route.prefix)) {
            if (wanted.may_exist && (*there)->next_hops == route.next_hops)
                return Target{(*there)->uuid, true};
            return fail(ErrorKind::conflict,
                        "edge {}: has a route to {} already, by {}; delete it first",
                        wanted.edge.text(), route.prefix, fmt::join((*there)->next_hops, ", "));
        }
        if ((*edge)->vapp_network) {
            using Column = nb::EdgeRouter::Column;
            draft.rely_on(**edge, Column::networks | Column::addresses);
            for (const auto& [network, outside] : model::standings(draft.rows(), **edge))
                rely_on_addressing(draft, network);
        } else {
            draft.rely_on_all(); // on what lies behind it untranslated, too: it routes there itself
        }
        return Target{draft.insert(route)};
    });
}

} // namespace ringfence::client
