// How long a silent connection is kept. Connections that are only filtered go by netfilter's
// defaults, translated ones by the RFCs, which promise more (DESIGN §7).
#pragma once

#include <array>
#include <cstdint>

#include "edge-router/firewall/tcp_record.h"

namespace ringfence {

// Milliseconds, at most 2^31 (24 days).
struct Timeouts {
    std::array<uint32_t, tcp_state_count> tcp; // by TcpState
    uint32_t tcp_unacknowledged; // established, with data that the other end hasn't acknowledged
    uint32_t udp;                // unanswered
    uint32_t udp_answered;
    uint32_t icmp; // queries, both families
    uint32_t other;

    // netfilter's nf_conntrack_*_timeout.
    static const Timeouts filtered;
    // RFC 4787 (REQ-5: 300 s), RFC 5382 (REQ-5: 2 h 4 min, transitory 4 min), RFC 5508 (REQ-2:
    // 60 s).
    static const Timeouts translated;
};

struct TimeoutSettings {
    Timeouts filtered = Timeouts::filtered;
    Timeouts translated = Timeouts::translated;
    uint32_t half_open_under_pressure = 30'000; // ms, whichever protocol
    // What comes from outside keeps a translated connection other than TCP alive too (RFC 4787,
    // REQ-6: off, or outsiders could pin state).
    bool inbound_refresh = false;
};

} // namespace ringfence
