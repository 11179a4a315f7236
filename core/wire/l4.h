// TCP, UDP and ICMP headers as they lie on the wire. Accessors speak host order.
#pragma once

#include <cstdint>

#include "core/types/ids.h"
#include "core/wire/cursor.h"

namespace ringfence {

class TcpHeader {
public:
    L4Port source() const { return L4Port(source_.host()); }
    L4Port destination() const { return L4Port(destination_.host()); }

private:
    Be16 source_, destination_;
    Be32 sequence_, acknowledgement_;
    [[maybe_unused]] uint8_t offset_, flags_;
    Be16 window_, checksum_, urgent_;
};
static_assert(sizeof(TcpHeader) == 20);

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

private:
    Be16 source_, destination_, length_, checksum_;
};
static_assert(sizeof(UdpHeader) == 8);

// What ICMP and ICMPv6 messages begin with.
class IcmpHeader {
public:
    uint8_t type() const { return type_; }
    uint8_t code() const { return code_; }
    uint16_t checksum() const { return checksum_.host(); }

private:
    uint8_t type_, code_;
    Be16 checksum_;
    Be32 rest_;
};
static_assert(sizeof(IcmpHeader) == 8);

} // namespace ringfence
