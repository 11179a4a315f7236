#include "dataplane/connection/ports.h"

#include "core/tables/hash.h"

namespace ringfence {

namespace {

// Two bits of the filter stand for an object.
struct Bits {
    explicit Bits(ObjectId object, unsigned bits) {
        uint64_t hash = mix(object.value());
        first = static_cast<unsigned>(hash % bits);
        second = static_cast<unsigned>((hash >> 32) % bits);
    }
    unsigned first, second;
};

} // namespace

void Noted::note(ObjectId object) {
    Bits place(object, bits);
    words_[place.first / 64] |= uint64_t{1} << place.first % 64;
    words_[place.second / 64] |= uint64_t{1} << place.second % 64;
}

bool Noted::may_have(ObjectId object) const {
    Bits place(object, bits);
    return words_[place.first / 64] >> place.first % 64 & 1 &&
           words_[place.second / 64] >> place.second % 64 & 1;
}

} // namespace ringfence
