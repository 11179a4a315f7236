// A policy: a set of rules, compiled, and what firewalls say to a packet that begins a connection.
// Who is asked (a network, a NIC) has a list of policies; of all their rules that match the one
// with the highest priority decides. Immutable; replies are asked nothing (their connection was).
//
//     Judgement said = judge(port.policies, fabric, port.domain, Direction::in, subject);
//     if (!said.allows()) ...  said.rule->intent
//
// Where no rule matches, or a policy of the list is not there, nothing passes. Rules name groups;
// who is in them depends on the domain of who asks, so that a policy may be that of many. Where
// that is not known of one of them, nothing passes either: nobody can say whom a rule means to
// deny.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/types/ids.h"
#include "edge-router/firewall/address_groups.h"
#include "edge-router/firewall/classifier.h"
#include "edge-router/firewall/rule.h"

namespace ringfence {

class Policy {
public:
    // Sets of at most so many rules are scanned, larger ones classified.
    static constexpr size_t most_scanned = 16;

    Policy(PolicyId id, std::vector<Rule> rules); // in any order
    // Of one rule a direction, for all packets.
    static Policy of_defaults(PolicyId id, Action in, Action out);

    PolicyId id() const { return id_; }
    // By direction, then in the order in which they are asked.
    const std::vector<Rule>& rules() const { return rules_; }

    // How rules name a group: what a new member does depends on it.
    struct GroupUse {
        GroupId group;
        bool allows = false, denies = false;
    };
    const std::vector<GroupUse>& groups() const { return groups_; } // in order

    // The rule that decides, or nullptr. `groups`: of who asks; nullptr where there are none.
    const Rule* find(Direction direction, const Subject& subject,
                     const AddressGroups* groups) const;

    size_t bytes() const; // heap

private:
    // Rules of one direction that compare the same addresses, in the order of their rank: in
    // inside, in outside, out inside, out outside.
    static constexpr size_t chains = 4;
    std::span<const Rule> chain(size_t which) const {
        return std::span(rules_).subspan(begins_[which], begins_[which + 1] - begins_[which]);
    }
    const Rule* find(size_t chain, const Subject& subject, const AddressGroups* groups) const;
    void compile(size_t chain);
    void note_groups(const Rule& rule);

    PolicyId id_;
    std::vector<Rule> rules_;
    std::array<uint32_t, chains + 1> begins_{}; // of chains in rules_, and the end
    // By chain; none of those that are scanned, and none at all where all are.
    std::vector<std::shared_ptr<const Classifier>> classifiers_;
    std::vector<GroupUse> groups_;
};

// A group that rules name, and of which it is not known in the domain who is in it: its row can't
// be read, or is not there. `groups`: of the domain; nullptr where there are none.
inline const GroupId* first_unknown(const Policy& policy, const AddressGroups* groups) {
    for (const Policy::GroupUse& use : policy.groups())
        if (!groups || !groups->knows(use.group))
            return &use.group;
    return nullptr;
}

struct Judgement {
    const Rule* rule = nullptr; // that decides; none: nothing passes

    bool allows() const { return rule && rule->action == Action::allow; }
};

// What all the policies of a list say together to who stands in the domain. `where` has
// policy(PolicyId), which is nullptr for one that is not there, and groups(DomainId). The rule is
// valid as long as `where` is.
template <class Where>
Judgement judge(std::span<const PolicyId> policies, const Where& where, DomainId domain,
                Direction direction, const Subject& subject) {
    Judgement said;
    for (PolicyId id : policies) {
        const Policy* policy = where.policy(id);
        if (!policy)
            return {};
        const AddressGroups* groups = policy->groups().empty() ? nullptr : where.groups(domain);
        if (first_unknown(*policy, groups)) [[unlikely]]
            return {};
        const Rule* rule = policy->find(direction, subject, groups);
        if (rule && (!said.rule || outranks(*rule, *said.rule)))
            said.rule = rule;
    }
    return said;
}

// What a change may do to packets.
struct Effect {
    bool narrows = false; // something that passed no longer does
    bool widens = false;  // something passes that did not
};
// nullptr is a policy that is not there: it denies all.
Effect effect_of(const Policy* before, const Policy* after);
// A member that came or went, for the policies that use the group so.
constexpr Effect effect_of(const Policy::GroupUse& use, bool added) {
    return {added ? use.denies : use.allows, added ? use.allows : use.denies};
}

} // namespace ringfence
