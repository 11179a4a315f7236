// What a worker saw and the agent should know. Best effort: a notice that finds the queue full is
// forgotten, and the next packet of its kind gives it again.
#pragma once

#include <cstdint>

#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence {

struct Notice {
    enum class Kind : uint8_t {
        learned_mac, // a trusted port sends from a MAC that is not, or only doubtfully, known there
        moved_mac,   // a MAC that was learned here came by tunnel, from another trusted port
        claim,       // a strict port probes (DAD) for a link-local address: `address`
        in_use,      // somebody in the segment has `address` or probes for it
        declined4,   // its DHCP client has found the offered address in use
        declined6,   // the same of DHCPv6
    };
    Kind kind = Kind::learned_mac;
    PortId port{0}; // that the packet came from; in_use: the uplink where it came by tunnel
    SegmentId segment{0};
    MacAddr mac;
    Ipv6Addr address;
};

} // namespace ringfence
