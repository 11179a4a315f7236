// The outer UDP checksum over IPv6, where nothing else covers the addresses (RFC 8200, 8.1).
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

namespace ringfence {

// The folded sum of the `length` bytes at `udp`, a UDP header in the first buffer, and of the
// pseudo-header; `pseudo` is the sum of that without its length. 0xffff where it includes a right
// checksum; its complement is the checksum where the header's is 0.
uint16_t sum_over_udp6(const rte_mbuf& mbuf, uint32_t udp, uint16_t length, uint32_t pseudo);

} // namespace ringfence
