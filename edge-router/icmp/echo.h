// Echo for a router's own addresses (RFC 792; RFC 4443, 4), in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ringfence {

// Turns an echo request into its reply: MACs, addresses, type; TTL 64. Checksums are corrected, not
// made anew: a request that came damaged gives a reply that its receiver will refuse, and the
// payload need not be in `frame`. A request in fragments is answered fragment by fragment: what
// carries none of its header is turned around by addresses alone. False, and nothing is changed,
// where it is no echo request or its headers are not whole. `l3` is where the IP header begins,
// bytes from the frame's first.
bool turn_into_echo_reply(std::span<uint8_t> frame, size_t l3);

} // namespace ringfence
