#include "edge-router/icmp/reset.h"

#include "core/wire/checksum.h"
#include "core/wire/cursor.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"
#include "edge-router/icmp/writer.h"

namespace ringfence {

namespace {

constexpr uint8_t ttl = 64;

// Of the whole IP packet, bytes, as its header says; 0 where that is not whole.
size_t length_of(Cursor cursor) {
    if (cursor.left() == 0)
        return 0;
    if (*cursor.data() >> 4 == 4) {
        const auto* ip = cursor.peek<Ipv4Header>();
        return ip ? ip->total_length() : 0;
    }
    const auto* ip = cursor.peek<Ipv6Header>();
    return ip ? sizeof(Ipv6Header) + ip->payload_length() : 0;
}

Ipv4Header ip_header(const Tuple4& tuple) {
    auto ip = Ipv4Header::make(tuple.source, tuple.destination, ip_protocol::tcp, ttl);
    ip.set_total_length(sizeof(Ipv4Header) + sizeof(TcpHeader));
    ip.set_checksum(checksum(reinterpret_cast<const uint8_t*>(&ip), sizeof ip));
    return ip;
}
Ipv6Header ip_header(const Tuple6& tuple) {
    auto ip = Ipv6Header::make(tuple.source, tuple.destination, ip_protocol::tcp, ttl);
    ip.set_payload_length(sizeof(TcpHeader));
    return ip;
}

ChecksumSum pseudo_header(const Tuple4& tuple) {
    return ipv4_pseudo_header(tuple.source, tuple.destination, ip_protocol::tcp, sizeof(TcpHeader));
}
ChecksumSum pseudo_header(const Tuple6& tuple) {
    return ipv6_pseudo_header(tuple.source, tuple.destination, ip_protocol::tcp, sizeof(TcpHeader));
}

constexpr uint16_t type_of(const Ipv4Header&) { return ether_type::ip4; }
constexpr uint16_t type_of(const Ipv6Header&) { return ether_type::ip6; }

} // namespace

std::optional<TcpNumbers> tcp_numbers(std::span<const uint8_t> packet, size_t l4) {
    Cursor cursor = Cursor::over(packet);
    size_t length = length_of(cursor);
    const auto* tcp = cursor.skip(l4) ? cursor.peek<TcpHeader>() : nullptr;
    if (!tcp || tcp->header_length() < sizeof(TcpHeader) || length < l4 + tcp->header_length())
        return std::nullopt;
    uint8_t flags = tcp->flags();
    size_t payload = length - l4 - tcp->header_length();
    TcpNumbers numbers{.sequence = tcp->sequence(), .acknowledgement = tcp->acknowledgement()};
    numbers.syn = flags & tcp_flag::syn;
    numbers.ack = flags & tcp_flag::ack;
    numbers.rst = flags & tcp_flag::rst;
    bool fin = flags & tcp_flag::fin;
    numbers.length = static_cast<uint32_t>(payload + (numbers.syn ? 1 : 0) + (fin ? 1 : 0));
    return numbers;
}

ResetNumbers reset_for_sender(const TcpNumbers& segment) {
    if (segment.ack)
        return {.sequence = segment.acknowledgement, .acknowledgement = std::nullopt};
    return {.sequence = 0, .acknowledgement = segment.sequence + segment.length};
}

ResetNumbers reset_for_receiver(const TcpNumbers& segment) {
    ResetNumbers numbers{.sequence = segment.sequence, .acknowledgement = std::nullopt};
    if (segment.ack)
        numbers.acknowledgement = segment.acknowledgement;
    return numbers;
}

template <class Address>
size_t build_tcp_reset(std::span<uint8_t> room, const Link& link, const Tuple<Address>& tuple,
                       const ResetNumbers& numbers) {
    auto ip = ip_header(tuple);
    if (room.size() < sizeof(EthernetHeader) + sizeof ip + sizeof(TcpHeader))
        return 0;
    uint8_t flags = tcp_flag::rst;
    if (numbers.acknowledgement)
        flags |= tcp_flag::ack;
    auto tcp = TcpHeader::make(L4Port(tuple.source_port), L4Port(tuple.destination_port),
                               numbers.sequence, numbers.acknowledgement.value_or(0), flags);
    ChecksumSum sum = pseudo_header(tuple);
    sum.add(reinterpret_cast<const uint8_t*>(&tcp), sizeof tcp);
    tcp.set_checksum(sum.checksum());

    Writer writer(room);
    writer.put(EthernetHeader::make(link.from, link.to, type_of(ip)));
    writer.put(ip);
    writer.put(tcp);
    return writer.size();
}

template size_t build_tcp_reset(std::span<uint8_t>, const Link&, const Tuple4&,
                                const ResetNumbers&);
template size_t build_tcp_reset(std::span<uint8_t>, const Link&, const Tuple6&,
                                const ResetNumbers&);

} // namespace ringfence
