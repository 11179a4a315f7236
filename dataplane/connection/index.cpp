#include "dataplane/connection/index.h"

namespace ringfence {

namespace {

constexpr uint32_t all_slots = (1u << Bucket::slots) - 1;

uint16_t bit(unsigned slot) { return static_cast<uint16_t>(1u << slot); }

} // namespace

bool Index::insert(Spot spot, uint32_t half) {
    Bucket& first = buckets_[spot.bucket];
    if (put(first, spot.signature, half, false))
        return true;
    uint32_t other = other_bucket(spot);
    if (other != spot.bucket && put(buckets_[other], spot.signature, half, true)) {
        ++first.displaced;
        return true;
    }
    if (make_room(spot.bucket))
        return put(first, spot.signature, half, false);
    if (other == spot.bucket || !make_room(other))
        return false;
    ++first.displaced;
    return put(buckets_[other], spot.signature, half, true);
}

void Index::erase(Spot spot, uint32_t half) {
    uint32_t places[] = {spot.bucket, other_bucket(spot)};
    for (uint32_t place : places) {
        Bucket& bucket = buckets_[place];
        for (uint32_t left = bucket.matches(spot.signature); left; left &= left - 1) {
            auto slot = static_cast<unsigned>(__builtin_ctz(left));
            if (bucket.halves[slot] != half)
                continue;
            if (bucket.guests & bit(slot))
                --buckets_[spot.bucket].displaced;
            take_out(bucket, slot);
            return;
        }
    }
}

bool Index::put(Bucket& bucket, uint16_t signature, uint32_t half, bool guest) {
    uint32_t free = bucket.matches(0) & all_slots;
    if (!free)
        return false;
    auto slot = static_cast<unsigned>(__builtin_ctz(free));
    bucket.signatures[slot] = signature;
    bucket.halves[slot] = half;
    if (guest)
        bucket.guests = static_cast<uint16_t>(bucket.guests | bit(slot));
    return true;
}

// Sends one of a full bucket's to its other bucket, where that has room: at most ten lines are
// looked at.
bool Index::make_room(uint32_t full) {
    Bucket& bucket = buckets_[full];
    for (unsigned slot = 0; slot < Bucket::slots; ++slot) {
        uint32_t other = other_bucket({full, bucket.signatures[slot]});
        bool is_guest = bucket.guests & bit(slot);
        if (other == full ||
            !put(buckets_[other], bucket.signatures[slot], bucket.halves[slot], !is_guest))
            continue;
        if (is_guest)
            --buckets_[other].displaced; // it is home
        else
            ++bucket.displaced;
        take_out(bucket, slot);
        return true;
    }
    return false;
}

void Index::take_out(Bucket& bucket, unsigned slot) {
    bucket.signatures[slot] = 0;
    bucket.halves[slot] = 0;
    bucket.guests = static_cast<uint16_t>(bucket.guests & ~bit(slot));
}

} // namespace ringfence
