// An edge router as the hosts see it: its interfaces, and where a destination lies. Immutable; the
// agent makes a new one for a change. What it translates stands with the segments (HeldAddress),
// what its firewalls say with the policies that its interfaces name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/tables/prefix_table.h"
#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence {

// An address of the router itself, and the length of its subnet in bits.
struct InterfaceAddress {
    IpAddr address;
    unsigned length;
    bool operator==(const InterfaceAddress&) const = default;
};

struct RouterInterface {
    RouterInterface(SegmentId on, MacAddr with) : segment(on), mac(with) {}

    SegmentId segment;
    MacAddr mac;
    bool outside = false; // the parent network's side
    DomainId domain{0};   // where the groups that its policies name are looked up
    std::vector<InterfaceAddress> addresses; // none on a fence's inside: it proxies
    // Inside: asked `in` for what comes from outside or from a sibling network, `out` for what
    // leaves; each must allow.
    std::vector<PolicyId> policies;
    bool operator==(const RouterInterface&) const = default;
};

enum class Translation : uint8_t { none, one_to_one };

struct Route {
    IpPrefix prefix;
    uint16_t interface;             // index into the router's
    std::optional<IpAddr> next_hop; // none: connected
    bool operator==(const Route&) const = default;
};

// Where a packet goes on from a router.
struct Hop {
    uint16_t interface;
    std::optional<IpAddr> next_hop; // none: to the destination itself
    bool operator==(const Hop&) const = default;
};

struct RouterSettings {
    std::string intent; // path of the northbound object, for traces
    bool fence = false; // the same subnet on both sides: routes by side
    Translation translation = Translation::none;
    std::vector<IpAddr> outside_addresses; // its own on the parent network
    std::vector<RouterInterface> interfaces;
    bool operator==(const RouterSettings&) const = default;
};

class Router {
public:
    // Routes by an interface that is not there are left out.
    Router(RouterId id, RouterSettings settings, const std::vector<Route>& routes);

    RouterId id() const { return id_; }
    const RouterSettings& settings() const { return settings_; }
    bool is_fence() const { return settings_.fence; }
    Translation translation() const { return settings_.translation; }

    const std::vector<RouterInterface>& interfaces() const { return settings_.interfaces; }
    // The interface on the segment, which a router has at most one of; nullptr where it has none.
    const RouterInterface* interface_on(SegmentId segment) const;

    // By the longest prefix. Of a fence: for what comes from inside only; what comes from outside
    // goes inside.
    const Hop* route(const IpAddr& destination) const;
    // True where the destination lies on the interface's own link, by the routes.
    bool is_connected(uint16_t interface, const IpAddr& destination) const;

    // From which it speaks to where a packet of the same family came in (DESIGN §5, rule 7): its
    // address on that interface, or, on a fence's inside, its own on the parent network. nullptr
    // where it has none of the family.
    const IpAddr* own_address(uint16_t interface, bool v4) const;

    // By prefix: visit(const Route&).
    template <class Visit> void for_each_route(Visit visit) const {
        prefixes_.for_each([&](const IpPrefix& prefix, uint32_t hop) {
            visit(Route{prefix, hops_[hop].interface, hops_[hop].next_hop});
        });
    }
    // Of all but the id.
    bool is_same_as(const Router& other) const;
    // Heap and all, in bytes; nearly.
    size_t bytes() const;

private:
    RouterId id_;
    RouterSettings settings_;
    std::vector<Hop> hops_;          // each once
    PrefixTable<uint32_t> prefixes_; // -> index into hops_
};

} // namespace ringfence
