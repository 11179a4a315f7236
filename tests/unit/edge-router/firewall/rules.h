// Random rules and packets that meet each other often, and a matcher that is written from the
// words of rule.h alone, slow and plain.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "edge-router/firewall/policy.h"

namespace ringfence::test {

class Chance {
public:
    explicit Chance(uint32_t seed) : random_(seed) {}
    uint32_t below(uint32_t n) {
        return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_);
    }
    bool one_in(uint32_t n) { return below(n) == 0; }
    template <class T> const T& of(const std::vector<T>& all) {
        return all[below(static_cast<uint32_t>(all.size()))];
    }

private:
    std::mt19937 random_;
};

IpAddr any_address(Chance& chance);
IpPrefix any_prefix(Chance& chance);
Rule any_rule(Chance& chance, uint32_t id, uint32_t groups);
Subject any_subject(Chance& chance);
std::vector<AddressGroup> any_groups(Chance& chance, uint32_t count);

// The rules, the policies' order aside, that match; the first is the one that decides.
const Rule* decide_plainly(const std::vector<Rule>& rules, const std::vector<AddressGroup>& groups,
                           Direction direction, const Subject& subject);

// Policies and groups by their ids, as judge() wants them.
struct Shelf {
    std::map<uint32_t, Policy> policies;
    std::optional<AddressGroups> all_groups;
    const Policy* policy(PolicyId id) const {
        auto found = policies.find(id.value());
        return found == policies.end() ? nullptr : &found->second;
    }
    const AddressGroups* groups(DomainId) const { return all_groups ? &*all_groups : nullptr; }
};

} // namespace ringfence::test
