#include "dataplane/agent/builder/policies.h"

namespace ringfence::agent {

namespace {

// Of a rule, group or domain that got no id, because there are too many of them: it is nobody's.
constexpr uint32_t no_id = 1 << 20;

std::string key_of(const Uuid& uuid) { return ovsdb::to_string(uuid); }

} // namespace

void PolicyPart::finish(FabricEdit& edit) {
    for (const std::string& domain : std::exchange(known_.touched.grouped, {}))
        group(edit, domain);
    for (const std::string& name : std::exchange(known_.touched.policies, {}))
        compile(edit, name);
    release_ids();
}

void PolicyPart::group(FabricEdit& edit, const std::string& domain) {
    std::vector<AddressGroup> groups;
    for (const Uuid& uuid : known_.groups_in(domain))
        if (auto id = known_.ids.groups.get(key_of(uuid)))
            groups.push_back({*id, known_.groups.find(uuid)->prefixes});
    DomainId id = id_of_domain(domain);
    if (groups.empty())
        edit.erase_groups(id);
    else
        edit.set_groups(AddressGroups(id, std::move(groups)));
}

void PolicyPart::compile(FabricEdit& edit, const std::string& name) {
    const auto& rows = known_.rules_of(name);
    auto id = rows.empty() ? known_.ids.policies.find(name) : known_.ids.policies.get(name);
    if (!id)
        return;
    std::vector<Rule> rules;
    std::string domain;
    for (const Uuid& uuid : rows) {
        const RuleEntry& entry = *known_.rules.find(uuid);
        rules.push_back(rule_of(uuid, entry));
        domain = entry.domain;
    }
    if (rows.empty())
        edit.erase_policy(*id);
    else
        edit.set_policy(Policy(*id, id_of_domain(domain), std::move(rules)));
    if (!known_.is_policy_named(name))
        known_.ids.policies.release(name);
}

Rule PolicyPart::rule_of(const Uuid& uuid, const RuleEntry& entry) {
    Rule rule = entry.rule;
    bool is_new = !known_.ids.rules.find(key_of(uuid));
    rule.id = known_.ids.rules.get(key_of(uuid)).value_or(RuleId(no_id));
    if (is_new)
        new_rules_.push_back(rule.id);
    RuleMatch match = *rule.match;
    name_groups(entry, entry.source_groups, match.source);
    name_groups(entry, entry.destination_groups, match.destination);
    rule.match = std::move(match);
    return rule;
}

// A group that is not known here is nobody to a rule that allows, and everybody to one that denies.
void PolicyPart::name_groups(const RuleEntry& entry, const std::vector<std::string>& names,
                             AddressMatch& match) const {
    for (const std::string& name : names) {
        auto row = known_.group(entry.domain, name);
        auto id = row ? known_.ids.groups.get(key_of(*row)) : std::nullopt;
        if (id)
            match.groups.push_back(*id);
        else if (entry.rule.action != Action::allow)
            match = {};
        if (match.any)
            return;
    }
}

std::string PolicyPart::name_of_group(GroupId group) const {
    for (const auto& [uuid, entry] : known_.groups.all())
        if (known_.ids.groups.find(key_of(uuid)) == group)
            return entry.name;
    return fmt::format("group {}", group.value());
}

DomainId PolicyPart::id_of_domain(const std::string& name) {
    return known_.ids.domains.get(name).value_or(DomainId(no_id));
}

void PolicyPart::release_ids() {
    for (const Uuid& rule : std::exchange(known_.touched.left_rules, {}))
        if (!known_.rules.find(rule))
            known_.ids.rules.release(key_of(rule));
    for (const Uuid& group : std::exchange(known_.touched.left_groups, {}))
        if (!known_.groups.find(group))
            known_.ids.groups.release(key_of(group));
    for (const std::string& domain : std::exchange(known_.touched.left_domains, {}))
        if (!known_.is_domain_named(domain))
            known_.ids.domains.release(domain);
}

} // namespace ringfence::agent
