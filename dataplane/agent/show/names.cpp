#include "dataplane/agent/show/names.h"

namespace ringfence::agent {

std::string name_of(Destination place, const Fabric& fabric) {
    switch (place.kind()) {
    case Destination::Kind::local:
        return name_of(place.port(), fabric);
    case Destination::Kind::vtep: {
        const NextHop* hop = fabric.next_hop(place.next_hop());
        return hop ? "host " + hop->settings().host : "(unknown host)";
    }
    case Destination::Kind::router:
        return "a router";
    default:
        return "nowhere";
    }
}

std::string name_of(SegmentId id, const Fabric& fabric) {
    const Segment* segment = fabric.segment(id);
    if (!segment)
        return "(unknown segment)";
    const SegmentSettings& settings = segment->settings();
    if (!settings.intent.empty() || !settings.vni)
        return settings.intent;
    return fmt::format("VNI {}", settings.vni->value());
}

std::string name_of(RouterId id, const Fabric& fabric) {
    const Router* router = fabric.router(id);
    return router && !router->settings().intent.empty() ? router->settings().intent
                                                        : std::to_string(id.value());
}

std::string name_of(PortId id, const Fabric& fabric) {
    const LocalPort* port = fabric.port(id);
    return port ? port->name : "(closed port)";
}

const Rule* find_rule(RuleId rule, const Fabric& fabric) {
    auto found = find_rules({rule}, fabric);
    return found.empty() ? nullptr : found.begin()->second;
}

std::unordered_map<RuleId, const Rule*> find_rules(const std::unordered_set<RuleId>& rules,
                                                   const Fabric& fabric) {
    std::unordered_map<RuleId, const Rule*> found;
    if (!rules.empty())
        fabric.for_each_policy([&](const Policy& policy) {
            for (const Rule& rule : policy.rules())
                if (rules.contains(rule.id))
                    found.emplace(rule.id, &rule);
        });
    return found;
}

} // namespace ringfence::agent
