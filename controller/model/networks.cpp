// Organization networks and vApp networks: modes, VNIs, MTUs and addressing.
#include "controller/model/check.h"
#include "controller/model/paths.h"
#include "controller/model/subnets.h"
#include "controller/model/texts.h"
#include "core/types/ids.h"

namespace ringfence::model {
namespace {

constexpr int64_t least_v6_mtu = 1280; // RFC 8200, 5

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
    if (*network.mtu < least || *network.mtu > 65535)
        return fail("{}: MTU {} is out of range; give {} to 65535{}", object, *network.mtu, least,
                    addressing->has_v6() ? " (IPv6 needs 1280)" : "");
    return {};
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
                limit.mtu + vxlan_overhead);
}

// A bridged vApp network is its parent's segment: everything of the segment is set there.
Result<> check_bridged(const Model& model, const std::string& object,
                       const northbound::VappNetwork& network, const northbound::Vapp& vapp) {
    const auto* parent =
        network.parent ? model.rows().organization_network.find(*network.parent) : nullptr;
    if (!parent)
        return fail(ErrorKind::not_found,
                    "{}: is bridged and has no parent; name an organization network", object);
    if (parent->organization != vapp.organization)
        return fail("{}: its parent {} is another organization's", object,
                    path(model.rows(), *parent));
    if (network.vni)
        return fail("{}: is bridged, so it has no VNI of its own; remove it", object);
    if (network.mtu || !network.subnets.empty() || !network.gateways.empty() ||
        !network.ranges.empty() || network.vlan_transparent)
        return fail("{}: is bridged, so MTU, addressing and VLAN transparency are those of {}; set "
                    "them there",
                    object, path(model.rows(), *parent));
    return {};
}

Result<> check_isolated(const Model& model, const std::string& object,
                        const northbound::VappNetwork& network, const northbound::Vapp& vapp) {
    if (network.parent)
        return fail("{}: is isolated, so it has no parent; remove it, or choose mode bridged",
                    object);
    if (!network.vni)
        return fail("{}: is isolated and has no VNI; take a free one of its data center's pool",
                    object);
    return first_of(check_vni(model, object, network.uuid, *network.vni, vapp.data_center),
                    check_addressing(object, network));
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
    if (network.mode != "isolated")
        return not_built(object, "mode " + network.mode, "choose isolated");
    if (network.external_network)
        return not_built(object, "an external network", "remove external_network");
    if (network.shared)
        return not_built(object, "sharing a provider's VLAN", "set shared to false");
    const auto* vdc = rows.virtual_data_center.find(network.data_center);
    if (vdc && vdc->organization != network.organization)
        return fail("{}: its data center {} is another organization's", object, path(rows, *vdc));
    return first_of(check_vni(model, object, network.uuid, network.vni, network.data_center),
                    check_addressing(object, network),
                    check_empty(object, "option", network.options));
}

Result<> check_shape(const Model& model, const northbound::VappNetwork& network) {
    const auto& rows = model.rows();
    const std::string object = path(rows, network);
    if (auto named = check_name(object, network.name); !named)
        return named;
    const auto* vapp = rows.vapp.find(network.vapp);
    if (!vapp)
        return fail(ErrorKind::not_found, "{}: its vApp does not exist", object);
    bool bridged = network.mode == "bridged";
    if (!bridged && network.mode != "isolated")
        return not_built(object, "mode " + network.mode, "choose isolated or bridged");
    if (network.translation)
        return not_built(object, "translation", "remove it");
    return first_of(bridged ? check_bridged(model, object, network, *vapp)
                            : check_isolated(model, object, network, *vapp),
                    check_empty(object, "option", network.options));
}

Result<> check_mtu(const Model& model, const northbound::OrganizationNetwork& network) {
    return check_mtu_of(model, network);
}

Result<> check_mtu(const Model& model, const northbound::VappNetwork& network) {
    return check_mtu_of(model, network);
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
