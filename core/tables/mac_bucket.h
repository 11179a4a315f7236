// One cache line of a MacTable: eight slots, each MAC << 16 | value, or 0.
#pragma once

#include <cstdint>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace ringfence {

struct alignas(64) MacBucket {
    uint64_t slots[8] = {};

    struct Match {
        uint64_t slot; // the one that holds the MAC, or 0
        bool has_empty;
    };

    // All slots at once: which one matches is random, and a branch on it would mostly be
    // mispredicted.
    Match find(uint64_t mac) const {
#ifdef __AVX2__
        __m256i low = _mm256_load_si256(reinterpret_cast<const __m256i*>(slots));
        __m256i high = _mm256_load_si256(reinterpret_cast<const __m256i*>(slots + 4));
        __m256i wanted = _mm256_set1_epi64x(static_cast<long long>(mac));
        auto mask = [](__m256i lanes) {
            return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(lanes)));
        };
        auto equal = [&](__m256i half) {
            return mask(_mm256_cmpeq_epi64(_mm256_srli_epi64(half, 16), wanted));
        };
        auto empty = [&](__m256i half) {
            return mask(_mm256_cmpeq_epi64(half, _mm256_setzero_si256()));
        };
        unsigned matches = equal(low) | equal(high) << 4;
        uint64_t slot = matches ? slots[__builtin_ctz(matches)] : 0;
        return {slot, (empty(low) | empty(high)) != 0};
#else
        Match match{0, false};
        for (uint64_t slot : slots) {
            match.slot |= slot >> 16 == mac ? slot : 0;
            match.has_empty |= slot == 0;
        }
        return match;
#endif
    }
};

} // namespace ringfence
