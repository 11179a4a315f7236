// Organization networks and vApp networks. A network that is a segment of its own has its VNI's
// ledger row made with it.
#include <algorithm>

#include <fmt/ranges.h>

#include "controller/client/dhcp.h"
#include "controller/client/meeting.h"
#include "controller/client/store.h"
#include "controller/client/updates.h"
#include "controller/model/edges.h"

namespace ringfence::client {

namespace {

void set_segment(auto& network, const Segment& segment) {
    network.mtu = segment.mtu;
    network.subnets = segment.subnets;
    network.gateways = segment.gateways;
    network.ranges = segment.ranges;
    network.unknown_unicast = segment.unknown_unicast;
    network.vlan_transparent = segment.vlan_transparent;
    if (!segment.inbound.empty())
        network.inbound = segment.inbound;
    set_yes(network.options, "log-default", segment.log_default);
}

void change_segment(auto& network, const SegmentChange& change) {
    assign(network.mtu, change.mtu);
    assign(network.subnets, change.subnets);
    assign(network.gateways, change.gateways);
    assign(network.ranges, change.ranges);
    assign(network.unknown_unicast, change.unknown_unicast);
    assign(network.vlan_transparent, change.vlan_transparent);
    assign(network.inbound, change.inbound);
    if (change.log_default)
        set_yes(network.options, "log-default", *change.log_default);
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

void erase_allocation(Draft& draft, const Uuid& network) {
    for (const nb::VniAllocation& row : draft.rows().vni_allocation)
        if (row.network == network) {
            draft.erase(nb::VniAllocation(row));
            return;
        }
}

// Those that were sound must be so afterwards.
void keep_all_sound(Draft& draft) {
    const nb::Tables& rows = draft.rows();
    keep_sound(draft, rows.organization_network);
    keep_sound(draft, rows.vapp_network);
    keep_sound(draft, rows.edge_router);
    keep_sound(draft, rows.static_route);
    keep_sound(draft, rows.nic);
    keep_sound(draft, rows.dhcp_options);
}

// A VNI for a network that is a segment of its own.
Result<> take_vni(Draft& draft, nb::VappNetwork& network, std::optional<int64_t> wanted) {
    const nb::Tables& rows = draft.rows();
    const nb::Vapp& vapp = *rows.vapp.find(network.vapp);
    const nb::NetworkPool& pool = pool_of(draft, *rows.virtual_data_center.find(vapp.data_center));
    return choose_vni(draft, pool, wanted).map([&](int64_t vni) {
        network.vni = vni;
        insert_allocation(draft, vni, pool, network.uuid);
    });
}

// A nat-routed network's gateways are its edge router's: the first address of each subnet, unless
// they are given.
void settle_gateways(nb::VappNetwork& network) {
    if (network.mode != "nat-routed" || !network.gateways.empty())
        return;
    for (const std::string& subnet : network.subnets)
        if (const auto prefix = IpPrefix::from(subnet))
            network.gateways.insert(to_string(model::next_address(prefix->address())));
}

// Another mode takes away what it can't have; what is given with it comes after that.
void adopt_mode(nb::VappNetwork& network, const std::string& mode) {
    network.mode = mode;
    if (mode != "nat-routed")
        network.translation.reset();
    else if (!network.translation)
        network.translation = "one-to-one";
    if (mode == "isolated")
        network.parent.reset();
    if (mode == "bridged") {
        network.options.clear();
        network.mtu.reset();
        network.vlan_transparent = false;
    }
    if (mode == "bridged" || mode == "fenced") {
        network.subnets.clear();
        network.gateways.clear();
        network.ranges.clear();
    }
    if (!model::has_edge(network))
        network.inbound.reset();
}

std::string counted(std::ptrdiff_t count, const char* what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// What people have made, and what the network in its other form would not have.
std::vector<std::string> losses(const nb::Tables& rows, const nb::VappNetwork& old,
                                const nb::VappNetwork& wanted) {
    std::vector<std::string> lost;
    const auto count = [&](const auto& table, const char* what, const auto& is_one) {
        if (const auto its = std::ranges::count_if(table, is_one))
            lost.push_back(counted(its, what));
    };
    const auto* edge = model::has_edge(wanted) ? nullptr : edge_of(rows, old);
    const auto is_of_edge = [&](const auto& row) { return edge && row.edge_router == edge->uuid; };
    count(rows.firewall_rule, "firewall rule",
          [&](const auto& rule) { return is_of_edge(rule) && rule.tier == "tenant"; });
    count(rows.firewall_rule, "firewall rule of the provider's",
          [&](const auto& rule) { return is_of_edge(rule) && rule.tier == "provider"; });
    count(rows.static_route, "static route", is_of_edge);
    if (wanted.mode == "bridged" && dhcp_options_of(rows, old.uuid))
        lost.push_back("what was set for DHCP");
    return lost;
}

Result<> check_losses(const nb::Tables& rows, const nb::VappNetwork& wanted) {
    const auto lost = losses(rows, *rows.vapp_network.find(wanted.uuid), wanted);
    if (lost.empty())
        return {};
    return fail(ErrorKind::conflict,
                "vApp network {}: mode {} would delete {}; delete that first, or say cascade",
                path_of(rows, wanted).text(), wanted.mode, fmt::join(lost, ", "));
}

// A bridged network has no VNI, all others have one.
Result<> settle_vni(Draft& draft, nb::VappNetwork& network) {
    if (network.mode != "bridged")
        return network.vni ? Result<>() : take_vni(draft, network, {});
    network.vni.reset();
    erase_allocation(draft, network.uuid);
    return {};
}

Result<> set_parent(const nb::Tables& rows, nb::VappNetwork& network, const Path& path,
                    const std::string& parent) {
    network.parent.reset();
    if (parent.empty())
        return {};
    return find_network(rows, {path[0], parent}).map([&](const nb::OrganizationNetwork* row) {
        network.parent = row->uuid;
    });
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
        network.uuid = draft.insert(network);
        insert_allocation(draft, *vni, pool, network.uuid);
        Ledger ledger(draft);
        ledger.add(entries_of(draft.rows(), network));
        settle_dhcp(draft, ledger, network.uuid);
        return Target{network.uuid};
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
        keep_all_sound(draft);
        Ledger ledger(draft);
        return reshape(draft, ledger, network).map([&] { return Target{network.uuid}; });
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
        network.uuid = Uuid::random();
        network.vapp = (*vapp)->uuid;
        network.name = wanted.path[2];
        network.mode = wanted.mode;
        if (!wanted.translation.empty())
            network.translation = wanted.translation;
        else if (network.mode == "nat-routed")
            network.translation = "one-to-one";
        set_segment(network, wanted.segment);
        settle_gateways(network);
        if (auto set = set_parent(rows, network, wanted.path, wanted.parent); !set)
            return tl::unexpected(set.error());
        network.vni = wanted.vni;
        if (network.mode != "bridged") // that one is its parent's segment: no VNI of its own
            if (auto taken = take_vni(draft, network, wanted.vni); !taken)
                return tl::unexpected(taken.error());
        if (model::has_edge(network)) // whose name is made of both
            draft.rely_on(**vapp, nb::Vapp::Column::name);
        if (model::has_edge(network) && !model::translates(network)) // nobody else leads there
            keep_sound(draft, rows.static_route);
        draft.insert(network);
        if (network.parent)
            rely_on_addressing(draft, *network.parent);
        Ledger ledger(draft);
        ledger.add(entries_of(rows, network));
        if (model::has_edge(network)) {
            const auto edge = make_edge(rows, ledger, network);
            if (!edge)
                return tl::unexpected(edge.error());
            draft.insert(*edge);
            ledger.add(entries_of(rows, *edge));
        }
        settle_dhcp(draft, ledger, network.uuid);
        return Target{network.uuid};
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
        if (change.mode && *change.mode != network.mode)
            adopt_mode(network, *change.mode);
        change_segment(network, change.segment);
        assign(network.translation, change.translation);
        if (change.parent)
            if (auto set = set_parent(draft.rows(), network, path, *change.parent); !set)
                return tl::unexpected(set.error());
        settle_gateways(network);
        keep_all_sound(draft);
        if (auto kept = change.cascade ? Result<>() : check_losses(draft.rows(), network); !kept)
            return tl::unexpected(kept.error());
        if (auto settled = settle_vni(draft, network); !settled)
            return tl::unexpected(settled.error());
        Ledger ledger(draft);
        return reshape(draft, ledger, network).map([&] { return Target{network.uuid}; });
    });
}

} // namespace ringfence::client
