#include "edge-router/firewall/policy.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <tuple>

namespace ringfence {

namespace {

size_t chain_of(Direction direction, bool outside) {
    return 2 * static_cast<size_t>(direction) + (outside ? 1 : 0);
}
size_t chain_of(const Rule& rule) {
    return chain_of(rule.direction, rule.match->outside_addresses);
}

bool comes_first(const Rule& one, const Rule& other) {
    return chain_of(one) != chain_of(other) ? chain_of(one) < chain_of(other)
                                            : outranks(one, other);
}

// Whether holding packets against it one by one is cheap.
bool is_short(const Rule& rule) {
    constexpr size_t most = 16;
    const RuleMatch& match = *rule.match;
    return match.source.prefixes.size() + match.source.groups.size() +
               match.destination.prefixes.size() + match.destination.groups.size() +
               match.source_ports.size() + match.services.size() <=
           most;
}

} // namespace

Policy::Policy(PolicyId id, std::vector<Rule> rules) : id_(id), rules_(std::move(rules)) {
    std::ranges::stable_sort(rules_, comes_first);
    rules_.shrink_to_fit();
    for (const Rule& rule : rules_) {
        ++begins_[chain_of(rule) + 1];
        note_groups(rule);
    }
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
    for (size_t i = 0; i < chains; ++i)
        compile(i);
}

Policy Policy::of_defaults(PolicyId id, Action in, Action out) {
    Rule inbound, outbound;
    inbound.action = in;
    outbound.direction = Direction::out;
    outbound.action = out;
    return Policy(id, {inbound, outbound});
}

void Policy::compile(size_t which) {
    std::span<const Rule> rules = chain(which);
    if (rules.size() <= most_scanned && std::ranges::all_of(rules, is_short))
        return;
    classifiers_.resize(chains);
    classifiers_[which] = std::make_shared<const Classifier>(rules);
}

void Policy::note_groups(const Rule& rule) {
    for (const AddressMatch* match : {&rule.match->source, &rule.match->destination})
        for (GroupId group : match->groups) {
            auto place = std::ranges::lower_bound(groups_, group, {}, &GroupUse::group);
            if (place == groups_.end() || place->group != group)
                place = groups_.insert(place, {group});
            (rule.action == Action::allow ? place->allows : place->denies) = true;
        }
}

// --- Asking it.

namespace {

bool matches(const std::vector<Range>& ranges, uint16_t number) {
    return ranges.empty() ||
           std::ranges::any_of(ranges, [&](const Range& range) { return range.contains(number); });
}

bool matches(const AddressMatch& match, const IpAddr& address, std::span<const GroupId> groups) {
    return match.any ||
           std::ranges::any_of(match.prefixes,
                               [&](const IpPrefix& prefix) { return prefix.contains(address); }) ||
           std::ranges::any_of(match.groups, [&](GroupId group) {
               return std::ranges::binary_search(groups, group);
           });
}

bool matches(const RuleMatch& match, const IpAddr& source, const IpAddr& destination,
             const Subject& subject, const Memberships& in) {
    return (!match.protocol || *match.protocol == subject.protocol) &&
           matches(match.services, subject.service) &&
           matches(match.source_ports, subject.source_port) &&
           matches(match.source, source, in.source) &&
           matches(match.destination, destination, in.destination);
}

} // namespace

const Rule* Policy::find(size_t which, const Subject& subject, const AddressGroups* groups) const {
    const bool outside = which % 2;
    const IpAddr& source = outside ? subject.outside_source : subject.source;
    const IpAddr& destination = outside ? subject.outside_destination : subject.destination;
    Memberships in;
    if (groups)
        in = {groups->of(source), groups->of(destination)};
    const std::span<const Rule> rules = chain(which);
    if (!classifiers_.empty() && classifiers_[which]) {
        auto place = classifiers_[which]->find(source, destination, subject, in);
        return place ? &rules[*place] : nullptr;
    }
    for (const Rule& rule : rules)
        if (matches(*rule.match, source, destination, subject, in))
            return &rule;
    return nullptr;
}

const Rule* Policy::find(Direction direction, const Subject& subject,
                         const AddressGroups* groups) const {
    const Rule* found = nullptr;
    for (bool outside : {false, true})
        if (size_t which = chain_of(direction, outside); !chain(which).empty()) {
            const Rule* rule = find(which, subject, groups);
            if (rule && (!found || outranks(*rule, *found)))
                found = rule;
        }
    return found;
}

size_t Policy::bytes() const {
    size_t all = rules_.capacity() * sizeof(Rule) + groups_.capacity() * sizeof(GroupUse);
    for (const Rule& rule : rules_) {
        all += *rule.match == RuleMatch() ? 0 : sizeof(RuleMatch);
        for (const AddressMatch* match : {&rule.match->source, &rule.match->destination})
            all += match->prefixes.capacity() * sizeof(IpPrefix) +
                   match->groups.capacity() * sizeof(GroupId);
        all += (rule.match->source_ports.capacity() + rule.match->services.capacity()) *
                   sizeof(Range) +
               rule.intent.capacity();
    }
    for (const auto& classifier : classifiers_)
        all += classifier ? sizeof(Classifier) + classifier->bytes() : 0;
    return all;
}

// --- What a change does.

namespace {

using RuleList = std::vector<const Rule*>;

// By all of a rule that decides whether packets pass.
bool is_before(const Rule* a, const Rule* b) {
    auto rank = [](const Rule& rule) {
        return std::tuple(rule.direction, rule.priority, rule.action == Action::allow);
    };
    return rank(*a) != rank(*b) ? rank(*a) < rank(*b) : a->match < b->match;
}

RuleList sorted(const Policy& policy) {
    RuleList rules;
    for (const Rule& rule : policy.rules())
        rules.push_back(&rule);
    std::ranges::sort(rules, is_before);
    return rules;
}

RuleList without(const RuleList& all, const RuleList& others) {
    RuleList rest;
    std::ranges::set_difference(all, others, std::back_inserter(rest), is_before);
    return rest;
}

void note(const RuleList& rules, bool& allowing, bool& denying) {
    for (const Rule* rule : rules)
        (rule->action == Action::allow ? allowing : denying) = true;
}

} // namespace

// A rule that allows lets more pass when it comes and less when it goes, whatever others there are;
// one that denies the reverse. But a group that one of the two policies alone names may be unknown
// where it is asked, and then that one denies all.
Effect effect_of(const Policy* before, const Policy* after) {
    if (!before || !after)
        return {.narrows = before && !after, .widens = after && !before};
    const RuleList old = sorted(*before), now = sorted(*after);
    if (!std::ranges::equal(before->groups(), after->groups(), {}, &Policy::GroupUse::group,
                            &Policy::GroupUse::group))
        return {.narrows = true, .widens = true};
    Effect effect;
    note(without(now, old), effect.widens, effect.narrows);
    note(without(old, now), effect.narrows, effect.widens);
    return effect;
}

} // namespace ringfence
