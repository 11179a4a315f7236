#include "perf/harness/scenario.h"

#include <algorithm>

#include "core/wire/ip.h"

namespace ringfence::perf {

namespace {

const PortId uplink_port(0), shadow_port(1);
constexpr uint32_t first_nic_port = 2, vtep_count = 64;
const Ipv4Addr own_vtep = vtep_address_of(0xff00);

// A hundred rules a direction, of which the last one lets everything through.
Policy some_rules() {
    std::vector<Rule> rules;
    for (Direction direction : {Direction::in, Direction::out})
        for (uint32_t i = 0; i < 100; ++i) {
            Rule& rule = rules.emplace_back();
            rule.direction = direction;
            rule.priority = i;
            rule.action = i == 0 ? Action::allow : Action::drop;
            if (i == 0)
                continue;
            RuleMatch& match = rule.match.edit();
            match.protocol = i % 2 ? ip_protocol::tcp : ip_protocol::udp;
            match.source = {false, {*IpPrefix::from(Ipv4Addr{0xcb007100 + i}, 32)}, {}};
            match.services = {{static_cast<uint16_t>(i), static_cast<uint16_t>(i + 100)}};
        }
    return Policy(PolicyId(1), rules);
}
const Policy policy = some_rules();

Vni vni_of(uint32_t segment) { return *Vni::from(5001 + segment); }

LocalPort nic_port(uint32_t number, SegmentId segment) {
    LocalPort port(PortId(first_nic_port + number), PortKind::nic);
    port.segment = segment;
    port.mac = mac_of(number);
    port.ip4 = {address_of(number)};
    port.limits.slow_path = Rate::each_second(UINT32_MAX);
    return port;
}

void add_underlay(FabricEdit& edit) {
    LocalPort uplink(uplink_port, PortKind::uplink), shadow(shadow_port, PortKind::shadow);
    uplink.vtep_ip4 = {own_vtep};
    uplink.peer = shadow_port;
    shadow.peer = uplink_port;
    edit.set_port(uplink);
    edit.set_port(shadow);
    for (uint32_t vtep = 1; vtep <= vtep_count; ++vtep) {
        UnderlayPath path{uplink_port, mac_of(0xff00), mac_of(0xff00 + vtep), own_vtep, 1600};
        edit.set_next_hop(NextHopId(vtep), {"host", {vtep_address_of(vtep)}, {path}});
    }
}

void add_local(FabricEdit& edit, Segment& segment, const LocalPort& port, uint32_t end) {
    edit.set_port(port);
    segment.set_mac(port.mac, *Destination::local(port.id));
    segment.set_neighbour(address_of(end), port.mac);
    segment.add_flood(port.id);
}

void add_remote(Segment& segment, uint32_t end) {
    NextHopId hop(tunnel_vtep(end, vtep_count));
    segment.set_mac(mac_of(end), *Destination::vtep(hop));
    segment.set_neighbour(address_of(end), mac_of(end));
    segment.add_flood(hop);
}

constexpr Ends local_nics{0, 16}, remote_nics{1024, 1000};

Scenario vxlan_segment() {
    Scenario scenario;
    FabricEdit edit;
    add_underlay(edit);
    Segment& segment = edit.segment(SegmentId(0), {.vni = vni_of(0), .intent = {}});
    scenario.ports = {uplink_port, shadow_port};
    for (uint32_t nic = 0; nic < local_nics.count; ++nic) {
        LocalPort port = nic_port(nic, SegmentId(0));
        add_local(edit, segment, port, nic);
        scenario.ports.push_back(port.id);
    }
    for (uint32_t nic = 0; nic < remote_nics.count; ++nic)
        add_remote(segment, remote_nics.first + nic);
    scenario.fabric = edit.finish();
    return scenario;
}

} // namespace

Scenario l2(uint32_t macs) {
    Scenario scenario;
    FabricEdit edit;
    Segment& segment = edit.segment(SegmentId(0), {.vni = vni_of(0), .intent = {}});
    const Ends ends[] = {{0, macs / 2}, {macs / 2, macs / 2}};
    for (uint32_t side : {0u, 1u}) {
        LocalPort port = nic_port(side, SegmentId(0));
        port.security = PortSecurity::trusted;
        edit.set_port(port);
        segment.add_flood(port.id);
        for (uint32_t n = 0; n < ends[side].count; ++n)
            segment.set_mac(mac_of(ends[side].first + n), *Destination::local(port.id, true));
        scenario.ports.push_back(port.id);
        scenario.sources.emplace_back(FlowSet{port.id, ends[side], ends[1 - side], macs});
    }
    scenario.fabric = edit.finish();
    return scenario;
}

Scenario encap(uint32_t flows) {
    Scenario scenario = vxlan_segment();
    for (uint32_t nic = 0; nic < local_nics.count; ++nic)
        scenario.sources.emplace_back(
            FlowSet{PortId(first_nic_port + nic), {nic, 1}, remote_nics, flows / local_nics.count});
    return scenario;
}

Scenario decap(uint32_t flows) {
    Scenario scenario = vxlan_segment();
    scenario.sources.emplace_back(FlowSet{uplink_port, remote_nics, local_nics, flows},
                                  Tunnel{vni_of(0), own_vtep, vtep_count});
    return scenario;
}

Scenario encap_tenants(uint32_t flows) {
    constexpr uint32_t tenants = 1000;
    constexpr Ends remote{1024, 64};
    Scenario scenario;
    FabricEdit edit;
    add_underlay(edit);
    scenario.ports = {uplink_port, shadow_port};
    for (uint32_t tenant = 0; tenant < tenants; ++tenant) {
        SegmentId id(tenant);
        Segment& segment = edit.segment(id, {.vni = vni_of(tenant), .intent = {}});
        LocalPort port = nic_port(tenant, id);
        add_local(edit, segment, port, tenant);
        for (uint32_t nic = 0; nic < remote.count; ++nic)
            add_remote(segment, remote.first + nic);
        scenario.ports.push_back(port.id);
        scenario.sources.emplace_back(FlowSet{port.id, {tenant, 1}, remote, flows / tenants});
    }
    scenario.fabric = edit.finish();
    return scenario;
}

Scenario fw(Way way, uint32_t flows) {
    Scenario scenario = way == Way::out ? encap(flows) : decap(flows);
    FabricEdit edit(scenario.fabric);
    edit.set_policy(policy);
    for (uint32_t nic = 0; nic < local_nics.count; ++nic) {
        LocalPort port = *edit.view().port(PortId(first_nic_port + nic));
        port.policies = {policy.id()};
        edit.set_port(port);
    }
    scenario.fabric = edit.finish();
    return scenario;
}

namespace {

// Ends: inside addresses of this host's NICs from 0, outside ones from 0x4000; remote NICs from
// 0x8000.
constexpr Ends inside_nics{0, 1000}, outside_addresses{0x4000, 1000}, far_nics{0x8000, 1000};
const SegmentId outside_segment(0), inside_segment(1), far_segment(2);
const MacAddr router_inside = mac_of(0xff0001), router_outside = mac_of(0xff0002),
              edge_near = mac_of(0xff0003), edge_far = mac_of(0xff0004);
const Ipv4Addr edge_address = address_of(0xfff0);

Ipv4Addr subnet_of(Ends ends) { return address_of(ends.first); }

RouterInterface interface_on(SegmentId segment, MacAddr mac, std::optional<Ipv4Addr> own) {
    RouterInterface interface(segment, mac);
    if (own)
        interface.addresses.push_back({*own, 16});
    interface.policies.push_back(policy.id());
    return interface;
}

void add_router(FabricEdit& edit, std::optional<IpAddr> gateway) {
    RouterSettings settings;
    settings.translation = Translation::one_to_one;
    RouterInterface outside = interface_on(outside_segment, router_outside, address_of(0x4fff));
    outside.outside = true;
    outside.policies.clear();
    settings.interfaces.push_back(outside);
    settings.interfaces.push_back(interface_on(inside_segment, router_inside, std::nullopt));
    std::vector<Route> routes = {
        {*IpPrefix::from(subnet_of(inside_nics), 18), 1, std::nullopt},
        {*IpPrefix::from(subnet_of(far_nics), 18), 0, gateway},
    };
    edit.set_router(Router(RouterId(1), settings, routes));
}

// The organization's edge, between the network outside and that of the remote NICs.
void add_edge(FabricEdit& edit) {
    RouterSettings settings;
    settings.interfaces.push_back(interface_on(outside_segment, edge_near, edge_address));
    settings.interfaces.push_back(interface_on(far_segment, edge_far, address_of(0xfff1)));
    std::vector<Route> routes = {
        {*IpPrefix::from(subnet_of(outside_addresses), 18), 0, std::nullopt},
        {*IpPrefix::from(subnet_of(far_nics), 18), 1, std::nullopt},
    };
    edit.set_router(Router(RouterId(2), settings, routes));
}

Scenario translated(Way way, uint32_t flows, bool edge) {
    Scenario scenario;
    FabricEdit edit;
    add_underlay(edit);
    edit.set_policy(policy);
    scenario.ports = {uplink_port, shadow_port};
    for (SegmentId id : {outside_segment, inside_segment, far_segment})
        edit.segment(id, {.vni = vni_of(id.value()), .intent = {}});
    Segment& inside = *edit.segment(inside_segment);
    Segment& outside = *edit.segment(outside_segment);
    for (uint32_t nic = 0; nic < inside_nics.count; ++nic) {
        LocalPort port = nic_port(nic, inside_segment);
        add_local(edit, inside, port, nic);
        outside.set_held(address_of(outside_addresses.first + nic),
                         {RouterId(1), *Destination::local(port.id), address_of(nic)});
        scenario.ports.push_back(port.id);
    }
    for (uint32_t nic = 0; nic < far_nics.count; ++nic)
        add_remote(edge ? *edit.segment(far_segment) : outside, far_nics.first + nic);
    add_router(edit, edge ? std::optional<IpAddr>(edge_address) : std::nullopt);
    if (edge)
        add_edge(edit);
    scenario.fabric = edit.finish();

    if (way == Way::in) {
        FlowSet set{uplink_port, far_nics, outside_addresses, flows, std::nullopt, router_outside};
        if (edge)
            set.from = edge_near;
        scenario.sources.emplace_back(set, Tunnel{vni_of(0), own_vtep, vtep_count});
        return scenario;
    }
    for (uint32_t nic = 0; nic < inside_nics.count; ++nic)
        scenario.sources.emplace_back(FlowSet{PortId(first_nic_port + nic),
                                              {nic, 1},
                                              far_nics,
                                              std::max(1u, flows / inside_nics.count),
                                              std::nullopt,
                                              router_inside});
    return scenario;
}

} // namespace

Scenario nat(Way way, uint32_t flows) { return translated(way, flows, false); }
Scenario fence(Way way, uint32_t flows) { return translated(way, flows, true); }

} // namespace ringfence::perf
