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
        add_rules(uuid, *known_.rules.find(uuid), rules);
    if (rows.empty())
        edit.erase_policy(*id);
    else
        edit.set_policy(Policy(*id, std::move(rules)));
    if (!known_.is_policy_named(name))
        known_.ids.policies.release(name);
}

void PolicyPart::add_rules(const Uuid& uuid, const RuleEntry& entry, std::vector<Rule>& rules) {
    Rule& rule = rules.emplace_back(entry.rule);
    bool is_new = !known_.ids.rules.find(key_of(uuid));
    auto id = known_.ids.rules.get(key_of(uuid));
    rule.id = id.value_or(RuleId(no_id)); // uncounted, where there are too many
    if (is_new && id)
        new_rules_.push_back(*id);
    RuleMatch match = *rule.match;
    name_groups(entry.source_groups, match.source);
    name_groups(entry.destination_groups, match.destination);
    rule.match = std::move(match);
    if (entry.both_directions) {
        Rule other = rule;
        other.direction = rule.direction == Direction::in ? Direction::out : Direction::in;
        rules.push_back(std::move(other));
    }
}

void PolicyPart::name_groups(const std::vector<std::string>& names, AddressMatch& match) {
    for (const std::string& name : names)
        match.groups.push_back(known_.ids.groups.get(name).value_or(GroupId(no_id)));
}

namespace {

template <class Id> std::string name_in(const IdPool<Id>& pool, const char* kind, Id wanted) {
    for (const auto& [name, id] : pool.all())
        if (id == wanted)
            return name;
    return fmt::format("{} {}", kind, wanted.value());
}

} // namespace

std::string PolicyPart::name_of_group(GroupId group) const {
    return name_in(known_.ids.groups, "group", group);
}

std::map<std::string, std::string> PolicyPart::trouble(const Fabric& fabric) const {
    std::map<std::string, std::string> trouble;
    auto look = [&](const std::vector<PolicyId>& policies, DomainId domain) {
        for (PolicyId id : policies) {
            const Policy* policy = fabric.policy(id);
            const GroupId* unknown =
                policy ? first_unknown(*policy, fabric.groups(domain)) : nullptr;
            if (unknown)
                trouble["policy " + name_in(known_.ids.policies, "policy", id)] =
                    fmt::format("who is in address group {} is not known where it is asked, so it "
                                "lets nothing pass there",
                                name_of_group(*unknown));
        }
    };
    fabric.for_each_port([&](const LocalPort& port) { look(port.policies, port.domain); });
    fabric.for_each_router([&](const Router& router) {
        for (const RouterInterface& interface : router.interfaces())
            look(interface.policies, interface.domain);
    });
    return trouble;
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
