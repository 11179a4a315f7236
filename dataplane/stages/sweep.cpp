#include "dataplane/stages/sweep.h"

#include "dataplane/stages/decide.h"

namespace ringfence {

namespace {

// A step takes as long as a burst or two: a visit costs 20 to 80 cycles, a decision some thousand.
constexpr uint32_t most_visits = 64;

template <class Address> struct AddressOf;
template <class Address> struct AddressOf<ConnectionTable<Address>&> { using Type = Address; };

} // namespace

bool sweep(const Fabric& fabric, Worker& worker) {
    worker.see(fabric);
    bool more_fragments = worker.fragments().expire(worker.now());
    bool more = worker.connections().sweep(most_visits, [&](auto& table, EntryId entry) {
        decide_again<typename AddressOf<decltype(table)>::Type>(fabric, worker, entry);
    });
    return more || more_fragments;
}

} // namespace ringfence
