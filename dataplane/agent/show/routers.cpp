#include "dataplane/agent/show/routers.h"

#include <map>

#include "dataplane/agent/show/names.h"

namespace ringfence::agent {

namespace {

// What a policy says where no other rule does.
std::string default_of(const Policy& policy, Direction direction) {
    const Rule* last = nullptr;
    for (const Rule& rule : policy.rules())
        if (rule.direction == direction && (!last || outranks(*last, rule)))
            last = &rule;
    bool is_default = last && *last->match == RuleMatch();
    return fmt::format("{} {}", to_string(direction),
                       is_default ? to_string(last->action) : "denied");
}

// ", in drop, out allow, 12 rules by org/acme/network/front"
std::string text_of(const Policy& policy) {
    const auto& rules = policy.rules();
    std::string text = fmt::format(", {}, {}", default_of(policy, Direction::in),
                                   default_of(policy, Direction::out));
    if (rules.size() > 2)
        text += fmt::format(", {} rules", rules.size());
    return rules.empty() ? text : text + " by " + rules.back().intent;
}

std::string heading_of(const Router& router, const Fabric& fabric) {
    const RouterSettings& settings = router.settings();
    std::string text = (settings.intent.empty() ? "router " : "") + name_of(router.id(), fabric);
    if (settings.intent.empty())
        text += " (of another domain: it only steers)";
    text += settings.fence ? ", fence" : "";
    text += settings.translation == Translation::one_to_one ? ", translates one to one" : "";
    for (const IpAddr& own : settings.outside_addresses)
        text += ", outside " + to_string(own);
    return text + "\n";
}

std::string line_of(const RouterInterface& interface, const Fabric& fabric) {
    std::string text = fmt::format("  {} {} {}", interface.outside ? "outside" : "inside ",
                                   to_string(interface.mac), name_of(interface.segment, fabric));
    for (const InterfaceAddress& own : interface.addresses)
        text += fmt::format(" {}/{}", to_string(own.address), own.length);
    for (PolicyId id : interface.policies) {
        const Policy* policy = fabric.policy(id);
        text += policy ? text_of(*policy) : ", in and out denied: its policy has no rules here";
    }
    return text + "\n";
}

std::string routes_of(const Router& router, const Fabric& fabric) {
    std::string text;
    router.for_each_route([&](const Route& route) {
        const RouterInterface& by = router.interfaces()[route.interface];
        text += fmt::format("  route {} {} {}\n", to_string(route.prefix),
                            route.next_hop ? "via " + to_string(*route.next_hop) : "connected on",
                            name_of(by.segment, fabric));
    });
    return text;
}

// By router: a line an address.
std::map<RouterId, std::string> held_of_all(const Fabric& fabric) {
    std::map<RouterId, std::map<IpAddr, std::string>> sorted;
    fabric.for_each_segment([&](const Segment& segment) {
        segment.held().for_each([&](const IpAddr& outside, const Held& held) {
            sorted[held.router][outside] =
                fmt::format("  holds {} for {} at {}\n", to_string(outside), to_string(held.inside),
                            name_of(held.owner, fabric));
        });
    });
    std::map<RouterId, std::string> all;
    for (const auto& [router, lines] : sorted)
        for (const auto& [address, line] : lines)
            all[router] += line;
    return all;
}

} // namespace

std::string show_routers(const Fabric& fabric) {
    auto held = held_of_all(fabric);
    std::string text;
    fabric.for_each_router([&](const Router& router) {
        text += heading_of(router, fabric);
        for (const RouterInterface& interface : router.interfaces())
            text += line_of(interface, fabric);
        text += routes_of(router, fabric) + held[router.id()];
    });
    return text.empty() ? "no edge router is known here\n" : text;
}

} // namespace ringfence::agent
