// The hash of all tables: one 64x64 -> 128 bit multiplication, folded.
#pragma once

#include <cstdint>

namespace ringfence {

// The compiler's 128-bit integer, which strict ISO C++ has no name for.
__extension__ using Uint128 = unsigned __int128;

constexpr uint64_t mix(uint64_t value, uint64_t seed = 0) {
    Uint128 product =
        static_cast<Uint128>(value ^ seed ^ 0xa0761d6478bd642fu) * (0xe7037ed1a0b428dbu + 2 * seed);
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

} // namespace ringfence
