#include "dataplane/agent/southbound/router_rows.h"

#include <algorithm>
#include <limits>

#include "dataplane/agent/southbound/rows.h"

namespace ringfence::agent {

namespace {

tl::unexpected<Error> not_built(const std::string& feature) {
    return fail(ErrorKind::unsupported, "{} not built yet", feature);
}

// "10.0.0.1/24": a router's own address and the length of its subnet.
Result<InterfaceAddress> interface_address(const std::string& text) {
    auto address = IpAddr::from(text.substr(0, text.find('/')));
    auto slash = text.find('/');
    if (!address || slash == text.npos)
        return fail("\"{}\" is not an address with the length of its subnet", text);
    std::string digits = text.substr(slash + 1);
    bool number = !digits.empty() && digits.size() <= 3 &&
                  std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    unsigned length = number ? static_cast<unsigned>(std::stoul(digits)) : 129;
    if (length > (address->is_v4() ? 32u : 128u))
        return fail("\"{}\" is not an address with the length of its subnet", text);
    return InterfaceAddress{*address, length};
}

std::string name_or_intent(const std::string& intent, const std::string& name) {
    return intent.empty() ? name : intent;
}

} // namespace

Result<RouterEntry> read_row(const southbound::Router& row) {
    if (!row.policies.empty())
        return not_built("policies of a whole router are");
    if (!row.options.empty())
        return not_built(fmt::format("option {} of routers is", row.options.begin()->first));
    RouterEntry router;
    router.name = row.name;
    router.intent = row.intent;
    router.fence = row.fence;
    if (row.translation == "one-to-one")
        router.translation = Translation::one_to_one;
    else if (row.translation != "none")
        return not_built(fmt::format("translation {} is", row.translation));
    for (const std::string& text : row.outside_addresses) {
        auto address = IpAddr::from(text);
        if (!address)
            return tl::unexpected(address.error());
        router.outside_addresses.push_back(*address);
    }
    return router;
}

Result<InterfaceEntry> read_row(const southbound::RouterInterface& row) {
    InterfaceEntry interface;
    interface.router = row.router;
    interface.domain = row.domain;
    interface.segment = row.segment;
    auto mac = unicast_mac(row.mac);
    if (!mac)
        return tl::unexpected(mac.error());
    interface.mac = *mac;
    for (const std::string& text : row.addresses) {
        auto address = interface_address(text);
        if (!address)
            return tl::unexpected(address.error());
        interface.addresses.push_back(*address);
    }
    interface.outside = row.side == "outside";
    interface.policies.assign(row.policies.begin(), row.policies.end());
    return interface;
}

Result<RouteEntry> read_row(const southbound::Route& row) {
    auto prefix = IpPrefix::from(row.prefix);
    if (!prefix)
        return tl::unexpected(prefix.error());
    if (row.next_hops.size() > 1)
        return not_built("several next hops are");
    if (row.priority != 0)
        return not_built("priorities of routes are");
    RouteEntry route{row.router, *prefix, row.interface, std::nullopt};
    for (const std::string& text : row.next_hops) {
        auto next_hop = IpAddr::from(text);
        if (!next_hop)
            return tl::unexpected(next_hop.error());
        if (next_hop->is_v4() != prefix->address().is_v4())
            return fail("next hop {} is of another family than {}", text, row.prefix);
        route.next_hop = *next_hop;
    }
    return route;
}

Result<HeldEntry> read_row(const southbound::Nat& row) {
    bool ports = row.first_port != 0 || row.last_port != std::numeric_limits<uint16_t>::max();
    if (row.protocol != 0 || ports || row.inside_port)
        return not_built("translation of ports is");
    if (row.priority != 0)
        return not_built("priorities of translations are");
    if (!row.options.empty())
        return not_built(fmt::format("option {} of translations is", row.options.begin()->first));
    auto outside = IpAddr::from(row.external_address);
    auto inside = IpAddr::from(row.inside_address);
    if (!outside || !inside)
        return tl::unexpected(!outside ? outside.error() : inside.error());
    if (outside->is_v4() != inside->is_v4())
        return fail("{} and {} are of two families", row.external_address, row.inside_address);
    return HeldEntry{row.router, row.segment, *outside,     *inside,
                     row.owner,  row.host,    row.candidate};
}

std::string name_of(const southbound::Router& row) {
    return "router " + name_or_intent(row.intent, row.name);
}
std::string name_of(const southbound::RouterInterface& row) {
    return fmt::format("interface {} of router {}", row.mac,
                       name_or_intent(row.intent, row.router));
}
std::string name_of(const southbound::Route& row) {
    return fmt::format("route {} of router {}", row.prefix, name_or_intent(row.intent, row.router));
}
std::string name_of(const southbound::Nat& row) {
    return fmt::format("translation of {} by {}", row.external_address,
                       name_or_intent(row.intent, row.router));
}

} // namespace ringfence::agent
