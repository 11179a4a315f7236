// Ports of bridges without a fabric (DESIGN §8): plain learning bridges, as ovs-vswitchd's are. A
// port says by tag which VLAN a frame is of, and the VLAN is a segment like any other, but that its
// MACs are all learned, by the agent, as a trusted port's are. Nothing above layer 2 is looked at.
//
// A frame goes its way with the tag that it came with; what the receiving port has there instead is
// put in where it is sent, so that it keeps its priority.
#include <algorithm>
#include <cstring>

#include "core/packet/large.h"
#include "core/wire/ethernet.h"
#include "dataplane/stages/link_local.h"
#include "dataplane/stages/reserved.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

namespace {

constexpr size_t macs = 2 * sizeof(MacAddr); // a tag stands behind them

Verdict read_ethernet(Packet& packet, uint16_t& vlan) {
    Cursor cursor(packet.data, packet.linear);
    const auto* ethernet = cursor.take<EthernetHeader>();
    if (!ethernet)
        return Verdict::parse_too_short;
    packet.destination = ethernet->destination_bits();
    packet.source = ethernet->source_bits();
    packet.ether_type = ethernet->type();
    packet.l3 = sizeof(EthernetHeader);
    if (!ether_type::is_tag(packet.ether_type))
        return Verdict::next;
    const auto* tag = cursor.take<VlanTag>();
    if (!tag)
        return Verdict::parse_truncated_vlan;
    packet.tagged = true;
    vlan = tag->id();
    return Verdict::next;
}

// New here, moved here, or not heard of for long.
void learn(Worker& worker, const Packet& packet) {
    Destination known = packet.segment->find(packet.source, packet.source_place);
    if (!(known == *Destination::local(packet.port->id, true)))
        tell_learned(worker, packet);
}

} // namespace

Verdict admit_bridged(const Fabric& fabric, Worker& worker, Packet& packet) {
    const LocalPort& port = *packet.port;
    if (port.dead_vlan)
        return Verdict::admit_dead_vlan;
    uint16_t vlan = 0;
    if (Verdict verdict = read_ethernet(packet, vlan); verdict != Verdict::next)
        return verdict;
    auto id = port.bridge->segment_of(vlan);
    if (!id)
        return Verdict::admit_vlan;
    packet.segment = fabric.segment(*id);
    if (!packet.segment)
        return Verdict::admit_not_ready;
    if (is_group(packet.source) || packet.source == 0)
        return Verdict::admit_src_mac;
    if (is_reserved(packet.destination))
        return Verdict::l2_reserved;
    packet.source_place = packet.segment->locate(packet.source);
    packet.destination_place = packet.segment->locate(packet.destination);
    learn(worker, packet);
    return Verdict::next;
}

namespace {

// A large packet's mark says how long what stands before its IP header is.
void note_l2(const Packet& packet, int more) {
    if (is_large(*packet.mbuf))
        packet.mbuf->l2_len = static_cast<unsigned>(packet.mbuf->l2_len + more) & 0x7f;
}

void take_tag_out(Packet& packet) {
    std::memmove(packet.data + sizeof(VlanTag), packet.data, macs);
    rte_pktmbuf_adj(packet.mbuf, sizeof(VlanTag));
    note_l2(packet, -int{sizeof(VlanTag)});
    packet.reload();
    packet.tagged = false;
}

bool put_tag_in(Packet& packet, uint16_t vlan) {
    if (!rte_pktmbuf_prepend(packet.mbuf, sizeof(VlanTag)))
        return false;
    note_l2(packet, sizeof(VlanTag));
    packet.reload();
    std::memmove(packet.data, packet.data + sizeof(VlanTag), macs);
    packet.at<EthernetHeader>(0)->set_type(ether_type::vlan);
    *packet.at<VlanTag>(sizeof(EthernetHeader)) = VlanTag::make(vlan, packet.ether_type);
    packet.tagged = true;
    return true;
}

} // namespace

Verdict retag(const Fabric& fabric, Worker&, Packet& packet) {
    const SegmentSettings& segment = packet.segment->settings();
    const LocalPort* to = fabric.port(packet.out.port());
    if (!to || segment.vlan_transparent)
        return Verdict::next;
    const bool has_tag = packet.tagged, wants_tag = to->bridge->sends_tagged(segment.vlan);
    if (has_tag && wants_tag)
        packet.at<VlanTag>(sizeof(EthernetHeader))->set_id(segment.vlan);
    else if (has_tag)
        take_tag_out(packet);
    else if (wants_tag && !put_tag_in(packet, segment.vlan))
        return Verdict::tunnel_no_headroom;
    return Verdict::next;
}

Verdict mirror(const Fabric&, Worker& worker, Packet& packet) {
    for (PortId output : packet.port->received_to)
        worker.send_copy(packet.mbuf, packet.port->id, output);
    return Verdict::next;
}

} // namespace ringfence
