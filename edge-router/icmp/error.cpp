#include "edge-router/icmp/error.h"

#include "core/wire/checksum.h"
#include "core/wire/cursor.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"
#include "edge-router/icmp/quote.h"
#include "edge-router/icmp/writer.h"

namespace ringfence {

namespace {

using Kind = IcmpProblem::Kind;
using Bytes = std::span<const uint8_t>;

constexpr uint8_t ttl = 64;                       // as hosts send, RFC 1700
constexpr uint8_t internetwork_control = 6 << 5;  // precedence of errors (RFC 1812, 4.3.2.5)
constexpr size_t largest4 = 576, largest6 = 1280; // bytes of IP
constexpr uint16_t least_mtu4 = 68, least_mtu6 = 1280;
constexpr Ipv6Addr loopback6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

bool is_single_host(Ipv4Addr source) {
    return source.value >> 24 != 0 && !source.is_loopback() && source.value < 0xe0000000;
}
bool is_single_host(const Ipv6Addr& source) {
    return !source.is_unspecified() && !source.is_multicast() && source != loopback6;
}

bool is_error_message(Cursor cursor, uint8_t protocol) {
    if (protocol != ip_protocol::icmp && protocol != ip_protocol::icmp6)
        return false;
    const auto* icmp = cursor.peek<IcmpHeader>();
    return !icmp || is_icmp_error(protocol, icmp->type());
}

bool may_answer4(Cursor cursor) {
    const auto* ip = cursor.peek<Ipv4Header>();
    if (!ip || !cursor.skip(ip->header_length()) || ip->fragment_offset() != 0)
        return false;
    bool group = ip->destination().is_multicast() || ip->destination().value == 0xffffffff;
    return !group && is_single_host(ip->source()) && !is_error_message(cursor, ip->protocol());
}

bool may_answer6(Cursor cursor) {
    const auto* ip = cursor.take<Ipv6Header>();
    if (!ip || ip->destination().is_multicast() || !is_single_host(ip->source()))
        return false;
    Ipv6Chain chain = walk_extensions(cursor, ip->next_header());
    return chain.problem == Ipv6Chain::Problem::none && !chain.is_later_fragment &&
           !is_error_message(cursor, chain.protocol);
}

IcmpHeader message4(IcmpProblem problem) {
    switch (problem.kind) {
    case Kind::time_exceeded:
        return IcmpHeader::make(icmp_type::time_exceeded, 0, 0);
    case Kind::no_route:
        return IcmpHeader::make(icmp_type::unreachable, 0, 0);
    case Kind::no_neighbour:
        return IcmpHeader::make(icmp_type::unreachable, 1, 0);
    case Kind::no_protocol:
        return IcmpHeader::make(icmp_type::unreachable, 2, 0);
    case Kind::no_port:
        return IcmpHeader::make(icmp_type::unreachable, 3, 0);
    case Kind::prohibited:
        return IcmpHeader::make(icmp_type::unreachable, 13, 0); // RFC 1812, 5.2.7.1
    case Kind::too_big:                                         // RFC 1191, 4
        return IcmpHeader::make(icmp_type::unreachable, 4, std::max(problem.mtu, least_mtu4));
    }
    __builtin_unreachable();
}

IcmpHeader message6(IcmpProblem problem) {
    constexpr uint32_t next_header_at = 6; // of IPv6's own header
    switch (problem.kind) {
    case Kind::time_exceeded:
        return IcmpHeader::make(icmp6_type::time_exceeded, 0, 0);
    case Kind::no_route:
        return IcmpHeader::make(icmp6_type::unreachable, 0, 0);
    case Kind::no_neighbour:
        return IcmpHeader::make(icmp6_type::unreachable, 3, 0);
    case Kind::no_protocol:
        return IcmpHeader::make(icmp6_type::parameter_problem, 1, next_header_at);
    case Kind::no_port:
        return IcmpHeader::make(icmp6_type::unreachable, 4, 0);
    case Kind::prohibited:
        return IcmpHeader::make(icmp6_type::unreachable, 1, 0);
    case Kind::too_big:
        return IcmpHeader::make(icmp6_type::too_big, 0, std::max(problem.mtu, least_mtu6));
    }
    __builtin_unreachable();
}

// Then it is not IPv6's own header that names the upper layer.
bool has_chain(Bytes packet) {
    Cursor cursor = Cursor::over(packet);
    const auto* ip = cursor.take<Ipv6Header>();
    return walk_extensions(cursor, ip->next_header()).protocol != ip->next_header();
}

// What is quoted of a packet of `length` bytes, of which `packet` may be the beginning.
Bytes quote_of(Bytes packet, size_t length, size_t most) {
    return packet.first(std::min({packet.size(), length, most}));
}

size_t build4(std::span<uint8_t> room, const IcmpErrorSender& from, IcmpProblem problem,
              Bytes packet) {
    const auto* about = Cursor::over(packet).peek<Ipv4Header>();
    constexpr size_t headers = sizeof(Ipv4Header) + sizeof(IcmpHeader);
    if (!about || packet.size() < about->header_length() || !from.address.v4())
        return 0;
    Bytes quote = quote_of(packet, about->total_length(), largest4 - headers);
    if (room.size() < sizeof(EthernetHeader) + headers + quote.size())
        return 0;

    auto ip = Ipv4Header::make(*from.address.v4(), about->source(), ip_protocol::icmp, ttl);
    ip.set_traffic_class(internetwork_control);
    ip.set_total_length(static_cast<uint16_t>(headers + quote.size()));
    ip.set_checksum(checksum(reinterpret_cast<const uint8_t*>(&ip), sizeof ip));
    IcmpHeader icmp = message4(problem);
    ChecksumSum sum;
    sum.add(reinterpret_cast<const uint8_t*>(&icmp), sizeof icmp);
    sum.add(quote.data(), quote.size());
    icmp.set_checksum(sum.checksum());

    Writer writer(room);
    writer.put(EthernetHeader::make(from.mac, from.next, ether_type::ip4));
    writer.put(ip);
    writer.put(icmp);
    writer.put_bytes(quote);
    return writer.size();
}

size_t build6(std::span<uint8_t> room, const IcmpErrorSender& from, IcmpProblem problem,
              Bytes packet) {
    const auto* about = Cursor::over(packet).peek<Ipv6Header>();
    constexpr size_t headers = sizeof(Ipv6Header) + sizeof(IcmpHeader);
    if (!about || !from.address.v6() || (problem.kind == Kind::no_protocol && has_chain(packet)))
        return 0;
    Bytes quote =
        quote_of(packet, sizeof(Ipv6Header) + about->payload_length(), largest6 - headers);
    if (room.size() < sizeof(EthernetHeader) + headers + quote.size())
        return 0;

    auto length = static_cast<uint16_t>(sizeof(IcmpHeader) + quote.size());
    auto ip = Ipv6Header::make(*from.address.v6(), about->source(), ip_protocol::icmp6, ttl);
    ip.set_payload_length(length);
    IcmpHeader icmp = message6(problem);
    auto sum = ipv6_pseudo_header(ip.source(), ip.destination(), ip_protocol::icmp6, length);
    sum.add(reinterpret_cast<const uint8_t*>(&icmp), sizeof icmp);
    sum.add(quote.data(), quote.size());
    icmp.set_checksum(sum.checksum());

    Writer writer(room);
    writer.put(EthernetHeader::make(from.mac, from.next, ether_type::ip6));
    writer.put(ip);
    writer.put(icmp);
    writer.put_bytes(quote);
    return writer.size();
}

} // namespace

bool may_answer_with_error(std::span<const uint8_t> frame, size_t l3) {
    Cursor cursor = Cursor::over(frame);
    const auto* ethernet = cursor.peek<EthernetHeader>();
    if (!ethernet || ethernet->destination.is_group() || !cursor.skip(l3) || cursor.left() == 0)
        return false;
    switch (*cursor.data() >> 4) {
    case 4:
        return may_answer4(cursor);
    case 6:
        return may_answer6(cursor);
    default:
        return false;
    }
}

size_t build_icmp_error(std::span<uint8_t> room, const IcmpErrorSender& from, IcmpProblem problem,
                        std::span<const uint8_t> packet) {
    if (packet.empty())
        return 0;
    return packet[0] >> 4 == 4 ? build4(room, from, problem, packet)
                               : build6(room, from, problem, packet);
}

} // namespace ringfence
