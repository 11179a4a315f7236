// What a worker keeps for each local port's connections: whether its decisions still stand, which
// objects they passed, and how many entries it may have.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/fabric/changes.h"

namespace ringfence {

// The objects (fabric/changes.h) that the decisions of one port passed. It may say "maybe" of one
// that they did not: that costs a decision made again.
class Noted {
public:
    void note(ObjectId object);
    bool may_have(ObjectId object) const;
    void clear() { words_ = {}; }

private:
    static constexpr unsigned bits = 2048;
    std::array<uint64_t, bits / 64> words_{};
};

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
    uint32_t cut = 0; // entries
    Noted noted;

    uint32_t size() const { return counts[0] + counts[1] + counts[2] + counts[3]; }
    uint32_t count(Standing standing) const { return counts[static_cast<size_t>(standing)]; }
};

} // namespace ringfence
