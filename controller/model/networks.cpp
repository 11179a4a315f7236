// Organization networks and vApp networks: modes, VNIs, MTUs and addressing.
#include <algorithm>

#include "controller/model/check.h"
#include "controller/model/edges.h"
#include "controller/model/paths.h"
#include "controller/model/subnets.h"
#include "controller/model/texts.h"
#include "core/types/ids.h"

namespace ringfence::model {
namespace {

constexpr int64_t largest_mtu = 65535; // the schema's

Result<> check_vni(const Model& model, const std::string& object, const Uuid& network, int64_t vni,
                   const Uuid& data_center) {
    const auto& rows = model.rows();
    if (!Vni::from(vni))
        return fail("{}: VNI {} is out of range; give 1 to {}", object, vni, Vni::max);
    const auto* vdc = rows.virtual_data_center.find(data_center);
    const auto* pool = vdc ? rows.network_pool.find(vdc->network_pool) : nullptr;
    if (!pool)
        return fail(ErrorKind::not_found, "{}: its data center or network pool does not exist",
                    object);
    if (vni < pool->first_vni || vni > pool->last_vni)
        return fail("{}: VNI {} is not of {}, which has {} to {}; take one of those, or widen the "
                    "pool",
                    object, vni, path(rows, *pool), pool->first_vni, pool->last_vni);
    auto holder = model.vni_holder(vni);
    if (holder && *holder != network)
        return fail(ErrorKind::conflict, "{}: VNI {} is taken by {}; take another of {} to {}",
                    object, vni, network_path(rows, *holder), pool->first_vni, pool->last_vni);
    return {};
}

template <class Network>
Result<> check_addressing(const std::string& object, const Network& network) {
    auto addressing = Addressing::from(network.subnets, network.gateways, network.ranges);
    if (!addressing)
        return tl::unexpected(addressing.error().in(object));
    if (!network.mtu)
        return {};
    int64_t least = addressing->has_v6() ? least_v6_mtu : least_mtu;
    if (*network.mtu < least || *network.mtu > largest_mtu)
        return fail("{}: MTU {} is out of range; give {} to {}{}", object, *network.mtu, least,
                    largest_mtu, addressing->has_v6() ? " (IPv6 needs 1280)" : "");
    return {};
}

Result<> check_options(const std::string& object,
                       const std::map<std::string, std::string>& options) {
    return first_of(check_known(object, "option", options, {"log-default"}),
                    check_yes(object, "log-default", options));
}

template <class Network> Result<> check_mtu_of(const Model& model, const Network& network) {
    const auto& limit = model.underlay();
    int64_t most = limit.mtu_of(network.vlan_transparent);
    if (!network.mtu || limit.host.empty() || *network.mtu <= most)
        return {};
    return fail("{}: MTU {} exceeds {}, the most that VXLAN{} of host {}'s underlay MTU {}; "
                "lower it, or raise the underlay's",
                path(model.rows(), network), *network.mtu, most,
                network.vlan_transparent ? " and two VLAN tags leave" : " leaves", limit.host,
                limit.underlay_mtu);
}

template <class Network> int64_t segment_mtu_of(const Model& model, const Network& network) {
    const auto& limit = model.underlay();
    const int64_t most = std::min(limit.mtu_of(network.vlan_transparent), largest_mtu);
    if (!network.mtu)
        return most;
    return limit.host.empty() ? *network.mtu : std::min(*network.mtu, most);
}

// The organization network that a vApp network meets.
Result<const northbound::OrganizationNetwork*> find_parent(const Model& model,
                                                           const std::string& object,
                                                           const northbound::VappNetwork& network,
                                                           const northbound::Vapp& vapp) {
    const auto* parent =
        network.parent ? model.rows().organization_network.find(*network.parent) : nullptr;
    if (!parent)
        return fail(ErrorKind::not_found,
                    "{}: is {} and has no parent; name an organization network", object,
                    network.mode);
    if (parent->organization != vapp.organization)
        return fail("{}: its parent {} is another organization's", object,
                    path(model.rows(), *parent));
    return parent;
}

// A bridged vApp network is its parent's segment: everything of the segment is set there.
Result<> check_bridged(const Model& model, const std::string& object,
                       const northbound::VappNetwork& network,
                       const northbound::OrganizationNetwork& parent) {
    if (network.vni)
        return fail("{}: is bridged, so it has no VNI of its own; remove it", object);
    if (network.mtu || !network.subnets.empty() || !network.gateways.empty() ||
        !network.ranges.empty() || network.vlan_transparent || network.inbound ||
        !network.options.empty())
        return fail("{}: is bridged, so MTU, addressing, inbound default, VLAN transparency and "
                    "options are those of {}; set them there",
                    object, path(model.rows(), parent));
    return {};
}

Result<> check_isolated(const std::string& object, const northbound::VappNetwork& network) {
    if (network.parent)
        return fail("{}: is isolated, so it has no parent; remove it, or choose another mode",
                    object);
    if (network.inbound)
        return fail("{}: is isolated, so nothing comes in from outside; remove inbound, or choose "
                    "mode nat-routed or fenced",
                    object);
    return check_addressing(object, network);
}

// Both sides of a fence have the parent's subnets.
Result<> check_fenced(const Model& model, const std::string& object,
                      const northbound::VappNetwork& network,
                      const northbound::OrganizationNetwork& parent) {
    if (network.translation && network.translation != "one-to-one")
        return fail("{}: is fenced, so it translates one-to-one, not {}; remove the translation",
                    object, *network.translation);
    if (!network.subnets.empty() || !network.gateways.empty() || !network.ranges.empty())
        return fail("{}: is fenced, so its addressing is that of {}; set it there, or choose mode "
                    "nat-routed",
                    object, path(model.rows(), parent));
    if (parent.subnets.empty())
        return fail("{}: is fenced, and its parent {} has no subnet; give it one", object,
                    path(model.rows(), parent));
    return check_addressing(object, network);
}

// A subnet that this one must not overlap, because packets to both meet at one router.
struct Route {
    IpPrefix prefix;
    Uuid network;
};

Result<> check_apart(const Model& model, const std::string& object, const Addressing& own,
                     const std::vector<Route>& others, const std::string& router,
                     const char* remedy) {
    for (const IpPrefix& subnet : own.subnets)
        for (const Route& other : others)
            if (subnet.overlaps(other.prefix))
                return fail(ErrorKind::conflict,
                            "{}: subnet {} overlaps {} of {}, and {} reaches both; {}", object,
                            to_string(subnet), to_string(other.prefix),
                            network_path(model.rows(), other.network), router, remedy);
    return {};
}

void add_routes(const Model& model, const Uuid& network, std::vector<Route>& routes) {
    for (const IpPrefix& subnet : addressing_of(model, network).subnets)
        routes.push_back({subnet, network});
}

// All that the organization's edge has routes to, but for this network itself: the networks that
// are attached to it, and those without translation behind them. Of two that overlap, the one with
// the lower UUID keeps its route.
std::vector<Route> reached_by(const Model& model, const northbound::EdgeRouter& edge,
                              const northbound::VappNetwork& but) {
    auto rank = [&](const northbound::VappNetwork& network) {
        return std::pair(model.is_newcomer(network), network.uuid);
    };
    std::vector<Route> routes;
    for (const Uuid& attached : edge.networks) {
        add_routes(model, attached, routes);
        for (const Uuid& child : model.untranslated_of(attached))
            if (rank(*model.rows().vapp_network.find(child)) < rank(but))
                add_routes(model, child, routes);
    }
    return routes;
}

// Without translation the organization's edge routes to it.
Result<> check_untranslated(const Model& model, const std::string& object,
                            const northbound::VappNetwork& network, const Addressing& addressing,
                            const northbound::OrganizationNetwork& parent) {
    const auto* edge = model.edge_of(parent.uuid);
    if (!edge)
        return fail(ErrorKind::not_found,
                    "{}: is not translated, so an edge router of the organization must route to "
                    "it, and {} is attached to none; attach it, or choose translation one-to-one",
                    object, path(model.rows(), parent));
    return check_apart(model, object, addressing, reached_by(model, *edge, network),
                       path(model.rows(), *edge),
                       "give it another subnet, or choose translation one-to-one");
}

Result<> check_nat_routed(const Model& model, const std::string& object,
                          const northbound::VappNetwork& network,
                          const northbound::OrganizationNetwork& parent) {
    if (network.translation == "ports")
        return not_built(object, "translation ports", "choose none or one-to-one");
    if (!network.translation)
        return fail("{}: is nat-routed and has no translation; choose none or one-to-one", object);
    if (auto sound = check_addressing(object, network); !sound)
        return sound;
    const auto own = Addressing::from(network.subnets, network.gateways, network.ranges);
    if (own->subnets.empty() || own->gateways.size() != own->subnets.size())
        return fail("{}: is nat-routed, so it needs a subnet, and in each subnet a gateway, which "
                    "is its edge router",
                    object);
    if (parent.subnets.empty())
        return fail("{}: is nat-routed, and its parent {} has no subnet; give it one", object,
                    path(model.rows(), parent));
    std::vector<Route> outside;
    add_routes(model, parent.uuid, outside);
    if (auto apart = check_apart(model, object, *own, outside, "its edge router",
                                 "give it another subnet, or choose mode fenced");
        !apart)
        return apart;
    return translates(network) ? Result<>()
                               : check_untranslated(model, object, network, *own, parent);
}

Result<> check_translation(const std::string& object, const northbound::VappNetwork& network) {
    if (!network.translation || has_edge(network))
        return {};
    return fail("{}: is {}, so there is nothing to translate; remove the translation", object,
                network.mode);
}

// By mode.
Result<> check_meeting(const Model& model, const std::string& object,
                       const northbound::VappNetwork& network, const northbound::Vapp& vapp) {
    if (auto sound = check_translation(object, network); !sound)
        return sound;
    if (network.mode != "bridged") {
        if (!network.vni)
            return fail("{}: is {} and has no VNI; take a free one of its data center's pool",
                        object, network.mode);
        if (auto sound = check_vni(model, object, network.uuid, *network.vni, vapp.data_center);
            !sound)
            return sound;
    }
    if (network.mode == "isolated")
        return check_isolated(object, network);
    const auto parent = find_parent(model, object, network, vapp);
    if (!parent)
        return tl::unexpected(parent.error());
    if (network.mode == "bridged")
        return check_bridged(model, object, network, **parent);
    if (auto sound = is_fenced(network) ? check_fenced(model, object, network, **parent)
                                        : check_nat_routed(model, object, network, **parent);
        !sound)
        return sound;
    if (!model.edge_of(network.uuid))
        return fail(ErrorKind::not_found, "{}: is {} and has no edge router; make the row with it",
                    object, network.mode);
    return {};
}

} // namespace

Result<> check(const Model& model, const northbound::OrganizationNetwork& network) {
    return first_of(check_shape(model, network), check_mtu(model, network));
}

Result<> check(const Model& model, const northbound::VappNetwork& network) {
    return first_of(check_shape(model, network), check_mtu(model, network));
}

Result<> check_shape(const Model& model, const northbound::OrganizationNetwork& network) {
    const auto& rows = model.rows();
    const std::string object = path(rows, network);
    if (auto named = check_name(object, network.name); !named)
        return named;
    if (!rows.organization.find(network.organization))
        return fail(ErrorKind::not_found, "{}: its organization does not exist", object);
    if (network.mode == "bridged")
        return not_built(object, "mode bridged", "choose isolated");
    if (network.mode == "routed" && !model.edge_of(network.uuid))
        return fail(ErrorKind::not_found,
                    "{}: is routed and attached to no edge router; attach it to one", object);
    if (network.external_network)
        return not_built(object, "an external network", "remove external_network");
    if (network.shared)
        return not_built(object, "sharing a provider's VLAN", "set shared to false");
    const auto* vdc = rows.virtual_data_center.find(network.data_center);
    if (vdc && vdc->organization != network.organization)
        return fail("{}: its data center {} is another organization's", object, path(rows, *vdc));
    return first_of(check_vni(model, object, network.uuid, network.vni, network.data_center),
                    check_addressing(object, network), check_options(object, network.options));
}

Result<> check_shape(const Model& model, const northbound::VappNetwork& network) {
    const auto& rows = model.rows();
    const std::string object = path(rows, network);
    if (auto named = check_name(object, network.name); !named)
        return named;
    const auto* vapp = rows.vapp.find(network.vapp);
    if (!vapp)
        return fail(ErrorKind::not_found, "{}: its vApp does not exist", object);
    return first_of(check_meeting(model, object, network, *vapp),
                    check_options(object, network.options));
}

Result<> check_mtu(const Model& model, const northbound::OrganizationNetwork& network) {
    return check_mtu_of(model, network);
}

Result<> check_mtu(const Model& model, const northbound::VappNetwork& network) {
    return check_mtu_of(model, network);
}

int64_t segment_mtu(const Model& model, const Uuid& uuid) {
    const auto& rows = model.rows();
    if (const auto* network = rows.organization_network.find(uuid))
        return segment_mtu_of(model, *network);
    const auto* network = rows.vapp_network.find(uuid);
    return network ? segment_mtu_of(model, *network) : largest_mtu;
}

Result<> check(const Model& model, const northbound::VniAllocation& entry) {
    const auto* pool = model.rows().network_pool.find(entry.network_pool);
    if (!pool)
        return fail(ErrorKind::not_found, "VNI {}: its network pool does not exist", entry.vni);
    if (entry.vni < pool->first_vni || entry.vni > pool->last_vni)
        return fail("VNI {}: is not of {}, which has {} to {}", entry.vni,
                    path(model.rows(), *pool), pool->first_vni, pool->last_vni);
    return {};
}

} // namespace ringfence::model
