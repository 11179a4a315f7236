#include "perf/harness/scenario.h"

namespace ringfence::perf {

namespace {

const PortId uplink_port(0), shadow_port(1);
constexpr uint32_t first_nic_port = 2, vtep_count = 64;
const Ipv4Addr own_vtep = vtep_address_of(0xff00);

Vni vni_of(uint32_t segment) { return *Vni::from(5001 + segment); }

LocalPort nic_port(uint32_t number, SegmentId segment) {
    LocalPort port(PortId(first_nic_port + number), PortKind::nic);
    port.segment = segment;
    port.mac = mac_of(number);
    port.ip4 = {address_of(number)};
    return port;
}

void add_underlay(FabricEdit& edit) {
    LocalPort uplink(uplink_port, PortKind::uplink), shadow(shadow_port, PortKind::shadow);
    uplink.vtep_addresses = {own_vtep};
    uplink.peer = shadow_port;
    shadow.peer = uplink_port;
    edit.set_port(uplink);
    edit.set_port(shadow);
    for (uint32_t vtep = 1; vtep <= vtep_count; ++vtep) {
        UnderlayPath path{uplink_port, mac_of(0xff00), mac_of(0xff00 + vtep), own_vtep, 1600};
        edit.set_next_hop(NextHopId(vtep), {"host", {vtep_address_of(vtep)}, path});
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

} // namespace ringfence::perf
