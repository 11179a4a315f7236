#include "dataplane/connection/noted.h"

namespace ringfence {

namespace {

template <class Row> void set(Row& row, uint32_t at) { row[at / 64] |= uint64_t{1} << at % 64; }
template <class Row> void clear(Row& row, uint32_t at) {
    row[at / 64] &= ~(uint64_t{1} << at % 64);
}
template <class Row> bool has(const Row& row, uint32_t at) { return row[at / 64] >> at % 64 & 1; }

} // namespace

void Noted::note(PortId port, ObjectId object) {
    const Pair at = places_of(object);
    for (uint32_t place : {at.first, at.second}) {
        set(by_port_[port.value()], place);
        set(by_place_[place], port.value());
    }
}

bool Noted::may_have(PortId port, ObjectId object) const {
    const Pair at = places_of(object);
    return has(by_port_[port.value()], at.first) && has(by_port_[port.value()], at.second);
}

void Noted::forget(PortId port) {
    OfPort& mine = by_port_[port.value()];
    for (uint32_t word = 0; word < mine.size(); ++word)
        for (uint64_t left = mine[word]; left; left &= left - 1)
            clear(by_place_[word * 64 + static_cast<uint32_t>(__builtin_ctzll(left))],
                  port.value());
    mine = {};
}

void Noted::adopt(const Noted& from, PortId port) {
    const OfPort& theirs = from.by_port_[port.value()];
    OfPort& mine = by_port_[port.value()];
    for (uint32_t word = 0; word < mine.size(); ++word) {
        mine[word] |= theirs[word];
        for (uint64_t left = theirs[word]; left; left &= left - 1)
            set(by_place_[word * 64 + static_cast<uint32_t>(__builtin_ctzll(left))], port.value());
    }
}

} // namespace ringfence
