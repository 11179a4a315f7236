// TCP resets: for both ends of a connection that is cut (DESIGN §5, rule 1), and for what a
// firewall rejects. Pure: they are made from a segment at hand or from what was tracked, and an end
// that keeps to RFC 5961 takes them, because their sequence number is exactly the next that it
// expects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/packet/tuple.h"
#include "core/types/addresses.h"
#include "edge-router/firewall/tcp_record.h"

namespace ringfence {

// The frame's MACs.
struct Link {
    MacAddr from, to;
};

// What a reset says: `sequence` is the next one that its receiver expects (RFC 5961, 3.2). With an
// acknowledgement the ACK flag is set: an end in SYN-SENT takes no other (RFC 9293, 3.10.7.3).
struct ResetNumbers {
    uint32_t sequence = 0;
    std::optional<uint32_t> acknowledgement;
};

// The reset for who sent this segment, as an end would answer that knows no connection (RFC 9293,
// 3.10.7.1).
ResetNumbers reset_for_sender(const TcpSegment& segment);
// The reset for either end of a tracked connection.
ResetNumbers reset_for(const TcpRecord& record, TcpEnd end);

// Largest frame that build_tcp_reset() makes: Ethernet, IPv6, TCP.
inline constexpr size_t max_tcp_reset_frame = 14 + 40 + 20;

// Writes the frame of a reset. `tuple` is the reset's own: its source is the end that it seems to
// come from. Returns its size in bytes; 0 where `room` is too small. Address is Ipv4Addr or
// Ipv6Addr.
template <class Address>
size_t build_tcp_reset(std::span<uint8_t> room, const Link& link, const Tuple<Address>& tuple,
                       const ResetNumbers& numbers);

} // namespace ringfence
