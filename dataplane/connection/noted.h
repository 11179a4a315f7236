// Which objects (fabric/changes.h) the decisions of each port passed. When one of them changes, the
// ports that noted it are found in two rows of bits, however many ports there are: a publication
// may change thousands of objects, and most concern nobody here.
//
// It may say of a port that it noted what it did not: that costs decisions made again.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/tables/hash.h"
#include "dataplane/fabric/changes.h"
#include "dataplane/fabric/destination.h"

namespace ringfence {

class Noted {
public:
    static constexpr uint32_t places = 2048; // an object has two of them
    // The same bits both ways round: by port, to forget them, and by place, to find the ports.
    using OfPort = std::array<uint64_t, places / 64>;
    using OfPlace = std::array<uint64_t, Destination::max_ports / 64>;

    // Over zeroed memory, or what a Noted left there: Destination::max_ports and `places` of them.
    Noted(std::span<OfPort> by_port, std::span<OfPlace> by_place)
        : by_port_(by_port), by_place_(by_place) {}

    void note(PortId port, ObjectId object);
    void forget(PortId port);
    // What the port noted elsewhere it notes here too.
    void adopt(const Noted& from, PortId port);
    bool may_have(PortId port, ObjectId object) const;

    // Those that may have noted it: visit(PortId), which may forget that port.
    template <class Visit> void for_each_port(ObjectId object, Visit visit) const {
        const Pair at = places_of(object);
        for (uint32_t word = 0; word < OfPlace{}.size(); ++word)
            for (uint64_t left = by_place_[at.first][word] & by_place_[at.second][word]; left;
                 left &= left - 1)
                visit(PortId(word * 64 + static_cast<uint32_t>(__builtin_ctzll(left))));
    }

private:
    struct Pair {
        uint32_t first, second;
    };
    static Pair places_of(ObjectId object) {
        uint64_t hash = mix(object.value());
        return {static_cast<uint32_t>(hash % places), static_cast<uint32_t>(hash >> 32) % places};
    }

    std::span<OfPort> by_port_;
    std::span<OfPlace> by_place_;
};

} // namespace ringfence
