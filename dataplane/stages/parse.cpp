// parse: Ethernet, up to two VLAN tags, IPv4 or IPv6 with its extension headers, and that the
// header of TCP, UDP or ICMP is whole. Anything that is not IP by its ethertype is opaque, and
// passes: a segment carries every ethertype. But there is one way to say an ethertype: IP or ARP
// behind an 802.3 length (LLC and SNAP, RFC 1042), which some receivers take as they would the
// other kind, is dropped, because no later stage would see it. A frame may be longer than the IP
// packet in it (padding).
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"
#include "core/wire/llc.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

namespace {

constexpr unsigned max_tags = 2; // behind more, the ethertype that is left is the next tag's

Verdict parse_tagged(Cursor cursor, Packet& packet);
Verdict parse_network(Cursor cursor, Packet& packet);
Verdict parse_llc(Cursor cursor);
Verdict parse_ip4(Cursor cursor, Packet& packet);
Verdict parse_ip6(Cursor cursor, Packet& packet);
Verdict parse_l4(Cursor cursor, size_t l4_length, Packet& packet);

} // namespace

Verdict parse(const Fabric&, Worker&, Packet& packet) {
    Cursor cursor(packet.data, packet.linear);
    const auto* ethernet = cursor.take<EthernetHeader>();
    if (!ethernet) [[unlikely]]
        return Verdict::parse_too_short;
    packet.destination = ethernet->destination_bits();
    packet.source = ethernet->source_bits();
    packet.ether_type = ethernet->type();
    packet.l3 = sizeof(EthernetHeader);
    if (packet.segment) [[likely]] { // looked at by later stages, when this one has seen the burst
        if (packet.from_tunnel || packet.port->security == PortSecurity::trusted)
            packet.source_place = packet.segment->locate(packet.source);
        packet.destination_place = packet.segment->locate(packet.destination);
    }
    if (ether_type::is_tag(packet.ether_type)) [[unlikely]]
        return parse_tagged(cursor, packet);
    return parse_network(cursor, packet);
}

namespace {

[[gnu::noinline]] Verdict parse_tagged(Cursor cursor, Packet& packet) {
    packet.tagged = true;
    for (unsigned tags = 0; tags < max_tags && ether_type::is_tag(packet.ether_type); ++tags) {
        const auto* tag = cursor.take<VlanTag>();
        if (!tag)
            return Verdict::parse_truncated_vlan;
        packet.ether_type = tag->type();
        packet.l3 += sizeof(VlanTag);
    }
    return parse_network(cursor, packet);
}

inline Verdict parse_network(Cursor cursor, Packet& packet) {
    if (packet.ether_type == ether_type::ip4) [[likely]]
        return parse_ip4(cursor, packet);
    if (packet.ether_type == ether_type::ip6)
        return parse_ip6(cursor, packet);
    return packet.ether_type < ether_type::first ? parse_llc(cursor) : Verdict::next;
}

// What port security and firewalls look at, or what hides it from them.
constexpr bool is_looked_at(uint16_t type) {
    return type == ether_type::ip4 || type == ether_type::ip6 || type == ether_type::arp ||
           ether_type::is_tag(type);
}

// Believes the bytes, not the length before them: receivers do not compare the two.
[[gnu::noinline]] Verdict parse_llc(Cursor cursor) {
    const auto* llc = cursor.take<LlcHeader>();
    if (!llc)
        return Verdict::parse_truncated_llc;
    if (!llc->is_snap())
        return Verdict::next;
    const auto* snap = cursor.take<SnapHeader>();
    if (!snap)
        return Verdict::parse_truncated_llc;
    return snap->has_type() && is_looked_at(snap->protocol.host()) ? Verdict::parse_snap_ip
                                                                   : Verdict::next;
}

bool has_good_checksum(const Packet& packet, const Ipv4Header& ip, size_t header) {
    if ((packet.mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
        return true;
    return header == sizeof(Ipv4Header) ? ip.adds_up()
                                        : checksum(packet.data + packet.l3, header) == 0;
}

// The cursor stands behind the header's fixed part; header is its whole length, at least that.
// Inlined twice, because most of it goes where the length is known.
[[gnu::always_inline]] inline Verdict parse_ip4(Cursor cursor, const Ipv4Header& ip, size_t header,
                                                Packet& packet) {
    size_t total = ip.total_length();
    if (total < header) [[unlikely]]
        return Verdict::parse_ip4_length;
    if (total > packet.length - packet.l3 || !cursor.skip(header - sizeof(Ipv4Header))) [[unlikely]]
        return Verdict::parse_truncated_ip4;
    if (ip.ttl() == 0) [[unlikely]]
        return Verdict::parse_ip4_ttl;
    if (!has_good_checksum(packet, ip, header)) [[unlikely]]
        return Verdict::parse_ip4_checksum;

    packet.l4 = static_cast<uint16_t>(packet.l3 + header);
    packet.protocol = ip.protocol();
    packet.traffic_class = ip.traffic_class();
    packet.ip4_source = ip.source().value;
    packet.ip4_destination = ip.destination().value;
    packet.is_fragment = ip.is_fragment();
    packet.has_l4 = ip.fragment_offset() == 0;
    return packet.has_l4 ? parse_l4(cursor, total - header, packet) : Verdict::next;
}

// A source route would lead around routers' firewalls: it is refused on every way in.
Verdict check_options(const uint8_t* bytes, size_t length) {
    Ipv4Options options = read_options(bytes, length);
    if (!options.valid)
        return Verdict::parse_ip_option;
    return options.source_route ? Verdict::admit_ip_option : Verdict::next;
}

[[gnu::noinline]] Verdict parse_ip4_options(Cursor cursor, const Ipv4Header& ip, Packet& packet) {
    if (ip.version() != 4)
        return Verdict::parse_ip4_version;
    if (ip.header_length() < sizeof(Ipv4Header))
        return Verdict::parse_ip4_ihl;
    size_t options = ip.header_length() - sizeof(Ipv4Header);
    if (options <= cursor.left())
        if (Verdict verdict = check_options(cursor.data(), options); verdict != Verdict::next)
            return verdict;
    return parse_ip4(cursor, ip, ip.header_length(), packet);
}

inline Verdict parse_ip4(Cursor cursor, Packet& packet) {
    const auto* ip = cursor.take<Ipv4Header>();
    if (!ip) [[unlikely]]
        return Verdict::parse_truncated_ip4;
    if (!ip->is_plain()) [[unlikely]]
        return parse_ip4_options(cursor, *ip, packet);
    return parse_ip4(cursor, *ip, sizeof(Ipv4Header), packet);
}

Verdict verdict_of(Ipv6Chain::Problem problem) {
    switch (problem) {
    case Ipv6Chain::Problem::too_long:
        return Verdict::parse_ip6_ext_chain;
    case Ipv6Chain::Problem::order:
        return Verdict::parse_ip6_ext_order;
    case Ipv6Chain::Problem::source_route:
        return Verdict::parse_ip6_ext_route;
    case Ipv6Chain::Problem::past_end:
    case Ipv6Chain::Problem::none:
        break;
    }
    return Verdict::parse_ip6_ext;
}

[[gnu::noinline]] Verdict parse_ip6(Cursor cursor, Packet& packet) {
    const auto* ip = cursor.take<Ipv6Header>();
    if (!ip)
        return Verdict::parse_truncated_ip6;
    if (ip->version() != 6)
        return Verdict::parse_ip6_version;
    size_t payload = ip->payload_length();
    if (payload > packet.length - packet.l3 - sizeof(Ipv6Header))
        return Verdict::parse_truncated_ip6;
    cursor.limit(payload);
    size_t before = cursor.left();

    Ipv6Chain chain = walk_extensions(cursor, ip->next_header());
    if (chain.problem != Ipv6Chain::Problem::none)
        return verdict_of(chain.problem);

    size_t extensions = before - cursor.left();
    packet.l4 = static_cast<uint16_t>(packet.l3 + sizeof(Ipv6Header) + extensions);
    packet.protocol = chain.protocol;
    packet.traffic_class = ip->traffic_class();
    packet.is_fragment = chain.is_fragment;
    packet.has_l4 = !chain.is_later_fragment;
    return packet.has_l4 ? parse_l4(cursor, payload - extensions, packet) : Verdict::next;
}

// Of SCTP and its like nothing is looked at but the ports.
[[gnu::noinline]] Verdict parse_ports(const Cursor& cursor, Packet& packet) {
    const auto* ports = cursor.peek<L4Ports>();
    if (!ports)
        return Verdict::parse_truncated_l4;
    packet.source_port = ports->source().value();
    packet.destination_port = ports->destination().value();
    return Verdict::next;
}

// The upper layer's header must be whole, in a first fragment too (RFC 7112, clause 5): the cursor
// stands on it, l4_length is what the IP header says is there.
inline Verdict parse_l4(Cursor cursor, size_t l4_length, Packet& packet) {
    size_t need = 0;
    switch (packet.protocol) {
    case ip_protocol::tcp:
        need = sizeof(TcpHeader);
        break;
    case ip_protocol::udp:
    case ip_protocol::icmp:
    case ip_protocol::icmp6:
        need = sizeof(UdpHeader);
        static_assert(sizeof(UdpHeader) == sizeof(IcmpHeader));
        break;
    default:
        if (has_ports(packet.protocol)) [[unlikely]] {
            cursor.limit(l4_length);
            return parse_ports(cursor, packet);
        }
    }
    cursor.limit(l4_length);
    if (cursor.left() < need) [[unlikely]]
        return Verdict::parse_truncated_l4;
    // TCP's ports lie where UDP's do.
    if (packet.protocol == ip_protocol::tcp || packet.protocol == ip_protocol::udp) {
        const auto* l4 = cursor.peek<UdpHeader>();
        packet.source_port = l4->source().value();
        packet.destination_port = l4->destination().value();
    }
    return Verdict::next;
}

} // namespace

} // namespace ringfence
