// The way of one packet through the routers that it meets on this host, decided on its header
// alone: no byte of the packet is touched, and nothing outlasts it. The slow path (stage route),
// the second decision about a connection (its header rebuilt from the entry) and, backwards, the
// sender check of DESIGN §6 are the same walk.
//
// A packet of clone 1 to clone 2's outside address, at the sender's host (DESIGN §5):
//
//     segment    source MAC, address      destination MAC, address    what the walk finds
//     inside 1   VM's   10.0.0.5          R1's inside    10.0.0.106   from inside: out, and 1:1
//     org        R1's   10.0.0.105        R2's outside   10.0.0.106   held by R2 for another host:
//                                                                     steered there as it is
//
// At the other host it is held for a port of that host: un-translated, and routed inside.
#pragma once

#include <cstdint>
#include <optional>

#include "core/packet/verdicts.h"
#include "core/types/fixed_vector.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/walk/header.h"

namespace ringfence {

// A router that the packet crosses, and what its firewalls are shown.
struct Crossing {
    const Router* router = nullptr;
    uint16_t in = 0, out = 0;   // interfaces; the same one where it goes back into its segment
    IpAddr source, destination; // as the inside knows them
};

class Walk {
public:
    static constexpr size_t max_routers = 8;

    // Where the header comes from, which says how far it is walked past a router that holds the
    // destination for a port of this host.
    enum class From : uint8_t {
        port,      // a local one: goes on only to itself; another port walks for itself
        elsewhere, // a VTEP, or another local port: goes on
        router,    // made by one on this host: the port that it is for walks for itself
    };

    Walk() = default;
    Walk(const Header& begin, From from, PortId port = PortId(0))
        : begin_(begin), now_(begin), from_(from), sender_(port) {}

    // Goes on until the destination MAC is no router's; not `next`: a drop, and at() the router
    // that could tell the sender.
    [[nodiscard]] Verdict route(const Fabric& fabric);

    // Who sent what arrived: goes backwards by the source, through routers that translate nothing.
    // Its crossings come before those of route(), which is called after it.
    [[nodiscard]] Verdict find_origin(const Fabric& fabric);

    From from() const { return from_; }
    PortId sender() const { return sender_; }      // From::port
    const Header& begin() const { return begin_; } // as the VM sent it, or as it arrived
    const Header& now() const { return now_; }     // in the last segment, with the last MACs
    unsigned hops() const { return hops_; }        // forwards
    // The smallest of the segments that it was routed into, bytes; 0: it was not routed.
    uint16_t mtu() const { return mtu_; }

    bool is_untouched() const { return end_ == End::segment && hops_ == 0; } // no router met it
    // How route() ended.
    enum class End : uint8_t {
        segment, // the destination MAC, in the segment, is for the bridge
        held,    // a router holds the destination for place(): it goes there as it is
        router,  // the destination is at()'s own address
    };
    End end() const { return end_; }
    Destination place() const { return place_; } // held: another local port, a VTEP, nowhere
    // The port that a router on the way held the destination for, and was crossed for.
    std::optional<PortId> held_for() const { return held_for_; }

    // The router where it ended, and the interface that it came in by.
    struct At {
        const Router* router = nullptr; // none: nobody says anything
        uint16_t in = 0;
    };
    const At& at() const { return at_; }

    // What find_origin() found.
    struct Origin {
        const Segment* segment = nullptr; // where the walk backwards ended
        Destination sender;               // the port there that sent it
        uint64_t mac = 0; // of its NIC; 0: it is behind a router, which holds the source
        const RouterPlace* router = nullptr; // none but itself: the source is its own address
    };
    const Origin& origin() const { return origin_; }

    using Crossings = FixedVector<Crossing, 2 * max_routers>;
    const Crossings& crossings() const { return crossings_; }
    // How many of them find_origin() found: the sender's host has crossed those too.
    size_t crossed_before() const { return crossed_before_; }
    // What stands in the header outside of the translation that the crossing makes, where it makes
    // one: its source when it has left, its destination when it came.
    const IpAddr& source_after(size_t crossing) const {
        return crossing + 1 < crossings_.size() ? crossings_[crossing + 1].source : now_.source;
    }
    const IpAddr& destination_before(size_t crossing) const {
        return crossing > 0 ? crossings_[crossing - 1].destination : begin_.destination;
    }
    // The ids of objects that it passed (fabric/changes.h), those that were not there included;
    // policies excepted.
    using Noted = FixedVector<ObjectId, 16 * max_routers>;
    const Noted& noted() const { return noted_; }

private:
    Verdict cross(const Fabric& fabric, const RouterPlace& place);
    Verdict cross_inwards(const Fabric& fabric, const RouterPlace& place, const Held& held);
    Verdict go_on(const Fabric& fabric, const Router& router, uint16_t in, const Hop& hop);
    Verdict check_source(const Router& router, const RouterPlace& place);
    bool is_sent() const;
    bool is_from(const IpAddr& address) const;
    bool is_shadowed(const Segment& inside, const IpAddr& address);
    Verdict end_at(const Router& router, uint16_t in);
    Verdict stop_at(const Router& router, uint16_t in, Verdict why);
    bool is_named_by(const RouterPlace& place);
    bool step_back(const Fabric& fabric, const RouterPlace& place);

    template <class... Key> void note(const Key&... key) { noted_.push_back(ObjectId(key...)); }

    Header begin_, now_;
    From from_ = From::elsewhere;
    PortId sender_{0};
    uint8_t hops_ = 0;
    End end_ = End::segment;
    Destination place_;
    uint16_t mtu_ = 0;
    std::optional<PortId> held_for_;
    At at_;
    Origin origin_;
    Crossings crossings_;
    uint8_t crossed_before_ = 0;
    Noted noted_;
};

} // namespace ringfence
