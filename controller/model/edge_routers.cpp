// Edge routers and their static routes.
#include <algorithm>

#include "controller/model/check.h"
#include "controller/model/edges.h"
#include "controller/model/paths.h"
#include "controller/model/texts.h"

namespace ringfence::model {
namespace {

using northbound::EdgeRouter;

// An organization's edge has a plain name, a vApp network's is VAPP/NETWORK: the two never meet.
Result<> check_edge_name(const std::string& object, const EdgeRouter& edge) {
    if (!edge.vapp_network)
        return check_name(object, edge.name);
    const size_t slash = edge.name.find('/');
    if (slash == edge.name.npos)
        return fail("{}: is a vApp network's edge router, so its name is VAPP/NETWORK, not \"{}\"",
                    object, shown(edge.name));
    return first_of(check_name(object, edge.name.substr(0, slash)),
                    check_name(object, edge.name.substr(slash + 1)));
}

Result<> check_alone(const Model& model, const std::string& object, const EdgeRouter& edge,
                     const Uuid& network, const char* remedy) {
    const auto* holder = model.edge_of(network);
    if (!holder || holder->uuid == edge.uuid)
        return {};
    return fail(ErrorKind::conflict, "{}: {} has the edge router {}; {}", object,
                network_path(model.rows(), network), path(model.rows(), *holder), remedy);
}

Result<> check_of_vapp(const Model& model, const std::string& object, const EdgeRouter& edge) {
    const auto& rows = model.rows();
    const auto* network = rows.vapp_network.find(*edge.vapp_network);
    const auto* vapp = network ? rows.vapp.find(network->vapp) : nullptr;
    if (!vapp)
        return fail(ErrorKind::not_found, "{}: its vApp network does not exist", object);
    if (vapp->organization != edge.organization)
        return fail("{}: {} is another organization's", object, path(rows, *network));
    if (!has_edge(*network))
        return fail("{}: {} is {}, so it has no edge router; delete it, or choose mode nat-routed "
                    "or fenced",
                    object, path(rows, *network), network->mode);
    if (!edge.networks.empty())
        return fail("{}: is the edge router of {}, so no organization network is attached to it; "
                    "detach those",
                    object, path(rows, *network));
    const std::string wanted =
        is_fenced(*network) ? "one-to-one" : network->translation.value_or("none");
    if (edge.translation != wanted)
        return fail("{}: translation {} is not that of {}, which is {}; set it there", object,
                    edge.translation, path(rows, *network), wanted);
    return check_alone(model, object, edge, network->uuid, "delete one of the two");
}

// Its routes to the attached networks must not be each other's.
Result<> check_overlap(const Model& model, const std::string& object, const Uuid& network,
                       std::vector<std::pair<IpPrefix, Uuid>>& seen) {
    for (const IpPrefix& subnet : addressing_of(model, network).subnets) {
        for (const auto& [other, owner] : seen)
            if (subnet.overlaps(other))
                return fail(ErrorKind::conflict,
                            "{}: subnet {} of {} overlaps {} of {}; detach one of the two", object,
                            to_string(subnet), network_path(model.rows(), network),
                            to_string(other), network_path(model.rows(), owner));
        seen.emplace_back(subnet, network);
    }
    return {};
}

Result<> check_of_organization(const Model& model, const std::string& object,
                               const EdgeRouter& edge) {
    const auto& rows = model.rows();
    if (edge.translation != "none")
        return not_built(object, "translation " + edge.translation + " of an organization's edge",
                         "choose none");
    std::vector<std::pair<IpPrefix, Uuid>> seen;
    for (const Uuid& uuid : edge.networks) {
        const auto* network = rows.organization_network.find(uuid);
        if (!network)
            return fail(ErrorKind::not_found, "{}: one of its networks does not exist", object);
        if (network->organization != edge.organization)
            return fail("{}: {} is another organization's", object, path(rows, *network));
        if (network->mode != "routed")
            return fail("{}: {} is attached to it and is {}, not routed; attach it by 'edge "
                        "attach', or detach it",
                        object, path(rows, *network), network->mode);
        if (auto sound = first_of(check_alone(model, object, edge, uuid, "detach it there first"),
                                  check_overlap(model, object, uuid, seen));
            !sound)
            return sound;
    }
    return {};
}

// One address of its own on one network.
Result<> check_own_address(const Model& model, const std::string& object, const EdgeRouter& edge,
                           const Uuid& network, const std::string& text) {
    const auto& rows = model.rows();
    const std::string where = network_path(rows, network);
    const auto address = IpAddr::from(text);
    if (!address)
        return fail("{}: \"{}\" is not an IP address on {}; give one like 10.0.0.1", object,
                    shown(text), where);
    const Addressing addressing = addressing_of(model, network);
    if (!addressing.subnet_of(*address))
        return fail("{}: address {} lies outside the subnets of {}", object, to_string(*address),
                    where);
    if (const char* what = addressing.reserved_as(*address))
        return fail("{}: address {} is the {} address of its subnet on {}; give another", object,
                    to_string(*address), what, where);
    const auto holder = model.holder(network, to_string(*address));
    if (holder && *holder != edge.uuid)
        return fail(ErrorKind::conflict, "{}: address {} is taken on {} by {}; give another",
                    object, to_string(*address), where, holder_path(rows, *holder));
    const auto* entry = model.entry(network, to_string(*address));
    if (entry && entry->kind == "reserved")
        return fail(ErrorKind::conflict, "{}: address {} is reserved on {} for {}; give another",
                    object, to_string(*address), where, shown(entry->owner));
    return {};
}

// Elsewhere than inside it is a guest among others: the gateway is somebody else.
Result<> check_outside(const Model& model, const std::string& object, const EdgeRouter& edge,
                       const Uuid& network) {
    const Addressing addressing = addressing_of(model, network);
    for (const IpAddr& address : router_addresses(edge, network))
        if (std::ranges::find(addressing.gateways, address) != addressing.gateways.end())
            return fail(ErrorKind::conflict, "{}: address {} is the gateway of {}; give another",
                        object, to_string(address), network_path(model.rows(), network));
    return {};
}

Result<> check_mac(const Model& model, const std::string& object, const EdgeRouter& edge,
                   const Uuid& network) {
    const std::string mac = to_string(router_mac(edge, network));
    const auto holder = model.holder(network, mac);
    if (!holder || *holder == edge.uuid)
        return {};
    return fail(ErrorKind::conflict, "{}: its MAC {} is taken on {} by {}; give that one another",
                object, mac, network_path(model.rows(), network),
                holder_path(model.rows(), *holder));
}

Result<> check_interface(const Model& model, const std::string& object, const EdgeRouter& edge,
                         const Standing& standing) {
    const auto& rows = model.rows();
    const auto* inside = rows.vapp_network.find(standing.network);
    const auto entry = edge.addresses.find(to_string(standing.network));
    const auto texts =
        entry == edge.addresses.end() ? std::set<std::string>() : split(entry->second, ',');
    if (inside && is_fenced(*inside)) {
        if (!texts.empty())
            return fail("{}: has the address {} inside the fence {}; remove it: it answers there "
                        "for what lies outside",
                        object, shown(*texts.begin()), path(rows, *inside));
    } else if (texts.empty()) {
        return fail("{}: has no address on {}; give it one", object,
                    network_path(rows, standing.network));
    }
    for (const auto& text : texts)
        if (auto sound = check_own_address(model, object, edge, standing.network, text); !sound)
            return sound;
    return first_of(standing.outside ? check_outside(model, object, edge, standing.network)
                                     : Result<>(),
                    check_mac(model, object, edge, standing.network));
}

Result<> check_addresses(const Model& model, const std::string& object, const EdgeRouter& edge) {
    const auto all = standings(model.rows(), edge);
    for (const auto& entry : edge.addresses) {
        const std::string& key = entry.first;
        if (std::ranges::none_of(all, [&](const auto& s) { return to_string(s.network) == key; }))
            return fail("{}: has addresses on \"{}\", where it does not stand; remove them", object,
                        shown(key));
    }
    for (const Standing& standing : all)
        if (auto sound = check_interface(model, object, edge, standing); !sound)
            return sound;
    return {};
}

// --- Static routes ------------------------------------------------------------------------------
bool is_connected(const Model& model, const EdgeRouter& edge, const IpAddr& address) {
    return std::ranges::any_of(standings(model.rows(), edge), [&](const Standing& standing) {
        const Addressing addressing = addressing_of(model, standing.network);
        return addressing.subnet_of(address) && !addressing.reserved_as(address);
    });
}

bool is_own(const Model& model, const EdgeRouter& edge, const IpAddr& address) {
    return std::ranges::any_of(standings(model.rows(), edge), [&](const Standing& standing) {
        const auto own = router_addresses(edge, standing.network);
        return std::ranges::find(own, address) != own.end();
    });
}

Result<> check_next_hop(const Model& model, const std::string& object, const EdgeRouter& edge,
                        const IpPrefix& prefix, const std::string& text) {
    const auto hop = IpAddr::from(text);
    if (!hop)
        return fail("{}: next hop \"{}\" is not an IP address; give one like 10.0.0.1", object,
                    shown(text));
    if (hop->is_v4() != prefix.address().is_v4())
        return fail("{}: next hop {} is of another family than {}; give one of the same", object,
                    to_string(*hop), to_string(prefix));
    if (!is_connected(model, edge, *hop))
        return fail("{}: next hop {} is not connected: it lies in no subnet of a network that {} "
                    "stands on; give one that does",
                    object, to_string(*hop), path(model.rows(), edge));
    if (is_own(model, edge, *hop))
        return fail("{}: next hop {} is the router itself; give another router's", object,
                    to_string(*hop));
    return {};
}

// Does the organization's edge route to this untranslated vApp network with that prefix?
bool is_routed_to(const Model& model, const Uuid& network, const IpPrefix& prefix) {
    const auto subnets = addressing_of(model, network).subnets;
    return std::ranges::find(subnets, prefix) != subnets.end();
}

// The routes that it has by itself: to its own networks, to those behind them that aren't
// translated, and out of a vApp network by the gateway of its parent.
Result<> check_not_implied(const Model& model, const std::string& object, const EdgeRouter& edge,
                           const IpPrefix& prefix) {
    const auto& rows = model.rows();
    for (const Standing& standing : standings(rows, edge)) {
        const Addressing addressing = addressing_of(model, standing.network);
        const std::string where = network_path(rows, standing.network);
        if (std::ranges::find(addressing.subnets, prefix) != addressing.subnets.end())
            return fail(ErrorKind::conflict,
                        "{}: {} is connected: it is the subnet of {}; remove the route", object,
                        to_string(prefix), where);
        for (const Uuid& child : model.untranslated_of(standing.network))
            if (!edge.vapp_network && is_routed_to(model, child, prefix))
                return fail(ErrorKind::conflict,
                            "{}: {} is the subnet of {}, which it has a route to already; remove "
                            "the route",
                            object, to_string(prefix), network_path(rows, child));
        for (const IpAddr& gateway : addressing.gateways)
            if (standing.outside && prefix.length() == 0 &&
                gateway.is_v4() == prefix.address().is_v4())
                return fail(ErrorKind::conflict,
                            "{}: it has a default route already, by {}, the gateway of {}; remove "
                            "one of the two",
                            object, to_string(gateway), where);
    }
    return {};
}

} // namespace

Result<> check(const Model& model, const EdgeRouter& edge) {
    const auto& rows = model.rows();
    const std::string object = path(rows, edge);
    if (auto named = check_edge_name(object, edge); !named)
        return named;
    if (!rows.organization.find(edge.organization))
        return fail(ErrorKind::not_found, "{}: its organization does not exist", object);
    if (!edge.external_networks.empty())
        return not_built(object, "an edge router's external network", "remove external_networks");
    if (auto sound = first_of(edge.vapp_network ? check_of_vapp(model, object, edge)
                                                : check_of_organization(model, object, edge),
                              check_empty(object, "option", edge.options));
        !sound)
        return sound;
    return check_addresses(model, object, edge);
}

Result<> check(const Model& model, const northbound::StaticRoute& route) {
    const auto& rows = model.rows();
    const std::string object = path(rows, route);
    const auto* edge = rows.edge_router.find(route.edge_router);
    if (!edge)
        return fail(ErrorKind::not_found, "{}: its edge router does not exist", object);
    const auto prefix = IpPrefix::from(route.prefix);
    if (!prefix)
        return tl::unexpected(prefix.error().in(object));
    if (to_string(*prefix) != route.prefix)
        return fail("{}: write the prefix as {}", object, to_string(*prefix));
    if (prefix->length() != 0 && !is_unicast_address(prefix->address()))
        return fail("{}: is not a range of unicast addresses", object);
    if (route.next_hops.empty())
        return fail("{}: has no next hop; give one", object);
    if (route.next_hops.size() > 1)
        return not_built(object, "a choice of next hops", "give one");
    for (const auto& hop : route.next_hops)
        if (auto sound = check_next_hop(model, object, *edge, *prefix, hop); !sound)
            return sound;
    return check_not_implied(model, object, *edge, *prefix);
}

} // namespace ringfence::model
