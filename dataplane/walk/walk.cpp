// A router is crossed by side. From outside it takes what it holds for a NIC behind it and, where
// it translates nothing, what it has a route for; from inside it takes all that it has a route for,
// and translates what leaves outside. Its firewalls are asked later (dataplane/walk/judge.h).
#include "dataplane/walk/walk.h"

#include <algorithm>

namespace ringfence {

namespace {

constexpr IpAddr limited_broadcast = Ipv4Addr{0xffffffff};

// What no router passes on: groups and what is of one link alone (RFC 3927, 2.7; RFC 4291, 2.5).
bool stays_on_link(const IpAddr& address) {
    if (const Ipv4Addr* v4 = address.v4())
        return v4->is_multicast() || v4->is_loopback() || v4->value == 0 ||
               v4->value >> 16 == 0xa9fe || address == limited_broadcast;
    constexpr Ipv6Addr loopback{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    const Ipv6Addr& v6 = *address.v6();
    return v6.is_multicast() || v6.is_link_local() || v6.is_unspecified() || v6 == loopback;
}

// Where a fence sends what comes from outside: it has one inside.
std::optional<Hop> inwards(const Router& router) {
    const auto& interfaces = router.interfaces();
    for (uint16_t i = 0; i < interfaces.size(); ++i)
        if (!interfaces[i].outside)
            return Hop{i, std::nullopt};
    return std::nullopt;
}

std::optional<Hop> found(const Hop* hop) { return hop ? std::optional(*hop) : std::nullopt; }

} // namespace

Verdict Walk::route(const Fabric& fabric) {
    for (size_t routers = 0; end_ == End::segment; ++routers) {
        Destination place = now_.segment->find(now_.destination_mac);
        if (place.kind() != Destination::Kind::router) {
            if (hops_ == 0) // a router that comes to stand here would meet it
                note(now_.segment->id(), MacAddr::from_u64(now_.destination_mac));
            break;
        }
        const RouterPlace* at = now_.segment->router(now_.destination_mac);
        if (!at || routers == max_routers)
            return Verdict::route_too_many_routers;
        if (Verdict verdict = cross(fabric, *at); verdict != Verdict::next)
            return verdict;
    }
    return Verdict::next;
}

Verdict Walk::cross(const Fabric& fabric, const RouterPlace& place) {
    note(place.router);
    if (place.outside) {
        note(now_.segment->id(), now_.destination);
        const Held* held = now_.segment->held(now_.destination);
        if (held && held->router == place.router)
            return cross_inwards(fabric, place, *held);
    }
    const Router* router = fabric.router(place.router);
    if (!router)
        return Verdict::route_not_held;
    const RouterPlace* own = now_.segment->router_with(now_.destination);
    if (own && own->router == place.router)
        return end_at(*router, place.interface);
    if (stays_on_link(now_.destination) || stays_on_link(now_.source))
        return Verdict::route_no_route;
    if (place.outside && router->translation() != Translation::none)
        return Verdict::route_not_held;
    if (Verdict verdict = check_source(*router, place); verdict != Verdict::next)
        return verdict;
    if (router->is_fence() && is_shadowed(*now_.segment, now_.destination))
        return Verdict::route_shadowed;
    std::optional<Hop> hop = found(router->route(now_.destination));
    if (!hop)
        return stop_at(*router, place.interface, Verdict::route_no_route);
    return go_on(fabric, *router, place.interface, *hop);
}

// Held here: for a port of another host or another port of this one it goes there as it is; for the
// port that is asked about, it is un-translated.
Verdict Walk::cross_inwards(const Fabric& fabric, const RouterPlace& place, const Held& held) {
    bool goes_on =
        held.owner.kind() == Destination::Kind::local &&
        (from_ == From::elsewhere || (from_ == From::port && held.owner.port() == sender_));
    if (!goes_on) {
        end_ = End::held;
        place_ = held.owner;
        return Verdict::next;
    }
    const Router* router = fabric.router(place.router);
    if (!router)
        return Verdict::route_not_held;
    if (stays_on_link(now_.source))
        return Verdict::route_no_route;
    if (Verdict verdict = check_source(*router, place); verdict != Verdict::next)
        return verdict;
    held_for_ = held.owner.port();
    now_.destination = held.inside;
    auto hop = router->is_fence() ? inwards(*router) : found(router->route(held.inside));
    if (!hop)
        return stop_at(*router, place.interface, Verdict::route_no_route);
    const Segment* inside = fabric.segment(router->interfaces()[hop->interface].segment);
    if (router->is_fence() && inside && is_shadowed(*inside, now_.source))
        return Verdict::route_shadowed;
    return go_on(fabric, *router, place.interface, *hop);
}

// Out of the router: TTL, the next segment, its MTU, what the source becomes, the next MAC.
Verdict Walk::go_on(const Fabric& fabric, const Router& router, uint16_t in, const Hop& hop) {
    const RouterInterface& out = router.interfaces()[hop.interface];
    note(out.segment);
    const Segment* next = fabric.segment(out.segment);
    if (!next)
        return stop_at(router, in, Verdict::route_no_neighbour);
    const RouterPlace* own = next->router_with(now_.destination);
    if (own && own->router == router.id())
        return end_at(router, in);
    if (now_.ttl <= 1)
        return stop_at(router, in, Verdict::route_ttl);

    crossings_.push_back({&router, in, hop.interface, now_.source, now_.destination});
    bool leaves = out.outside && !router.interfaces()[in].outside;
    if (leaves && router.translation() == Translation::one_to_one) {
        note(router.id(), now_.source);
        const IpAddr* outside = next->outside_of(router.id(), now_.source);
        if (!outside)
            return Verdict::route_unknown_source;
        now_.source = *outside;
    }
    const IpAddr next_address = hop.next_hop ? *hop.next_hop : now_.destination;
    note(next->id(), next_address);
    auto mac = fabric.neighbour(*next, next_address);
    if (!mac)
        return stop_at(router, in, Verdict::route_no_neighbour);
    mtu_ = mtu_ ? std::min(mtu_, next->mtu()) : next->mtu();
    if (now_.length > next->mtu())
        return stop_at(router, in, Verdict::route_too_big);
    --now_.ttl;
    ++hops_;
    now_.segment = next;
    now_.source_mac = out.mac.to_u64();
    now_.destination_mac = mac->to_u64();
    return Verdict::next;
}

// What a NIC sends through a router must be of an address that a row gives it: its own, or one that
// the router has a route to by that NIC. What another router sends was checked there, or is by
// find_origin().
Verdict Walk::check_source(const Router& router, const RouterPlace& place) {
    if (!is_sent() && now_.segment->find(now_.source_mac).kind() == Destination::Kind::router)
        return Verdict::next;
    note(now_.segment->id(), now_.source);
    if (is_from(now_.source))
        return Verdict::next;
    if (now_.segment->neighbour(now_.source))
        return Verdict::route_unknown_source;
    const Hop* hop = router.route(now_.source);
    if (!hop || hop->interface != place.interface || !hop->next_hop)
        return Verdict::route_unknown_source;
    note(now_.segment->id(), *hop->next_hop);
    return is_from(*hop->next_hop) ? Verdict::next : Verdict::route_unknown_source;
}

// Sent by the port itself: its MAC is no router's, whatever it says.
bool Walk::is_sent() const { return from_ == From::port && hops_ == 0; }

// The one who has the address has sent this. Of a virtual one that is its holder, by its own MAC or
// by the one that goes with the address: Linux sends by either where VRRP's is a device of its own.
bool Walk::is_from(const IpAddr& address) const {
    const Segment& segment = *now_.segment;
    MacAddr mac = MacAddr::from_u64(now_.source_mac);
    const VirtualAddress* shared = segment.virtual_address(address);
    if (!shared) {
        const MacAddr* owner = segment.neighbour(address);
        return owner && *owner == mac;
    }
    if (!shared->holder)
        return false;
    bool by_shared = mac == shared->holder->mac;
    if (by_shared && is_sent()) // which others that may have the address may send by, too
        return segment.find(shared->holder->nic.to_u64()) == *Destination::local(sender_);
    return by_shared || mac == shared->holder->nic;
}

// True where a NIC inside has the address, which thereby is not reached, nor listened to, outside.
bool Walk::is_shadowed(const Segment& inside, const IpAddr& address) {
    note(inside.id(), address);
    return inside.neighbour(address) || inside.virtual_address(address);
}

Verdict Walk::end_at(const Router& router, uint16_t in) {
    end_ = End::router;
    at_ = {&router, in};
    return Verdict::next;
}

Verdict Walk::stop_at(const Router& router, uint16_t in, Verdict why) {
    at_ = {&router, in};
    return why;
}

Verdict Walk::find_origin(const Fabric& fabric) {
    origin_ = {begin_.segment, {}, begin_.source_mac, nullptr};
    for (size_t routers = 0; routers <= max_routers; ++routers) {
        origin_.sender = origin_.segment->find(origin_.mac);
        const RouterPlace* place = origin_.segment->router(origin_.mac);
        if (origin_.sender.kind() != Destination::Kind::router || !place || is_named_by(*place)) {
            std::reverse(crossings_.begin(), crossings_.end());
            crossed_before_ = static_cast<uint8_t>(crossings_.size());
            return Verdict::next;
        }
        if (!step_back(fabric, *place))
            return Verdict::route_unknown_source;
    }
    return Verdict::route_too_many_routers;
}

// The router holds the source for a NIC behind it, or has it as its own.
bool Walk::is_named_by(const RouterPlace& place) {
    const Segment& segment = *origin_.segment;
    note(place.router);
    note(segment.id(), begin_.source);
    const Held* held = segment.held(begin_.source);
    if (place.outside && held && held->router == place.router) {
        origin_.sender = held->owner;
        origin_.mac = 0;
        return true;
    }
    const RouterPlace* own = segment.router_with(begin_.source);
    if (own && own->router == place.router)
        origin_.router = own;
    return origin_.router != nullptr;
}

// To who gave it to the router: false where none can have.
bool Walk::step_back(const Fabric& fabric, const RouterPlace& place) {
    const Router* router = fabric.router(place.router);
    const Hop* back = router ? router->route(begin_.source) : nullptr;
    if (!back || back->interface == place.interface || stays_on_link(begin_.source))
        return false;
    const RouterInterface& in = router->interfaces()[back->interface];
    const IpAddr& previous = back->next_hop ? *back->next_hop : begin_.source;
    note(in.segment);
    note(in.segment, previous);
    const Segment* segment = fabric.segment(in.segment);
    if (router->translation() != Translation::none && in.outside != place.outside)
        return false; // it would have translated
    auto mac = segment ? fabric.neighbour(*segment, previous) : std::nullopt;
    if (!mac)
        return false;
    crossings_.push_back(
        {router, back->interface, place.interface, begin_.source, begin_.destination});
    origin_.segment = segment;
    origin_.mac = mac->to_u64();
    return true;
}

} // namespace ringfence
