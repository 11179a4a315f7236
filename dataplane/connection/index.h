// Finds a half by the hash of its key: a bucketised cuckoo table over memory of the region. It
// knows hashes and the numbers of halves, not keys: what it finds is a candidate, to be compared by
// the caller.
#pragma once

#include <cstdint>
#include <span>

#include "core/tables/prefetch.h"
#include "dataplane/connection/bucket.h"

namespace ringfence {

class Index {
public:
    // buckets: zeroed, or what an Index left there.
    explicit Index(std::span<Bucket> buckets) : buckets_(buckets) {}

    // Where a hash lies: both buckets and the signature.
    struct Spot {
        uint32_t bucket;
        uint16_t signature; // never 0
    };
    Spot spot(uint64_t hash) const {
        auto signature = static_cast<uint16_t>(hash);
        return {reduced(static_cast<uint32_t>(hash >> 32)), signature ? signature : uint16_t{1}};
    }
    void prefetch(Spot spot) const { ringfence::prefetch(&buckets_[spot.bucket]); }

    // Calls is_it(half) for each candidate until it says yes, and returns that half, or 0.
    template <class IsIt> uint32_t find(Spot spot, IsIt is_it) const {
        const Bucket& first = buckets_[spot.bucket];
        if (uint32_t half = find_in(first, spot.signature, is_it))
            return half;
        if (first.displaced == 0) [[likely]]
            return 0;
        return find_in(buckets_[other_bucket(spot)], spot.signature, is_it);
    }
    // The first candidate, unseen; 0: certainly none.
    uint32_t candidate(Spot spot) const {
        const Bucket& first = buckets_[spot.bucket];
        if (uint32_t matches = first.matches(spot.signature)) [[likely]]
            return first.halves[static_cast<unsigned>(__builtin_ctz(matches))];
        if (first.displaced == 0) [[likely]]
            return 0;
        const Bucket& second = buckets_[other_bucket(spot)];
        uint32_t matches = second.matches(spot.signature);
        return matches ? second.halves[static_cast<unsigned>(__builtin_ctz(matches))] : 0;
    }

    // half is not 0 and not in the table. False when it is full: both buckets are, and nothing in
    // them can step aside.
    bool insert(Spot spot, uint32_t half);
    // half was inserted at this spot.
    void erase(Spot spot, uint32_t half);

    size_t slots() const { return buckets_.size() * Bucket::slots; }

private:
    // Of a number of 32 bits, evenly, one below the number of buckets.
    uint32_t reduced(uint32_t number) const {
        return static_cast<uint32_t>(uint64_t{number} * buckets_.size() >> 32);
    }
    // Its own inverse: the first bucket of the second is the first, for any number of buckets.
    uint32_t other_bucket(Spot spot) const {
        uint32_t sum = reduced(spot.signature * 0x9e3779b1u);
        return sum >= spot.bucket ? sum - spot.bucket
                                  : sum + static_cast<uint32_t>(buckets_.size()) - spot.bucket;
    }
    template <class IsIt>
    static uint32_t find_in(const Bucket& bucket, uint16_t signature, IsIt is_it) {
        for (uint32_t matches = bucket.matches(signature); matches; matches &= matches - 1)
            if (uint32_t half = bucket.halves[static_cast<unsigned>(__builtin_ctz(matches))];
                is_it(half)) [[likely]]
                return half;
        return 0;
    }
    static bool put(Bucket& bucket, uint16_t signature, uint32_t half, bool guest);
    bool make_room(uint32_t bucket);
    void take_out(Bucket& bucket, unsigned slot);

    std::span<Bucket> buckets_;
};

} // namespace ringfence
