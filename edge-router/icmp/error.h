// The errors that a router makes about packets that it can't pass on (RFC 1812, 4.3; RFC 4443, 3),
// as whole frames. Pure: bytes in, bytes out; whether one is due, and how often, is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/types/addresses.h"

namespace ringfence {

struct IcmpProblem {
    enum class Kind : uint8_t {
        time_exceeded, // TTL or hop limit used up
        no_route,      // 3/0; ICMPv6 1/0
        no_neighbour,  // 3/1; 1/3: nobody has the address
        no_port,       // 3/3; 1/4
        no_protocol,   // 3/2; ICMPv6 4/1, which points at the next header
        prohibited,    // 3/13; 1/1
        too_big,       // 3/4 with the MTU; ICMPv6 2/0
    };
    Kind kind;
    uint16_t mtu = 0; // too_big: bytes of IP that fit
};

// Who the error comes from and where its frame goes.
struct IcmpErrorSender {
    MacAddr mac;    // the router's in the segment where the error starts
    MacAddr next;   // the offender's, or the next hop's towards it
    IpAddr address; // the router's own, of the packet's family (DESIGN §5, rule 7)
};

// Largest frames that build_icmp_error() makes: an error is no larger than every link carries (RFC
// 1812, 4.3.2.3: 576 bytes; RFC 4443, 2.4 c: 1280).
inline constexpr size_t max_icmp_error_frame = 14 + 1280;

// Whether a router may answer this frame with an error at all: not where it, or what it is about,
// is an ICMP error or redirect, a later fragment, for a group or broadcast by either layer, or from
// an address that names no single host (RFC 1122, 3.2.2; RFC 4443, 2.4 e). `l3` is where its IP
// header begins, bytes from the frame's first, and the frame may be cut off anywhere behind.
bool may_answer_with_error(std::span<const uint8_t> frame, size_t l3);

// Writes the frame of an error about `packet`, from its IP header on and as the receiver of the
// error sent it; padding behind its end is not quoted. Returns its size in bytes; 0 where `room` is
// too small for it, the packet's IP header is not whole, the sender's address is of the other
// family, or there is no such error. The MTU is raised to the least that the family knows, 68 or
// 1280.
size_t build_icmp_error(std::span<uint8_t> room, const IcmpErrorSender& from, IcmpProblem problem,
                        std::span<const uint8_t> packet);

} // namespace ringfence
