// How large a worker's connection tables are, and what they allow.
#pragma once

#include <cstdint>

#include "dataplane/connection/timeouts.h"
#include "edge-router/firewall/tcp_record.h"

namespace ringfence {

struct ConnectionSettings {
    // Entries of one worker. The region takes 179 bytes for each of IPv4, 307 for IPv6.
    uint32_t capacity4 = 1u << 18;
    uint32_t capacity6 = 1u << 16;
    uint32_t ways = 1u << 17;      // 80 bytes each
    uint32_t way_quota = 1u << 14; // of these, those that one local port may have
    uint32_t denials = 1u << 13;

    // Entries a local port may have, both families, where it has no quota of its own, and the
    // table leaves it so many (shares.h).
    uint32_t quota = 65'536;
    // Of these, unanswered ones a direction; a quarter of a quota of the port's own. From half of
    // it on they live half_open_under_pressure; when it is reached, the oldest goes if it has been
    // silent for half_open_grace, else the new one is refused.
    uint32_t half_open_quota = 16'384;
    uint32_t half_open_grace = 1'000; // ms

    TcpOptions tcp;
    TimeoutSettings timeouts;
};

} // namespace ringfence
