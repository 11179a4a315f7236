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
        sends,       // a port whose NIC is another host's (LocalPort::is_elsewhere) has sent
        takes_over,  // a port announces the virtual address `address`, which is not at that port
        foreign_address, // dropped: a port speaks for `address`, which is not its own
        foreign_mac,     // dropped: a port sends from `mac`, which is not its own
        speaks,          // somebody where not all addresses are known speaks for `address`
        declined4,       // its DHCP client has found the offered address in use
        declined6,       // the same of DHCPv6
    };
    Kind kind = Kind::learned_mac;
    PortId port{0}; // that the packet came from: the uplink where it came by tunnel
    SegmentId segment{0};
    MacAddr mac;
    IpAddr address;
};

} // namespace ringfence
