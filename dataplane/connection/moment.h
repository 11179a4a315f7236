// The clock of connections: milliseconds of a monotonic clock, passed in once a burst.
#pragma once

#include <cstdint>

namespace ringfence {

// A moment, modulo 2^32 ms (49 days). Only ages are ever compared: whoever asks for one does so
// before it wraps, which the sweep, visiting every entry within a second, guarantees.
struct Moment {
    uint32_t ms = 0;

    // How long ago `earlier` was, in ms.
    constexpr uint32_t since(Moment earlier) const { return ms - earlier.ms; }
    constexpr bool operator==(const Moment&) const = default;
};

} // namespace ringfence
