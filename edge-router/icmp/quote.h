// ICMP errors that cross a translation: the connection that they belong to is the one they quote
// (RFC 5508, 4). Somebody behind a fence, 10.0.0.5 inside and .105 outside, sent UDP to 192.0.2.9,
// and a router on the way, 192.0.2.1, answers:
//
//     192.0.2.1 > .105   ICMP time exceeded   quote: .105:4000 > 192.0.2.9:33434
//
// find_quote() says ".105:4000 > 192.0.2.9:33434". Reversed, that is a packet of the connection as
// it would arrive here; its rewrite leads from 192.0.2.9 > .105 to 192.0.2.9 > 10.0.0.5. What the
// host inside shall see quoted is that once more reversed:
//
//     192.0.2.1 > 10.0.0.5   ICMP time exceeded   quote: 10.0.0.5:4000 > 192.0.2.9:33434
//
// which rewrite_quote() makes of it: quote, checksums inside it and out, and the outer addresses.
// An error from inside goes the same way out, its outer source being what the caller says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/packet/tuple.h"
#include "core/packet/verdicts.h"

namespace ringfence {

// Address is Ipv4Addr or Ipv6Addr.
template <class Address> struct Quote {
    Tuple<Address> tuple;                 // as quoted: its source is who sent the quoted packet
    std::optional<uint32_t> tcp_sequence; // of TCP: what an off-path forger has to guess (RFC 5927)
    // Offsets in bytes from the outer IP header; `end` of what is quoted, extensions of RFC 4884
    // not included.
    uint16_t message = 0, ip = 0, l4 = 0, end = 0;
};

// True for the types that quote (destination unreachable, time exceeded, packet too big...) and for
// redirects: all that a connection of its own would be wrong for.
bool is_icmp_error(uint8_t protocol, uint8_t type);

// Reads the quote of an ICMP error. `packet` begins with the outer IP header and ends with the IP
// packet, or with the buffer where that is in several; `message` is the offset of the ICMP header.
//
//     next                 `quote` is set
//     nat_icmp_checksum    the message's checksum, or that of the quoted IPv4 header, is wrong (RFC
//                          5508, REQ-3; that of the quoted TCP or UDP is not looked at)
//     icmp_redirect        a redirect: no router of ours believes or carries one
//     nat_icmp_no_match    nothing that names a connection is quoted: too short, a later fragment,
//                          another error, or no packet of the outer destination's
template <class Address>
Verdict find_quote(std::span<const uint8_t> packet, size_t message, Quote<Address>& quote);

// What the packet shall say instead.
template <class Address> struct QuoteRewrite {
    Tuple<Address> quoted;
    Address source, destination; // of the outer header
};

// Changes it so, with every checksum corrected for what changed and for nothing else: outer and
// quoted IPv4 header, ICMP, and of the quoted TCP, UDP or ICMP query where it is in the quote (a
// UDP checksum of 0 stays 0). `quote` is find_quote()'s of this packet.
template <class Address>
void rewrite_quote(std::span<uint8_t> packet, const Quote<Address>& quote,
                   const QuoteRewrite<Address>& to);

} // namespace ringfence
