// Group addresses as numbers (MacAddr::to_u64), for the stages.
#pragma once

#include <cstdint>

namespace ringfence {

constexpr bool is_group(uint64_t mac) { return mac >> 40 & 1; }

// Addresses that a bridge keeps to the link (BEHAVIOUR row 19): 01:80:c2:00:00:00-0f (IEEE 802.1Q,
// table 8-1: STP, pause, LACP, LLDP, PTP's peer delay), Cisco's 01:00:0c (CDP, PVST), PTP.
constexpr bool is_reserved(uint64_t mac) {
    return is_group(mac) && ((mac & ~uint64_t{0xf}) == 0x0180c2000000 || mac >> 24 == 0x01000c ||
                             mac == 0x011b19000000);
}

} // namespace ringfence
