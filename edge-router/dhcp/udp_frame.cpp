#include "edge-router/dhcp/udp_frame.h"

#include <algorithm>
#include <cstring>

#include "core/wire/checksum.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"

namespace ringfence {

namespace {

constexpr uint8_t ttl = 64;

template <class Header> void put(std::span<uint8_t> room, size_t at, const Header& header) {
    static_assert(alignof(Header) == 1);
    std::memcpy(room.data() + at, &header, sizeof header);
}

// The UDP header and the payload behind it, with the checksum that `pseudo` begins.
template <class Address>
void put_udp(std::span<uint8_t> room, size_t at, const UdpEnds<Address>& ends, uint16_t length,
             ChecksumSum pseudo) {
    UdpHeader udp(L4Port(ends.source_port), L4Port(ends.destination_port), length);
    put(room, at, udp);
    pseudo.add(room.data() + at, length);
    uint16_t sum = pseudo.checksum();
    udp.set_checksum(sum ? sum : 0xffff); // RFC 768
    put(room, at, udp);
}

} // namespace

size_t put_udp_headers(std::span<uint8_t> room, const UdpEnds<Ipv4Addr>& ends, size_t payload) {
    constexpr size_t ip_at = sizeof(EthernetHeader), udp_at = ip_at + sizeof(Ipv4Header);
    static_assert(udp_at + sizeof(UdpHeader) == udp4_payload);
    auto length = static_cast<uint16_t>(sizeof(UdpHeader) + payload);
    put(room, 0, EthernetHeader::make(ends.source_mac, ends.destination_mac, ether_type::ip4));
    auto ip = Ipv4Header::make(ends.source, ends.destination, ip_protocol::udp, ttl);
    ip.set_total_length(static_cast<uint16_t>(sizeof ip + length));
    ip.set_checksum(checksum(reinterpret_cast<const uint8_t*>(&ip), sizeof ip));
    put(room, ip_at, ip);
    put_udp(room, udp_at, ends, length,
            ipv4_pseudo_header(ends.source, ends.destination, ip_protocol::udp, length));
    return udp4_payload + payload;
}

size_t put_udp_headers(std::span<uint8_t> room, const UdpEnds<Ipv6Addr>& ends, size_t payload) {
    constexpr size_t ip_at = sizeof(EthernetHeader), udp_at = ip_at + sizeof(Ipv6Header);
    static_assert(udp_at + sizeof(UdpHeader) == udp6_payload);
    auto length = static_cast<uint16_t>(sizeof(UdpHeader) + payload);
    put(room, 0, EthernetHeader::make(ends.source_mac, ends.destination_mac, ether_type::ip6));
    auto ip = Ipv6Header::make(ends.source, ends.destination, ip_protocol::udp, ttl);
    ip.set_payload_length(length);
    put(room, ip_at, ip);
    put_udp(room, udp_at, ends, length,
            ipv6_pseudo_header(ends.source, ends.destination, ip_protocol::udp, length));
    return udp6_payload + payload;
}

} // namespace ringfence
