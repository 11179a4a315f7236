#include "edge-router/routing/router.h"

#include <algorithm>
#include <utility>

namespace ringfence {

namespace {

// The hop's index; it is added where it is not there. Routers have many routes and few hops.
uint32_t index_of(std::vector<Hop>& hops, const Hop& hop) {
    auto place = std::find(hops.begin(), hops.end(), hop);
    if (place == hops.end())
        place = hops.insert(place, hop);
    return static_cast<uint32_t>(place - hops.begin());
}

const IpAddr* first_of_family(const std::vector<IpAddr>& addresses, bool v4) {
    for (const IpAddr& address : addresses)
        if (address.is_v4() == v4)
            return &address;
    return nullptr;
}

} // namespace

Router::Router(RouterId id, RouterSettings settings, const std::vector<Route>& routes)
    : id_(id), settings_(std::move(settings)) {
    std::vector<PrefixTable<uint32_t>::Route> to_hops;
    for (const Route& route : routes)
        if (route.interface < settings_.interfaces.size())
            to_hops.emplace_back(route.prefix,
                                 index_of(hops_, Hop{route.interface, route.next_hop}));
    prefixes_ = PrefixTable<uint32_t>(to_hops);
}

const RouterInterface* Router::interface_on(SegmentId segment) const {
    for (const RouterInterface& interface : settings_.interfaces)
        if (interface.segment == segment)
            return &interface;
    return nullptr;
}

const Hop* Router::route(const IpAddr& destination) const {
    const uint32_t* hop = prefixes_.find(destination);
    return hop ? &hops_[*hop] : nullptr;
}

bool Router::is_connected(uint16_t interface, const IpAddr& destination) const {
    const Hop* hop = route(destination);
    return hop && hop->interface == interface && !hop->next_hop;
}

const IpAddr* Router::own_address(uint16_t interface, bool v4) const {
    if (interface < settings_.interfaces.size())
        for (const InterfaceAddress& own : settings_.interfaces[interface].addresses)
            if (own.address.is_v4() == v4)
                return &own.address;
    return first_of_family(settings_.outside_addresses, v4);
}

bool Router::is_same_as(const Router& other) const {
    auto routes = [](const Router& router) {
        std::vector<Route> all;
        router.for_each_route([&](const Route& route) { all.push_back(route); });
        return all;
    };
    return settings_ == other.settings_ && prefixes_.size() == other.prefixes_.size() &&
           routes(*this) == routes(other);
}

size_t Router::bytes() const {
    size_t bytes = sizeof *this + settings_.intent.capacity() +
                   settings_.outside_addresses.capacity() * sizeof(IpAddr) +
                   settings_.interfaces.capacity() * sizeof(RouterInterface) +
                   hops_.capacity() * sizeof(Hop) + prefixes_.bytes();
    for (const RouterInterface& interface : settings_.interfaces)
        bytes += interface.addresses.capacity() * sizeof(InterfaceAddress) +
                 interface.policies.capacity() * sizeof(PolicyId);
    return bytes;
}

} // namespace ringfence
