// One direction of a connection, in one cache line (IPv6: two): whose packets, what they become,
// whether that still stands, and how many there were.
#pragma once

#include <cstdint>

#include "core/packet/rewrite.h"
#include "core/types/addresses.h"
#include "dataplane/connection/key.h"
#include "dataplane/connection/moment.h"
#include "dataplane/connection/way.h"

namespace ringfence {

// The two directions of an entry, seen from its local port.
enum class Side : uint8_t { from_port, to_port };

constexpr Side other(Side side) {
    return side == Side::from_port ? Side::to_port : Side::from_port;
}

template <class Address> struct alignas(64) Half {
    enum Flag : uint16_t {
        taken = 1,       // of an entry that exists
        indexed = 2,     // found by its key
        written = 4,     // decided: rewrite, way and generation mean something
        initiates = 8,   // the direction of the connection's first packet
        translated = 16, // the entry's addresses or ports change on the way, in whichever direction
        cut = 32,        // the entry's: denied, and `way` counts the port's widenings instead
        tcp = 64,        // the entry has a TcpRecord
        used = 128,      // packets have been here
        rewrites = 256,  // addresses or ports change in this direction
    };
    // The entry's Standing (ports.h), in the half of what the port sends.
    static constexpr unsigned standing_shift = 12;

    ConnectionKey<Address> key;
    uint32_t way = 0;        // WayId, where written
    uint32_t generation = 0; // of the port, when this was decided, or cut
    Moment last_used;
    uint32_t link = 0; // the port's list of entries: next in one half, previous in the other
    uint16_t flags = 0;
    uint16_t port = 0; // the local port
    uint32_t packets = 0;
    uint64_t bytes = 0;       // of whole frames
    Rewrite<Address> rewrite; // where written

    bool is(Flag flag) const { return flags & flag; }
    void set(Flag flag) { flags = static_cast<uint16_t>(flags | flag); }
    void clear(Flag flag) { flags = static_cast<uint16_t>(flags & ~flag); }
    PortId local_port() const { return PortId(port); }
    WayId way_id() const { return WayId(way); }
};
static_assert(sizeof(Half<Ipv4Addr>) == 64 && sizeof(Half<Ipv6Addr>) == 128);

} // namespace ringfence
