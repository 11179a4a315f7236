// What a worker keeps for each local port's connections: how many it may have, what has become of
// them, and in which order it may lose them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ringfence {

// The lists that a port's entries stand in, by what may be done to them when its quota is full.
enum class Standing : uint8_t {
    half_open_out, // begun by the port, not answered
    half_open_in,  // begun by others, not answered by the port
    open,          // answered: nothing but silence ends it
    closing,       // TCP reset or finished, or cut
};
inline constexpr size_t standing_count = 4;

// What a new IPv4 connection touches is one cache line.
struct alignas(64) PortConnections {
    // Entries by number, from the oldest to the newest; 0: none.
    struct List {
        uint32_t oldest = 0, newest = 0;
    };
    using Lists = std::array<List, standing_count>;

    std::array<uint32_t, standing_count> counts{}; // entries, both families
    Lists lists4;
    uint32_t quota = 0;     // entries, both families; 0: the default
    uint32_t ways = 0;      // that it was the first to use
    uint32_t voided = 0;    // cached denials of an earlier count are void
    uint32_t widenings = 0; // cut entries of an earlier count are void
    Lists lists6;
    uint32_t cut = 0;     // entries
    uint32_t owner = 0;   // whose they are; 0: nobody's yet
    uint32_t claimed = 0; // the port's generation since then; entries of an earlier one are former
    std::array<uint32_t, 2> of_family{}; // entries: IPv4, IPv6

    uint32_t size() const { return counts[0] + counts[1] + counts[2] + counts[3]; }
    uint32_t count(Standing standing) const { return counts[static_cast<size_t>(standing)]; }
};

} // namespace ringfence
