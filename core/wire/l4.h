// TCP, UDP and ICMP headers as they lie on the wire. Accessors speak host order.
#pragma once

#include <cstdint>

#include "core/types/ids.h"
#include "core/wire/cursor.h"

namespace ringfence {

namespace tcp_flag { // RFC 9293, 3.1
inline constexpr uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10, urg = 0x20,
                         cwr = 0x80;
} // namespace tcp_flag

class TcpHeader {
public:
    L4Port source() const { return L4Port(source_.host()); }
    L4Port destination() const { return L4Port(destination_.host()); }
    uint32_t sequence() const { return sequence_.host(); }
    uint32_t acknowledgement() const { return acknowledgement_.host(); }
    size_t header_length() const { return size_t{4} * (offset_ >> 4); }
    uint8_t flags() const { return flags_; }
    uint16_t window() const { return window_.host(); } // unscaled
    void set_checksum(uint16_t checksum) { checksum_ = Be16(checksum); }
    void set_sequence(uint32_t sequence) { sequence_ = Be32(sequence); }
    void set_flags(uint8_t flags) { flags_ = flags; }

    // A segment without options, payload, window and checksum.
    static TcpHeader make(L4Port source, L4Port destination, uint32_t sequence,
                          uint32_t acknowledgement, uint8_t flags) {
        TcpHeader header{};
        header.source_ = Be16(source.value());
        header.destination_ = Be16(destination.value());
        header.sequence_ = Be32(sequence);
        header.acknowledgement_ = Be32(acknowledgement);
        header.offset_ = sizeof(TcpHeader) / 4 << 4;
        header.flags_ = flags;
        return header;
    }

private:
    Be16 source_, destination_;
    Be32 sequence_, acknowledgement_;
    uint8_t offset_, flags_;
    Be16 window_, checksum_, urgent_;
};
static_assert(sizeof(TcpHeader) == 20);

// As much of a TCP header as an ICMP error quotes at least.
class TcpBeginning {
public:
    uint32_t sequence() const { return sequence_.host(); }

private:
    [[maybe_unused]] Be16 source_, destination_;
    Be32 sequence_;
};
static_assert(sizeof(TcpBeginning) == 8);

// What the headers of all protocols with ports begin with.
class L4Ports {
public:
    L4Port source() const { return L4Port(source_.host()); }
    L4Port destination() const { return L4Port(destination_.host()); }

private:
    Be16 source_, destination_;
};
static_assert(sizeof(L4Ports) == 4);

class UdpHeader {
public:
    UdpHeader() = default;
    UdpHeader(L4Port source, L4Port destination, uint16_t length)
        : source_(source.value()), destination_(destination.value()), length_(length) {}

    L4Port source() const { return L4Port(source_.host()); }
    L4Port destination() const { return L4Port(destination_.host()); }
    uint16_t length() const { return length_.host(); } // header included, bytes
    uint16_t checksum() const { return checksum_.host(); }
    void set_source(L4Port port) { source_ = Be16(port.value()); }
    void set_length(uint16_t length) { length_ = Be16(length); }
    void set_checksum(uint16_t checksum) { checksum_ = Be16(checksum); }

private:
    Be16 source_, destination_, length_, checksum_;
};
static_assert(sizeof(UdpHeader) == 8);

namespace icmp_type { // RFC 792, RFC 950
inline constexpr uint8_t echo_reply = 0, unreachable = 3, source_quench = 4, redirect = 5, echo = 8,
                         time_exceeded = 11, parameter_problem = 12, timestamp = 13,
                         timestamp_reply = 14, information_reply = 16, mask = 17, mask_reply = 18;
} // namespace icmp_type

namespace icmp6_type { // RFC 4443; below 128 they are errors (2.1)
inline constexpr uint8_t unreachable = 1, too_big = 2, time_exceeded = 3, parameter_problem = 4,
                         first_query = 128, echo = 128, echo_reply = 129, redirect = 137;
} // namespace icmp6_type

// What ICMP and ICMPv6 messages begin with.
class IcmpHeader {
public:
    uint8_t type() const { return type_; }
    uint8_t code() const { return code_; }
    uint16_t checksum() const { return checksum_.host(); }
    uint16_t id() const { return static_cast<uint16_t>(rest_.host() >> 16); } // of a query
    void set_type(uint8_t type) { type_ = type; }
    void set_checksum(uint16_t checksum) { checksum_ = Be16(checksum); }

    // The checksum is left 0. `rest` is the message's second word.
    static IcmpHeader make(uint8_t type, uint8_t code, uint32_t rest) {
        IcmpHeader header{};
        header.type_ = type;
        header.code_ = code;
        header.rest_ = Be32(rest);
        return header;
    }

private:
    uint8_t type_, code_;
    Be16 checksum_;
    Be32 rest_;
};
static_assert(sizeof(IcmpHeader) == 8);

} // namespace ringfence
