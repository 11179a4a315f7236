// decapsulate: VXLAN for one of our VTEP addresses (RFC 7348). All that is not goes to the uplink's
// shadow, and so to the kernel: ARP, ping, routing daemons, and fragments, whose first one only
// shows that it is VXLAN and is dropped here.
//
// Over IPv4 the outer UDP checksum is not computed: 0 is what RFC 7348 asks for, and of another the
// receiver MAY accept it unverified (clause 5); one that the NIC found bad is dropped. Over IPv6 it
// is all that covers the addresses: it is checked, and 0 is for those who asked for it (RFC 6936).
#include "core/wire/vxlan.h"
#include "dataplane/stages/outer_checksum.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

namespace {

constexpr size_t ip_offset = sizeof(EthernetHeader);

bool is_own(const Fabric& fabric, const LocalPort& uplink, Ipv4Addr address) {
    for (Ipv4Addr here : uplink.vtep_ip4) // mostly one
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
[[gnu::always_inline]] inline void strip(Packet& packet, uint16_t outer_length,
                                         size_t inner_length) {
    if (size_t padding = packet.length - outer_length - inner_length)
        rte_pktmbuf_trim(packet.mbuf, static_cast<uint16_t>(padding));
    rte_pktmbuf_adj(packet.mbuf, outer_length);
    packet.reload();
}

// Of a known VTEP: for one of our segments?
[[gnu::always_inline]] inline Verdict take_inner(const Fabric& fabric, Packet& packet,
                                                 NextHopId peer, Ecn ecn, const VxlanHeader& vxlan,
                                                 uint16_t outer_length, size_t inner_length) {
    if (!vxlan.has_vni())
        return Verdict::tunnel_flags;
    auto vni = vxlan.vni();
    packet.segment = vni ? fabric.segment(*vni) : nullptr;
    if (!packet.segment)
        return Verdict::tunnel_unknown_vni;
    if (inner_length < sizeof(EthernetHeader))
        return Verdict::tunnel_truncated;

    if (packet.segment->has_routers() || fabric.has_guards())
        packet.mark(Mark::routers);
    packet.from_tunnel = true;
    packet.peer = peer;
    packet.outer_ecn = static_cast<uint8_t>(ecn);
    strip(packet, outer_length, inner_length);
    return Verdict::next;
}

Verdict give_to_host(Worker& worker, Packet& packet) {
    if (!packet.port->peer)
        return Verdict::uplink_no_shadow;
    worker.count(packet.port->id, Verdict::uplink_to_host);
    packet.send_to(*packet.port->peer);
    return Verdict::next;
}

Verdict stranger(const Fabric& fabric, const IpAddr& source) {
    return fabric.is_own(source) ? Verdict::tunnel_self : Verdict::tunnel_unknown_vtep;
}

bool is_own(const Fabric& fabric, const LocalPort& uplink, const Ipv6Addr& address) {
    for (const Ipv6Addr& here : uplink.vtep_ip6)
        if (here == address)
            return true;
    return fabric.is_own(address);
}

// Where the UDP header of VXLAN for us lies; nothing for anything else. `chain` is what stands
// between it and the IPv6 header.
std::optional<size_t> vxlan6_for_us(const Fabric& fabric, const Packet& packet, Ipv6Chain& chain) {
    const auto* ethernet = packet.at<EthernetHeader>(0);
    const auto* ip = packet.at<Ipv6Header>(ip_offset);
    if (!ip || ethernet->type() != ether_type::ip6 || ip->version() != 6 ||
        !is_own(fabric, *packet.port, ip->destination()))
        return std::nullopt;
    Cursor cursor(packet.data, packet.linear);
    cursor.skip(ip_offset + sizeof(Ipv6Header));
    chain = walk_extensions(cursor, ip->next_header());
    const auto* udp = cursor.peek<UdpHeader>();
    bool is_vxlan = chain.problem == Ipv6Chain::Problem::none && !chain.is_later_fragment &&
                    chain.protocol == ip_protocol::udp && udp &&
                    udp->destination().value() == fabric.tunnel().udp_port;
    return is_vxlan ? std::optional(packet.linear - cursor.left()) : std::nullopt;
}

bool is_udp6_right(const Packet& packet, const Ipv6Header& ip, const UdpHeader& udp) {
    if ((packet.mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
        return true;
    uint16_t pseudo =
        ipv6_pseudo_header(ip.source(), ip.destination(), ip_protocol::udp, 0).folded();
    return sum_over_udp6(*packet.mbuf, OuterHeaders6::udp_offset, udp.length(), pseudo) == 0xffff;
}

Verdict check_outer6(const Fabric& fabric, const Packet& packet, const Ipv6Chain& chain,
                     size_t udp_offset) {
    const auto* ip = packet.at<Ipv6Header>(ip_offset);
    const auto* udp = packet.at<UdpHeader>(udp_offset);
    if (chain.is_fragment)
        return Verdict::tunnel_outer_fragment;
    if (udp_offset != OuterHeaders6::udp_offset)
        return Verdict::tunnel_outer_options;
    if (ip->hop_limit() <= 1)
        return Verdict::tunnel_outer_ttl;
    if (ip->payload_length() > packet.length - udp_offset ||
        udp->length() != ip->payload_length() ||
        udp->length() < sizeof(UdpHeader) + sizeof(VxlanHeader) || !packet.at<OuterHeaders6>(0))
        return Verdict::tunnel_outer_length;
    if (udp->checksum() == 0 ? !fabric.tunnel().zero_checksum6 : !is_udp6_right(packet, *ip, *udp))
        return Verdict::tunnel_outer_udp_checksum;
    return Verdict::next;
}

// What is no VXLAN over IPv4.
[[gnu::noinline]] Verdict decapsulate6(const Fabric& fabric, Worker& worker, Packet& packet) {
    Ipv6Chain chain;
    auto udp = vxlan6_for_us(fabric, packet, chain);
    if (!udp)
        return give_to_host(worker, packet);
    if (Verdict verdict = check_outer6(fabric, packet, chain, *udp); verdict != Verdict::next)
        return verdict;
    const auto* outer = packet.at<OuterHeaders6>(0);
    auto peer = fabric.vtep(outer->ip.source());
    if (!peer)
        return stranger(fabric, outer->ip.source());
    size_t inner = outer->udp.length() - sizeof(UdpHeader) - sizeof(VxlanHeader);
    return take_inner(fabric, packet, *peer, outer->ip.ecn(), outer->vxlan, sizeof(OuterHeaders6),
                      inner);
}

} // namespace

Verdict decapsulate(const Fabric& fabric, Worker& worker, Packet& packet) {
    const auto* outer = packet.at<OuterHeaders>(0);
    const Ipv4Header* ip =
        outer && is_plain_vxlan(fabric, packet, *outer) ? &outer->ip : vxlan_for_us(fabric, packet);
    if (!ip) [[unlikely]]
        return decapsulate6(fabric, worker, packet);
    if (Verdict verdict = check_outer(packet, *ip); verdict != Verdict::next) [[unlikely]]
        return verdict;
    auto peer = fabric.vtep(ip->source());
    if (!peer) [[unlikely]]
        return stranger(fabric, ip->source());
    if (!outer) [[unlikely]]
        return Verdict::tunnel_outer_length;
    size_t inner = ip->total_length() - (sizeof(OuterHeaders) - ip_offset);
    return take_inner(fabric, packet, *peer, ip->ecn(), outer->vxlan, sizeof(OuterHeaders), inner);
}

} // namespace ringfence
