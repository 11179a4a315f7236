// Prefixes lie in each other or apart. In the order of their addresses, shorter ones first, what
// encloses a prefix is on a stack when it comes, and its set is that of the top with its own groups
// added:
//
//     10.0.0.0/8   {a}      stack: 10.0.0.0/8             set {a}
//     10.1.0.0/16  {b}             10.0.0.0/8 10.1.0.0/16 set {a, b}
//     10.2.0.7/32  {c}             10.0.0.0/8 10.2.0.7/32 set {a, c}
#include "edge-router/firewall/address_groups.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace ringfence {

namespace {

using Groups = std::vector<GroupId>;

void normalize(std::vector<AddressGroup>& groups) {
    std::ranges::sort(groups, {}, &AddressGroup::id);
    for (AddressGroup& group : groups) {
        std::ranges::sort(group.prefixes);
        group.prefixes.erase(std::unique(group.prefixes.begin(), group.prefixes.end()),
                             group.prefixes.end());
    }
}

// Every prefix once, with the groups that name it, in the order of addresses.
std::vector<std::pair<IpPrefix, Groups>> by_prefix(const std::vector<AddressGroup>& groups) {
    std::vector<std::pair<IpPrefix, GroupId>> members;
    for (const AddressGroup& group : groups)
        for (const IpPrefix& prefix : group.prefixes)
            members.emplace_back(prefix, group.id);
    std::ranges::sort(members);
    std::vector<std::pair<IpPrefix, Groups>> all;
    for (const auto& [prefix, group] : members) {
        if (all.empty() || all.back().first != prefix)
            all.emplace_back(prefix, Groups());
        all.back().second.push_back(group);
    }
    return all;
}

Groups united(const Groups& one, const Groups& other) {
    Groups all;
    std::ranges::set_union(one, other, std::back_inserter(all));
    return all;
}

bool encloses(const IpPrefix& outer, const IpPrefix& inner) {
    return outer.length() <= inner.length() && outer.contains(inner.address());
}

} // namespace

AddressGroups::AddressGroups(DomainId domain, std::vector<AddressGroup> groups)
    : domain_(domain), groups_(std::move(groups)) {
    normalize(groups_);
    for (const AddressGroup& group : groups_)
        if (!group.is_broken) {
            known_.resize(std::max(known_.size(), group.id.value() / 64 + size_t{1}));
            known_[group.id.value() / 64] |= uint64_t{1} << group.id.value() % 64;
        }
    std::map<Groups, uint32_t> known;
    std::vector<std::pair<IpPrefix, uint32_t>> routes;
    std::vector<std::pair<IpPrefix, Groups>> around; // the stack
    for (auto& [prefix, own] : by_prefix(groups_)) {
        while (!around.empty() && !encloses(around.back().first, prefix))
            around.pop_back();
        Groups all = around.empty() ? std::move(own) : united(around.back().second, own);
        auto [set, is_new] = known.emplace(all, static_cast<uint32_t>(known.size()));
        if (is_new) {
            first_of_set_.push_back(static_cast<uint32_t>(sets_.size()));
            sets_.insert(sets_.end(), all.begin(), all.end());
        }
        routes.emplace_back(prefix, set->second);
        around.emplace_back(prefix, std::move(all));
    }
    first_of_set_.push_back(static_cast<uint32_t>(sets_.size()));
    sets_by_prefix_ = PrefixTable<uint32_t>(routes);
}

size_t AddressGroups::bytes() const {
    size_t all = sets_by_prefix_.bytes() + sets_.capacity() * sizeof(GroupId) +
                 first_of_set_.capacity() * sizeof(uint32_t) +
                 known_.capacity() * sizeof(uint64_t) + groups_.capacity() * sizeof(AddressGroup);
    for (const AddressGroup& group : groups_)
        all += group.prefixes.capacity() * sizeof(IpPrefix);
    return all;
}

namespace {

void compare(const AddressGroup& before, const AddressGroup& after,
             std::vector<MembershipChange>& changes) {
    std::vector<IpPrefix> some;
    std::ranges::set_difference(before.prefixes, after.prefixes, std::back_inserter(some));
    for (const IpPrefix& prefix : std::exchange(some, {}))
        changes.push_back({before.id, prefix, false});
    std::ranges::set_difference(after.prefixes, before.prefixes, std::back_inserter(some));
    for (const IpPrefix& prefix : some)
        changes.push_back({after.id, prefix, true});
}

} // namespace

std::vector<MembershipChange> differences(const AddressGroups* before, const AddressGroups* after) {
    static const std::vector<AddressGroup> none;
    const auto& old = before ? before->groups() : none;
    const auto& now = after ? after->groups() : none;
    std::vector<MembershipChange> changes;
    for (auto a = old.begin(), b = now.begin(); a != old.end() || b != now.end();) {
        bool gone = b == now.end() || (a != old.end() && a->id < b->id);
        bool is_new = a == old.end() || (b != now.end() && b->id < a->id);
        AddressGroup empty{gone ? a->id : b->id, {}, false};
        compare(is_new ? empty : *a, gone ? empty : *b, changes);
        a += is_new ? 0 : 1;
        b += gone ? 0 : 1;
    }
    return changes;
}

std::vector<GroupId> known_by_one(const AddressGroups* before, const AddressGroups* after) {
    std::vector<GroupId> groups;
    auto add = [&](const AddressGroups* one, const AddressGroups* other) {
        if (one)
            for (const AddressGroup& group : one->groups())
                if (!group.is_broken && !(other && other->knows(group.id)))
                    groups.push_back(group.id);
    };
    add(before, after);
    add(after, before);
    return groups;
}

} // namespace ringfence
