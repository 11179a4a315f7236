#include "dataplane/stages/large.h"

#include <optional>

#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"
#include "core/wire/vxlan.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

namespace {

constexpr size_t most_tags = 2;
// Of UDP, one datagram each (Linux, UDP_MAX_SEGMENTS).
constexpr size_t most_datagrams = 128;

// Past the Ethernet header and its tags; 0 where it ends before.
uint16_t type_behind_tags(Cursor& cursor) {
    const auto* ethernet = cursor.take<EthernetHeader>();
    uint16_t type = ethernet ? ethernet->type() : 0;
    for (size_t tags = 0; ether_type::is_tag(type) && tags < most_tags; ++tags) {
        const auto* tag = cursor.take<VlanTag>();
        type = tag ? tag->type() : 0;
    }
    return type;
}

// Of an IP header that `left` bytes begin with, and whose packet ends with them: its length, where
// the upper layer follows at once.
struct IpHeader {
    size_t length;
    uint8_t protocol;
};

std::optional<IpHeader> read_ip4(const Cursor& cursor, size_t left) {
    const auto* ip = cursor.peek<Ipv4Header>();
    if (!ip || ip->version() != 4 || ip->header_length() < sizeof *ip || ip->is_fragment() ||
        ip->total_length() != left)
        return std::nullopt;
    return IpHeader{ip->header_length(), ip->protocol()};
}

std::optional<IpHeader> read_ip6(const Cursor& cursor, size_t left) {
    const auto* ip = cursor.peek<Ipv6Header>();
    if (!ip || ip->version() != 6 || ip->payload_length() + sizeof *ip != left)
        return std::nullopt;
    return IpHeader{sizeof *ip, ip->next_header()};
}

// Bytes of the header; 0 where it is none that many segments can begin with.
size_t tcp_header(const Cursor& cursor) {
    const auto* tcp = cursor.peek<TcpHeader>();
    const bool is_data = tcp && tcp->header_length() >= sizeof *tcp &&
                         !(tcp->flags() & (tcp_flag::syn | tcp_flag::rst));
    return is_data ? tcp->header_length() : 0;
}

size_t udp_header(const Cursor& cursor) { return cursor.peek<UdpHeader>() ? sizeof(UdpHeader) : 0; }

// Each datagram of it has a frame of its own inside; of a whole train decapsulate would see one.
bool is_tunnel_traffic(const Fabric& fabric, const Packet& packet, const UdpHeader& udp) {
    return packet.port && packet.port->kind == PortKind::uplink &&
           udp.destination().value() == fabric.tunnel().udp_port;
}

} // namespace

Verdict check_large(const Fabric& fabric, Worker& worker, Packet& packet) {
    rte_mbuf& frame = *packet.mbuf;
    const bool is_tcp = frame.ol_flags & RTE_MBUF_F_TX_TCP_SEG;
    Cursor cursor(packet.data, packet.linear);
    const uint16_t type = type_behind_tags(cursor);
    const size_t l2 = packet.linear - cursor.left(), left = packet.length - l2;
    const auto ip = type == ether_type::ip4   ? read_ip4(cursor, left)
                    : type == ether_type::ip6 ? read_ip6(cursor, left)
                                              : std::nullopt;
    if (!ip || ip->protocol != (is_tcp ? ip_protocol::tcp : ip_protocol::udp) ||
        !cursor.skip(ip->length))
        return Verdict::admit_bad_offload;
    const size_t l4 = is_tcp ? tcp_header(cursor) : udp_header(cursor);
    const size_t headers = l2 + ip->length + l4;
    if (l4 == 0 || l4 > cursor.left() || headers >= packet.length)
        return Verdict::admit_bad_offload;
    if (is_tcp && packet.at<EthernetHeader>(0)->destination.is_group())
        return Verdict::admit_bad_offload;
    if (!is_tcp && is_tunnel_traffic(fabric, packet, *cursor.peek<UdpHeader>()))
        return Verdict::admit_bad_offload;
    const size_t payload = packet.length - headers, segment = frame.tso_segsz;
    const size_t room = rte_pktmbuf_data_room_size(worker.copies()) - RTE_PKTMBUF_HEADROOM;
    if (segment < (is_tcp ? smallest_segment : 1) || headers + std::min(segment, payload) > room ||
        (!is_tcp && payload > most_datagrams * segment))
        return Verdict::admit_bad_offload;
    frame.l2_len = l2 & 0x7f;
    frame.l3_len = ip->length & 0x1ff;
    frame.l4_len = l4 & 0xff;
    frame.ol_flags |=
        type == ether_type::ip4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6;
    return Verdict::next;
}

Verdict encapsulate_large(const Fabric& fabric, Worker& worker, Packet& packet) {
    const bool large = is_large(*packet.mbuf);
    if (Verdict verdict = encapsulate(fabric, worker, packet); verdict != Verdict::next || !large)
        return verdict;
    rte_mbuf& frame = *packet.mbuf;
    const bool over_ip4 = packet.at<EthernetHeader>(0)->type() == ether_type::ip4;
    frame.outer_l2_len = sizeof(EthernetHeader);
    frame.outer_l3_len = over_ip4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header);
    frame.l2_len = (frame.l2_len + sizeof(UdpHeader) + sizeof(VxlanHeader)) & 0x7f;
    frame.ol_flags |= RTE_MBUF_F_TX_TUNNEL_VXLAN |
                      (over_ip4 ? RTE_MBUF_F_TX_OUTER_IPV4 : RTE_MBUF_F_TX_OUTER_IPV6);
    return Verdict::next;
}

bool exceeds(const Packet& packet, uint32_t ip_length) {
    return !is_large(*packet.mbuf) || longest_ip(*packet.mbuf) > ip_length;
}

bool frame_exceeds(const Packet& packet, uint32_t length) {
    return !is_large(*packet.mbuf) || packet.mbuf->l2_len + longest_ip(*packet.mbuf) > length;
}

} // namespace ringfence
