// One cache line of a connection table's index: ten slots, each a 16-bit signature and the number
// of a half. A key has two buckets; it lies in its first one where there was room, else in the
// other, and then the first one counts it as displaced. A look-up goes on to the second bucket only
// where the first has displaced somebody, so that nearly all touch one line.
#pragma once

#include <array>
#include <cstdint>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace ringfence {

struct alignas(64) Bucket {
    static constexpr unsigned slots = 10;

    std::array<uint16_t, slots> signatures{}; // 0: the slot is free
    uint16_t guests = 0;    // one bit a slot: its key's first bucket is the other one
    uint16_t displaced = 0; // keys whose first bucket this is and that lie in their other
    std::array<uint32_t, slots> halves{};

    // One bit a slot.
    uint32_t matches(uint16_t signature) const {
#ifdef __AVX2__
        __m256i line = _mm256_load_si256(reinterpret_cast<const __m256i*>(this));
        __m256i equal = _mm256_cmpeq_epi16(line, _mm256_set1_epi16(static_cast<short>(signature)));
        __m128i bytes =
            _mm_packs_epi16(_mm256_castsi256_si128(equal), _mm256_extracti128_si256(equal, 1));
        return static_cast<uint32_t>(_mm_movemask_epi8(bytes)) & ((1u << slots) - 1);
#else
        uint32_t mask = 0;
        for (unsigned slot = 0; slot < slots; ++slot)
            mask |= static_cast<uint32_t>(signatures[slot] == signature) << slot;
        return mask;
#endif
    }
};
static_assert(sizeof(Bucket) == 64);

} // namespace ringfence
