#include "edge-router/icmp/reset.h"

#include "core/wire/checksum.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"
#include "edge-router/icmp/writer.h"

namespace ringfence {

namespace {

constexpr uint8_t ttl = 64;

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

ResetNumbers reset_for_sender(const TcpSegment& segment) {
    if (segment.has(tcp_flag::ack))
        return {.sequence = segment.acknowledgement, .acknowledgement = std::nullopt};
    return {.sequence = 0, .acknowledgement = segment.end()};
}

ResetNumbers reset_for(const TcpRecord& record, TcpEnd end) {
    return {.sequence = record.expected_by(end), .acknowledgement = record.sent_by(end)};
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
