// Organization networks and vApp networks. A network that is a segment of its own has its VNI's
// ledger row made with it.
#include "controller/client/store.h"
#include "controller/client/updates.h"

namespace ringfence::client {

namespace {

void set_segment(auto& network, const Segment& segment) {
    network.mtu = segment.mtu;
    network.subnets = segment.subnets;
    network.gateways = segment.gateways;
    network.ranges = segment.ranges;
    network.unknown_unicast = segment.unknown_unicast;
    network.vlan_transparent = segment.vlan_transparent;
}

void change_segment(auto& network, const SegmentChange& change) {
    assign(network.mtu, change.mtu);
    assign(network.subnets, change.subnets);
    assign(network.gateways, change.gateways);
    assign(network.ranges, change.ranges);
    assign(network.unknown_unicast, change.unknown_unicast);
    assign(network.vlan_transparent, change.vlan_transparent);
}

template <class Row> constexpr auto segment_columns() {
    using Column = typename Row::Column;
    return Column::name | Column::mtu | Column::subnets | Column::gateways | Column::ranges |
           Column::unknown_unicast | Column::vlan_transparent;
}

// The pool that the networks of a data center draw from; the draft rests on both as they are.
const nb::NetworkPool& pool_of(Draft& draft, const nb::VirtualDataCenter& data_center) {
    const nb::NetworkPool* pool = draft.rows().network_pool.find(data_center.network_pool);
    draft.rely_on(data_center, nb::VirtualDataCenter::Column::network_pool);
    draft.rely_on(*pool, nb::NetworkPool::Column::first_vni | nb::NetworkPool::Column::last_vni);
    return *pool;
}

Result<int64_t> choose_vni(Draft& draft, const nb::NetworkPool& pool,
                           std::optional<int64_t> given) {
    return given ? Result<int64_t>(*given) : model::free_vni(model::Model(draft.rows()), pool);
}

void insert_allocation(Draft& draft, int64_t vni, const nb::NetworkPool& pool,
                       const Uuid& network) {
    nb::VniAllocation allocation;
    allocation.vni = vni;
    allocation.network_pool = pool.uuid;
    allocation.network = network;
    draft.insert(allocation);
}

} // namespace

// --- Organization networks ----------------------------------------------------------------------
Result<std::vector<Network>> Cloud::networks(const Path& scope) {
    return impl_->list(&nb::Tables::organization_network, scope);
}

Result<Network> Cloud::network(const Path& path) {
    return impl_->show([&](const nb::Tables& rows) { return find_network(rows, path); });
}

Result<Made<Network>> Cloud::create(const NewNetwork& wanted) {
    return impl_->change(&nb::Tables::organization_network, [&](Draft& draft) -> Result<Target> {
        const auto there = find_network(draft.rows(), wanted.path);
        if (there)
            return existing("network", wanted.path.text(), **there, wanted.may_exist);
        const auto organization = parent_organization(draft.rows(), wanted.path, there.error());
        if (!organization)
            return tl::unexpected(organization.error());
        const auto data_center =
            find_data_center(draft.rows(), {wanted.path[0], wanted.data_center});
        if (!data_center)
            return tl::unexpected(data_center.error());
        const nb::NetworkPool& pool = pool_of(draft, **data_center);
        const auto vni = choose_vni(draft, pool, wanted.vni);
        if (!vni)
            return tl::unexpected(vni.error());
        nb::OrganizationNetwork network;
        network.organization = (*organization)->uuid;
        network.data_center = (*data_center)->uuid;
        network.name = wanted.path[1];
        network.mode = wanted.mode;
        network.vni = *vni;
        set_segment(network, wanted.segment);
        const Uuid uuid = draft.insert(network);
        insert_allocation(draft, *vni, pool, uuid);
        return Target{uuid};
    });
}

Result<Made<Network>> Cloud::set(const Path& path, const NetworkChange& change) {
    return impl_->change(&nb::Tables::organization_network, [&](Draft& draft) -> Result<Target> {
        const auto there = find_network(draft.rows(), path);
        if (!there)
            return tl::unexpected(there.error());
        nb::OrganizationNetwork network = **there;
        if (change.name && *change.name != network.name) {
            const Path renamed{path[0], *change.name};
            if (const auto other = find_network(draft.rows(), renamed))
                return existing("network", renamed.text(), **other, false);
            network.name = *change.name;
        }
        change_segment(network, change.segment);
        keep_sound(draft, draft.rows().nic);
        draft.update(network, segment_columns<nb::OrganizationNetwork>());
        return Target{network.uuid};
    });
}

// --- vApp networks ------------------------------------------------------------------------------
Result<std::vector<VappNetwork>> Cloud::vapp_networks(const Path& scope) {
    return impl_->list(&nb::Tables::vapp_network, scope);
}

Result<VappNetwork> Cloud::vapp_network(const Path& path) {
    return impl_->show([&](const nb::Tables& rows) { return find_vapp_network(rows, path); });
}

Result<Made<VappNetwork>> Cloud::create(const NewVappNetwork& wanted) {
    return impl_->change(&nb::Tables::vapp_network, [&](Draft& draft) -> Result<Target> {
        const nb::Tables& rows = draft.rows();
        const auto there = find_vapp_network(rows, wanted.path);
        if (there)
            return existing("vApp network", wanted.path.text(), **there, wanted.may_exist);
        if (there.error().kind != ErrorKind::not_found)
            return tl::unexpected(there.error());
        const auto vapp = find_vapp(rows, {wanted.path[0], wanted.path[1]});
        if (!vapp)
            return tl::unexpected(vapp.error());
        nb::VappNetwork network;
        network.vapp = (*vapp)->uuid;
        network.name = wanted.path[2];
        network.mode = wanted.mode;
        set_segment(network, wanted.segment);
        if (!wanted.parent.empty()) {
            const auto parent = find_network(rows, {wanted.path[0], wanted.parent});
            if (!parent)
                return tl::unexpected(parent.error());
            network.parent = (*parent)->uuid;
        }
        network.vni = wanted.vni;
        if (network.mode == "bridged") // its parent's segment; the rules refuse a VNI here
            return Target{draft.insert(network)};
        const nb::NetworkPool& pool =
            pool_of(draft, *rows.virtual_data_center.find((*vapp)->data_center));
        const auto vni = choose_vni(draft, pool, wanted.vni);
        if (!vni)
            return tl::unexpected(vni.error());
        network.vni = *vni;
        const Uuid uuid = draft.insert(network);
        insert_allocation(draft, *vni, pool, uuid);
        return Target{uuid};
    });
}

Result<Made<VappNetwork>> Cloud::set(const Path& path, const VappNetworkChange& change) {
    return impl_->change(&nb::Tables::vapp_network, [&](Draft& draft) -> Result<Target> {
        const auto there = find_vapp_network(draft.rows(), path);
        if (!there)
            return tl::unexpected(there.error());
        nb::VappNetwork network = **there;
        if (change.name && *change.name != network.name) {
            const Path renamed{path[0], path[1], *change.name};
            if (const auto other = find_vapp_network(draft.rows(), renamed))
                return existing("vApp network", renamed.text(), **other, false);
            network.name = *change.name;
        }
        change_segment(network, change.segment);
        keep_sound(draft, draft.rows().nic);
        draft.update(network, segment_columns<nb::VappNetwork>());
        return Target{network.uuid};
    });
}

} // namespace ringfence::client
