#include "dataplane/agent/builder/policies.h"

#include <algorithm>
#include <iterator>

namespace ringfence::agent {

namespace {

// Of a rule or group that got no id, because there are too many of them: it is nobody's.
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
    for (const Uuid& uuid : known_.groups_in(domain)) {
        const GroupEntry& entry = *known_.groups.find(uuid);
        if (auto id = known_.ids.groups.get(entry.name))
            groups.push_back(members_of(*id, entry));
    }
    DomainId id = known_.id_of_domain(domain);
    if (groups.empty())
        edit.erase_groups(id);
    else
        edit.set_groups(AddressGroups(id, std::move(groups)));
}

// Its own, and those of the group outside that nobody here hides. Where that one's row is not there
// it is not known who is in the group.
AddressGroup PolicyPart::members_of(GroupId id, const GroupEntry& entry) const {
    AddressGroup group{id, entry.prefixes, entry.is_broken};
    if (!entry.outside)
        return group;
    const GroupEntry* outside = known_.group(*entry.outside, entry.name);
    group.is_broken |= !outside || outside->is_broken;
    const auto is_hidden = [&](const IpPrefix& prefix) {
        return std::ranges::find(entry.hidden, prefix) != entry.hidden.end();
    };
    if (outside)
        std::ranges::remove_copy_if(outside->prefixes, std::back_inserter(group.prefixes),
                                    is_hidden);
    return group;
}

void PolicyPart::compile(FabricEdit& edit, const std::string& name) {
    const auto& rows = known_.rules_of(name);
    auto id = rows.empty() ? known_.ids.policies.find(name) : known_.ids.policies.get(name);
    if (!id)
        return;
    std::vector<Rule> rules;
    for (const Uuid& uuid : rows)
        rules.push_back(rule_of(uuid, *known_.rules.find(uuid)));
    if (rows.empty())
        edit.erase_policy(*id);
    else
        edit.set_policy(Policy(*id, std::move(rules)));
    if (!known_.is_policy_named(name))
        known_.ids.policies.release(name);
}

Rule PolicyPart::rule_of(const Uuid& uuid, const RuleEntry& entry) {
    Rule rule = entry.rule;
    bool is_new = !known_.ids.rules.find(key_of(uuid));
    auto id = known_.ids.rules.get(key_of(uuid));
    rule.id = id.value_or(RuleId(no_id)); // uncounted, where there are too many
    if (is_new && id)
        new_rules_.push_back(*id);
    RuleMatch match = *rule.match;
    name_groups(entry.source_groups, match.source);
    name_groups(entry.destination_groups, match.destination);
    rule.match = std::move(match);
    return rule;
}

void PolicyPart::name_groups(const std::vector<std::string>& names, AddressMatch& match) {
    for (const std::string& name : names)
        match.groups.push_back(known_.ids.groups.get(name).value_or(GroupId(no_id)));
}

std::string PolicyPart::name_of_group(GroupId group) const {
    for (const auto& [name, id] : known_.ids.groups.all())
        if (id == group)
            return name;
    return fmt::format("group {}", group.value());
}

void PolicyPart::release_ids() {
    for (const Uuid& rule : std::exchange(known_.touched.left_rules, {}))
        if (!known_.rules.find(rule))
            known_.ids.rules.release(key_of(rule));
    for (const std::string& group : std::exchange(known_.touched.left_groups, {}))
        if (!known_.is_group_named(group))
            known_.ids.groups.release(group);
    for (const std::string& domain : std::exchange(known_.touched.left_domains, {}))
        if (!known_.is_domain_named(domain))
            known_.ids.domains.release(domain);
}

} // namespace ringfence::agent
