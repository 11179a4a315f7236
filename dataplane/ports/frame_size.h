// How long a frame may be on a port of a given MTU. One place, so that buffers, drivers and limits
// agree.
#pragma once

namespace ringfence::ports {

constexpr unsigned smallest_mtu = 68; // RFC 791, clause 3.2
constexpr unsigned ethernet_header = 14, vlan_tag = 4;

// Bytes of the largest frame, two VLAN tags included, without the checksum at its end.
constexpr unsigned largest_frame(unsigned mtu) { return mtu + ethernet_header + 2 * vlan_tag; }

} // namespace ringfence::ports
