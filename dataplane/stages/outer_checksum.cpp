#include "dataplane/stages/outer_checksum.h"

#include <rte_ip.h>

namespace ringfence {

// rte_raw_cksum_mbuf sums words as this machine reads them; swapping commutes with the sum (RFC
// 1071, 2).
uint16_t sum_over_udp6(const rte_mbuf& mbuf, uint32_t udp, uint16_t length, uint32_t pseudo) {
    uint16_t bytes = 0;
    if (rte_raw_cksum_mbuf(&mbuf, udp, length, &bytes) != 0)
        return 0; // it ends before
    uint32_t sum = pseudo + length + __builtin_bswap16(bytes);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>((sum & 0xffff) + (sum >> 16));
}

} // namespace ringfence
