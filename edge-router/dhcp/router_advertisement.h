// What a router says of a segment (RFC 4861, 4.2): who gives addresses, prefix, MTU, name servers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/types/addresses.h"
#include "edge-router/dhcp/binding.h"

namespace ringfence {

// MaxRtrAdvInterval (6.2.1): the longest that a NIC goes without one. Shorter where what it says
// would not last three times as long.
std::chrono::seconds advertisement_interval(const Dhcp6Binding& binding);

// To one NIC: `to` and its MAC, or the group of all nodes. mtu: the segment's. The frame's size in
// bytes; `room` has 1514.
size_t build_router_advertisement(std::span<uint8_t> room, const Dhcp6Binding& binding,
                                  uint16_t mtu, const MacAddr& to_mac, const Ipv6Addr& to);
// To all nodes, unasked.
size_t build_router_advertisement(std::span<uint8_t> room, const Dhcp6Binding& binding,
                                  uint16_t mtu);

} // namespace ringfence
