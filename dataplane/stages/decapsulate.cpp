// decapsulate: VXLAN for one of our VTEP addresses (RFC 7348). All that is not goes to the uplink's
// shadow, and so to the kernel: ARP, ping, routing daemons, and fragments, whose first one only
// shows that it is VXLAN and is dropped here.
//
// The outer UDP checksum is not computed: 0 is what RFC 7348 asks for, and of another the receiver
// MAY accept it unverified (clause 5); one that the NIC found bad is dropped.
#include "core/wire/vxlan.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

namespace {

constexpr size_t ip_offset = sizeof(EthernetHeader);

bool is_own(const Fabric& fabric, const LocalPort& uplink, Ipv4Addr address) {
    for (Ipv4Addr here : uplink.vtep_addresses) // mostly one
        if (here == address)
            return true;
    return fabric.is_own(address);
}

// What nearly every packet for us looks like; anything else is looked at piece by piece.
bool is_plain_vxlan(const Fabric& fabric, const Packet& packet, const OuterHeaders& outer) {
    return outer.ethernet.type() == ether_type::ip4 && outer.ip.is_plain() &&
           outer.ip.protocol() == ip_protocol::udp && !outer.ip.is_fragment() &&
           outer.udp.destination().value() == fabric.tunnel().udp_port &&
           is_own(fabric, *packet.port, outer.ip.destination());
}

// The outer IPv4 header of VXLAN for us; nullptr for anything else.
[[gnu::noinline]] const Ipv4Header* vxlan_for_us(const Fabric& fabric, const Packet& packet) {
    const auto* ethernet = packet.at<EthernetHeader>(0);
    const auto* ip = packet.at<Ipv4Header>(ip_offset);
    if (!ip || ethernet->type() != ether_type::ip4 || ip->version() != 4 ||
        ip->header_length() < sizeof(Ipv4Header) || ip->protocol() != ip_protocol::udp ||
        ip->fragment_offset() != 0 || !is_own(fabric, *packet.port, ip->destination()))
        return nullptr;
    const auto* udp = packet.at<UdpHeader>(ip_offset + ip->header_length());
    return udp && udp->destination().value() == fabric.tunnel().udp_port ? ip : nullptr;
}

Verdict check_outer(const Packet& packet, const Ipv4Header& ip) {
    if (ip.header_length() != sizeof(Ipv4Header))
        return Verdict::tunnel_outer_options;
    if ((packet.mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) != RTE_MBUF_F_RX_IP_CKSUM_GOOD &&
        !ip.adds_up())
        return Verdict::tunnel_outer_checksum;
    if (ip.ttl() <= 1)
        return Verdict::tunnel_outer_ttl;
    if (ip.is_fragment())
        return Verdict::tunnel_outer_fragment;
    const auto* udp = packet.at<UdpHeader>(ip_offset + sizeof(Ipv4Header));
    if (ip.total_length() > packet.length - ip_offset ||
        udp->length() != ip.total_length() - sizeof(Ipv4Header) ||
        udp->length() < sizeof(UdpHeader) + sizeof(VxlanHeader))
        return Verdict::tunnel_outer_length;
    if (udp->checksum() != 0 &&
        (packet.mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD)
        return Verdict::tunnel_outer_udp_checksum;
    return Verdict::next;
}

// Leaves the inner frame alone in the mbuf: no headers before it, no padding behind it.
void strip(Packet& packet, size_t inner_length) {
    if (size_t padding = packet.length - sizeof(OuterHeaders) - inner_length)
        rte_pktmbuf_trim(packet.mbuf, static_cast<uint16_t>(padding));
    rte_pktmbuf_adj(packet.mbuf, sizeof(OuterHeaders));
    packet.reload();
}

Verdict give_to_host(Worker& worker, Packet& packet) {
    if (!packet.port->peer)
        return Verdict::uplink_no_shadow;
    worker.count(packet.port->id, Verdict::uplink_to_host);
    packet.send_to(*packet.port->peer);
    return Verdict::next;
}

} // namespace

Verdict decapsulate(const Fabric& fabric, Worker& worker, Packet& packet) {
    const auto* outer = packet.at<OuterHeaders>(0);
    const Ipv4Header* ip =
        outer && is_plain_vxlan(fabric, packet, *outer) ? &outer->ip : vxlan_for_us(fabric, packet);
    if (!ip) [[unlikely]]
        return give_to_host(worker, packet);
    if (Verdict verdict = check_outer(packet, *ip); verdict != Verdict::next) [[unlikely]]
        return verdict;
    auto peer = fabric.vtep(ip->source());
    if (!peer) [[unlikely]]
        return fabric.is_own(ip->source()) ? Verdict::tunnel_self : Verdict::tunnel_unknown_vtep;
    if (!outer) [[unlikely]]
        return Verdict::tunnel_outer_length;
    if (!outer->vxlan.has_vni())
        return Verdict::tunnel_flags;
    auto vni = outer->vxlan.vni();
    packet.segment = vni ? fabric.segment(*vni) : nullptr;
    if (!packet.segment)
        return Verdict::tunnel_unknown_vni;
    size_t inner_length = ip->total_length() - (sizeof(OuterHeaders) - ip_offset);
    if (inner_length < sizeof(EthernetHeader))
        return Verdict::tunnel_truncated;

    if (packet.segment->has_routers() || fabric.has_guards())
        packet.mark(Mark::routers);
    packet.from_tunnel = true;
    packet.peer = *peer;
    packet.outer_ecn = static_cast<uint8_t>(ip->ecn());
    strip(packet, inner_length);
    return Verdict::next;
}

} // namespace ringfence
