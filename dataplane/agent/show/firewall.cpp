#include "dataplane/agent/show/firewall.h"

#include <nlohmann/json.hpp>

namespace ringfence::agent {

namespace {

using nlohmann::json;

std::string text_of(const std::string& name, const Policy& policy, const FirewallNames& names) {
    std::string text = fmt::format("{}: {} rules\n", name, policy.rules().size());
    for (const Rule& rule : policy.rules())
        text +=
            fmt::format("  {} {} {} {}, hits {}{}, {}\n", to_string(rule.direction), rule.priority,
                        to_string(rule.action), to_string(*rule.match, names.group),
                        names.hits(rule.id), rule.log ? ", logged" : "", rule.intent);
    return text;
}

json json_of(const std::string& name, const Policy& policy, const FirewallNames& names) {
    json rules = json::array();
    for (const Rule& rule : policy.rules())
        rules.push_back({{"direction", to_string(rule.direction)},
                         {"priority", rule.priority},
                         {"action", to_string(rule.action)},
                         {"match", to_string(*rule.match, names.group)},
                         {"hits", names.hits(rule.id)},
                         {"log", rule.log},
                         {"intent", rule.intent}});
    return {{"policy", name}, {"rules", std::move(rules)}};
}

} // namespace

std::string show_firewall(const FirewallNames& names, const Fabric& fabric, Format format) {
    std::string text;
    json all = json::array();
    for (const auto& [name, id] : names.policies) {
        const Policy* policy = fabric.policy(id);
        if (!policy)
            continue;
        if (format == Format::json)
            all.push_back(json_of(name, *policy, names));
        else
            text += text_of(name, *policy, names);
    }
    return format == Format::json ? all.dump(1) + "\n" : text;
}

} // namespace ringfence::agent
