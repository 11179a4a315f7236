// Who may take how much of what a worker's ports have in common: a table of connections, the ways.
// A quarter of it is divided: each port is sure of its part of that, whatever the others have. The
// rest is spare, for whoever comes first. So no tenant, however many ports it has on this host, can
// take what the others' ports need to begin with.
//
//     capacity 262,144, 50 ports (counted as 64):  1,024 for each, 196,608 spare
//     a port with 1,500 has its part, and 476 of the spare
//
// A worker's own.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace ringfence {

class Shares {
public:
    // Nothing is divided yet. used: of all ports together.
    Shares(uint32_t capacity, uint32_t used)
        : capacity_(capacity), spare_(capacity), taken_(used) {}

    // Among so many ports. What they have already stays theirs: visit(add) calls add(used) for each
    // port that has something. Numbers that are near each other divide alike, so that ports come
    // and go without it.
    template <class ForEachUsed> void divide(uint32_t ports, ForEachUsed visit) {
        constexpr uint32_t at_least = 16; // the first ports must not divide it among themselves
        uint32_t parts = std::bit_ceil(std::max(ports, at_least));
        uint32_t part = capacity_ / 4 / parts;
        if (part == part_)
            return;
        part_ = part;
        spare_ = capacity_ - part * parts;
        taken_ = 0;
        visit([&](uint32_t used) { taken_ += used > part_ ? used - part_ : 0; });
    }

    // used: what the port has before.
    bool may_take(uint32_t used) const { return used < part_ || taken_ < spare_; }
    void take(uint32_t used) { taken_ += used >= part_ ? 1 : 0; }
    void give(uint32_t used) { taken_ -= used > part_ ? 1 : 0; }

private:
    uint32_t capacity_;
    uint32_t part_ = 0; // each port's
    uint32_t spare_;
    uint32_t taken_; // of the spare
};

} // namespace ringfence
