// What routers answer for in a segment, besides their own addresses: the outside addresses of NICs
// that stand behind them (rows of `Nat`), both ways. A value whose copies share its pages.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "core/tables/hash.h"
#include "core/tables/paged_map.h"
#include "core/types/addresses.h"
#include "core/types/ids.h"
#include "dataplane/fabric/destination.h"

namespace ringfence {

// Whose an outside address is.
struct Held {
    RouterId router;   // on the way inside
    Destination owner; // where the NIC at the end is: a local port, a VTEP, nowhere
    IpAddr inside;     // its address behind the router
    bool operator==(const Held&) const = default;
};

// An address behind a router.
struct InsideAddress {
    RouterId router;
    IpAddr address;
    bool operator==(const InsideAddress&) const = default;
};

// A host with NICs behind a router.
struct HostBehind {
    RouterId router;
    NextHopId host;
    bool operator==(const HostBehind&) const = default;
};

} // namespace ringfence

template <> struct std::hash<ringfence::InsideAddress> {
    size_t operator()(const ringfence::InsideAddress& inside) const noexcept {
        return ringfence::mix(std::hash<ringfence::IpAddr>{}(inside.address),
                              inside.router.value());
    }
};

template <> struct std::hash<ringfence::HostBehind> {
    size_t operator()(const ringfence::HostBehind& behind) const noexcept {
        return ringfence::mix(behind.router.value(), behind.host.value());
    }
};

namespace ringfence {

class HeldAddresses {
public:
    // nullptr: nobody's.
    const Held* find(const IpAddr& outside) const { return by_outside_.find(outside); }
    // What the router makes of the source address on the way out; nullptr: it has none.
    const IpAddr* outside_of(const InsideAddress& inside) const { return by_inside_.find(inside); }

    // True where the router holds an address for a NIC of that host.
    bool has_behind(RouterId router, NextHopId host) const {
        return hosts_.find({router, host}) != nullptr;
    }

    void set(const IpAddr& outside, const Held& held) {
        erase(outside);
        by_outside_.set(outside, held);
        by_inside_.set({held.router, held.inside}, outside);
        count(held, +1);
    }
    void erase(const IpAddr& outside) {
        const Held* old = find(outside);
        if (!old)
            return;
        InsideAddress inside{old->router, old->inside};
        if (const IpAddr* back = outside_of(inside); back && *back == outside)
            by_inside_.erase(inside);
        count(*old, -1);
        by_outside_.erase(outside);
    }
    size_t size() const { return by_outside_.size(); }
    // In no particular order: visit(const IpAddr& outside, const Held&).
    template <class Visit> void for_each(Visit visit) const { by_outside_.for_each(visit); }
    // The same of some, among them all that are not so in the other.
    template <class Visit> void for_each_unshared(const HeldAddresses& other, Visit visit) const {
        by_outside_.for_each_unshared(other.by_outside_, visit);
    }

private:
    void count(const Held& held, int by) {
        if (held.owner.kind() != Destination::Kind::vtep)
            return;
        HostBehind behind{held.router, held.owner.next_hop()};
        const uint32_t* known = hosts_.find(behind);
        uint32_t now = (known ? *known : 0) + static_cast<uint32_t>(by);
        if (now)
            hosts_.set(behind, now);
        else
            hosts_.erase(behind);
    }

    PagedMap<IpAddr, Held> by_outside_;
    PagedMap<InsideAddress, IpAddr> by_inside_;
    PagedMap<HostBehind, uint32_t> hosts_; // -> addresses
};

} // namespace ringfence
