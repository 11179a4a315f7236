// Where the frames for a MAC go, in the 16 bits that MacTable keeps beside it.
#pragma once

#include <cstdint>
#include <optional>

#include "core/types/ids.h"

namespace ringfence {

// A local port, a VTEP, a router (on this host, as on all: Segment::router says which), or nowhere:
// a logical port that no host has (yet). `learned` marks what was not given by the provider but
// seen behind a trusted port, here or (Learned_Mac) elsewhere. What was learned here a while ago is
// doubtful: it goes there as before, and the next frame from it says that it is still there.
class Destination {
public:
    enum class Kind : uint8_t { unknown, nowhere, router, local, vtep };
    static constexpr uint32_t max_ports = 0x1000, max_next_hops = 0x6000;

    constexpr Destination() = default; // unknown
    static constexpr Destination nowhere() { return Destination(1); }
    static constexpr Destination router() { return Destination(2); }
    // nullopt where the id is out of range: ports below 4,096, next hops below 24,576.
    static constexpr std::optional<Destination> local(PortId port, bool learned = false) {
        if (port.value() >= max_ports)
            return std::nullopt;
        return Destination(first_port + port.value() + (learned ? learned_bit : 0));
    }
    static constexpr Destination doubtful(PortId port) { // that a local() can have
        return Destination(learned_bit + port.value());
    }
    static constexpr std::optional<Destination> vtep(NextHopId hop, bool learned = false) {
        if (hop.value() >= max_next_hops)
            return std::nullopt;
        return Destination(first_vtep + hop.value() + (learned ? learned_bit : 0));
    }
    // What bits() gave.
    static constexpr Destination from_bits(uint16_t bits) { return Destination(bits); }
    constexpr uint16_t bits() const { return bits_; } // 0 only for unknown

    constexpr Kind kind() const {
        uint16_t place = bits_ & ~learned_bit;
        if (place >= first_vtep)
            return Kind::vtep;
        if (place >= first_port)
            return Kind::local;
        if (bits_ == router().bits_)
            return Kind::router;
        if (bits_ & learned_bit) // doubtful
            return Kind::local;
        return bits_ ? Kind::nowhere : Kind::unknown;
    }
    constexpr bool learned() const { return bits_ & learned_bit; }
    constexpr PortId port() const { return PortId(bits_ & (max_ports - 1)); } // local
    constexpr NextHopId next_hop() const {                                    // vtep
        return NextHopId((bits_ & ~learned_bit) - first_vtep);
    }
    constexpr bool operator==(const Destination&) const = default;

private:
    static constexpr uint32_t first_port = 0x1000, first_vtep = 0x2000;
    static_assert(first_port == max_ports); // so that port() is one mask
    static constexpr uint16_t learned_bit = 0x8000;
    constexpr explicit Destination(uint32_t bits) : bits_(static_cast<uint16_t>(bits)) {}
    uint16_t bits_ = 0;
};

} // namespace ringfence
