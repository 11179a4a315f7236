// Puts Ethernet, IP and UDP headers before a payload that was written where it belongs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/types/addresses.h"

namespace ringfence {

// Where the payload begins, bytes from the frame's first.
inline constexpr size_t udp4_payload = 14 + 20 + 8, udp6_payload = 14 + 40 + 8;

template <class Address> struct UdpEnds {
    MacAddr source_mac, destination_mac;
    Address source, destination;
    uint16_t source_port, destination_port;
};

// The frame's size, bytes. `payload` bytes are in `room` behind the headers' place.
size_t put_udp_headers(std::span<uint8_t> room, const UdpEnds<Ipv4Addr>& ends, size_t payload);
size_t put_udp_headers(std::span<uint8_t> room, const UdpEnds<Ipv6Addr>& ends, size_t payload);

} // namespace ringfence
