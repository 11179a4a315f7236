// What tells VMs that an address has a new MAC: gratuitous ARP (RFC 5227, 3) and unsolicited
// neighbour advertisements (RFC 4861, 7.2.6), as whole frames to everybody in a segment. Sent to a
// host's own VMs when a router appears in their segment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/types/addresses.h"

namespace ringfence {

// Largest frame that build_announcement() makes: Ethernet, IPv6, advertisement with its option.
inline constexpr size_t max_announcement_frame = 14 + 40 + 24 + 8;

// Says that `address` is at `mac`, and with `router` that it routes (ICMPv6's R flag). Returns the
// frame's size in bytes; 0 where `room` is too small.
size_t build_announcement(std::span<uint8_t> room, const MacAddr& mac, const IpAddr& address,
                          bool router);

} // namespace ringfence
