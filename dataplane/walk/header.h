// What routers look at and change of a packet, apart from its bytes: the packet itself, one rebuilt
// from a connection, or one that an ICMP error quotes can be walked alike.
#pragma once

#include <cstdint>

#include "core/types/addresses.h"
#include "core/types/ids.h"
#include "dataplane/fabric/segment.h"

namespace ringfence {

struct Header {
    const Segment* segment = nullptr; // that the frame is in
    uint64_t source_mac = 0, destination_mac = 0;
    IpAddr source, destination; // of one family
    uint16_t source_port = 0, destination_port = 0;
    uint8_t protocol = 0;
    uint8_t ttl = 255;
    uint16_t length = 0; // of the IP packet, bytes; 0: fits everywhere
};

} // namespace ringfence
