// How this host writes outer headers. The same on all hosts of a fabric.
#pragma once

#include <cstdint>

namespace ringfence {

struct TunnelSettings {
    uint16_t udp_port = 4789; // of VXLAN, both ways; 8472 is seen in the wild
    // DSCP, of an inner IP packet, into the outer header (RFC 2983's uniform model going in); else
    // 0. The inner DSCP is never changed on the way out.
    bool copy_dscp = true;
    // Over IPv6 the outer UDP checksum is computed and checked; true: it is sent as 0, and 0 is
    // accepted (RFC 6935, RFC 6936: only where somebody has asked for it).
    bool zero_checksum6 = false;
    bool operator==(const TunnelSettings&) const = default;
};

} // namespace ringfence
