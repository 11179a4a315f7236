#include "tests/unit/controller/firewall_cloud.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ringfence::test {
namespace {

// The text with each UUID that was made of one of the names as that name.
std::string named(std::string text, const std::vector<std::string>& names) {
    for (const auto& name : names) {
        const std::string uuid = to_string(id(name));
        for (size_t at = 0; (at = text.find(uuid, at)) != text.npos;)
            text.replace(at, uuid.size(), name);
    }
    return text;
}

template <class Texts>
std::string side(const char* word, const Texts& prefixes, const Texts& groups, const Texts& ports) {
    auto all = prefixes;
    all.insert(groups.begin(), groups.end());
    std::string text;
    if (!all.empty())
        text += fmt::format(" {} {}", word, fmt::join(all, " "));
    if (!ports.empty())
        text += fmt::format(" {}-ports {}", word, fmt::join(ports, " "));
    return text;
}

} // namespace

void add_group(northbound::Tables& rows, const std::string& name) {
    northbound::SecurityGroup group;
    group.uuid = id("group/" + name);
    group.organization = id("org/acme");
    group.name = name;
    rows.security_group.insert(group);
}

void join(northbound::Tables& rows, const std::string& nic, const std::string& group) {
    edit(rows.nic, nic, [&](auto& row) { row.security_groups.insert(id("group/" + group)); });
}

std::string word_of_group(const std::string& name) {
    return "group:" + to_string(id("group/" + name));
}
std::string word_of_nic(const std::string& nic) { return "nic:" + to_string(id(nic)); }

northbound::FirewallRule make_rule(const std::string& owner, int64_t number,
                                   const RuleChange& change) {
    northbound::FirewallRule rule;
    rule.uuid = id(fmt::format("rule/{}", number));
    (owner.starts_with("edge/") ? rule.edge_router : rule.security_group) = id(owner);
    rule.tier = "tenant";
    rule.number = number;
    rule.direction = "in";
    rule.action = "allow";
    rule.enabled = true;
    if (change)
        change(rule);
    return rule;
}

void add_rule(northbound::Tables& rows, const std::string& owner, int64_t number,
              const RuleChange& change) {
    rows.firewall_rule.insert(make_rule(owner, number, change));
}

std::vector<std::string> rule_lines(const southbound::Tables& rows,
                                    const std::vector<std::string>& names) {
    std::vector<std::string> all;
    for (const auto& row : rows.firewall) {
        if (row.policy.starts_with("inbound/"))
            continue;
        std::string line =
            fmt::format("{} {} {} {}", row.policy, row.direction, row.priority, row.action);
        line += row.protocol ? fmt::format(" protocol {}", *row.protocol) : "";
        line += side("from", row.source, row.source_groups, row.source_ports);
        line += side("to", row.destination, row.destination_groups, row.destination_ports);
        if (!row.icmp_types.empty())
            line += fmt::format(" types {}", fmt::join(row.icmp_types, " "));
        line += row.log ? " log" : "";
        for (const auto& [name, value] : row.options)
            line += fmt::format(" {}={}", name, value);
        all.push_back(named(fmt::format("{} @ {}", line, row.domain), names));
    }
    std::ranges::sort(all);
    return all;
}

std::vector<std::string> group_lines(const southbound::Tables& rows,
                                     const std::vector<std::string>& names) {
    std::vector<std::string> all;
    for (const auto& row : rows.address_group)
        all.push_back(named(fmt::format("{} = {}{}{} @ {}", row.name, fmt::join(row.prefixes, " "),
                                        row.outside ? " and " + *row.outside : "",
                                        row.hidden.empty()
                                            ? ""
                                            : fmt::format(" but {}", fmt::join(row.hidden, " ")),
                                        row.domain),
                            names));
    std::ranges::sort(all);
    return all;
}

} // namespace ringfence::test
