#include "edge-router/firewall/policy.h"

#include <gtest/gtest.h>

#include "tests/unit/edge-router/firewall/rules.h"

namespace ringfence::test {

namespace {

constexpr DomainId domain(0);

std::vector<Rule> any_rules(Chance& chance, uint32_t count, uint32_t groups) {
    std::vector<Rule> rules;
    for (uint32_t i = 0; i < count; ++i)
        rules.push_back(any_rule(chance, i, groups));
    return rules;
}

// Two rules of one rank and action are as good as each other.
void expect_same(const Rule* want, const Rule* got, const Subject& subject) {
    ASSERT_EQ(want == nullptr, got == nullptr) << to_string(subject.source);
    if (!want)
        return;
    EXPECT_EQ(want->priority, got->priority);
    EXPECT_EQ(want->action, got->action);
}

Rule rule(Direction direction, uint32_t priority, Action action) {
    Rule rule;
    rule.direction = direction;
    rule.priority = priority;
    rule.action = action;
    return rule;
}

Subject subject(const char* source, const char* destination) {
    Subject subject;
    subject.source = subject.outside_source = *IpAddr::from(source);
    subject.destination = subject.outside_destination = *IpAddr::from(destination);
    subject.protocol = 6;
    return subject;
}

AddressMatch prefix(const char* text) { return {false, {*IpPrefix::from(text)}, {}}; }
AddressMatch group(uint32_t id) { return {false, {}, {GroupId(id)}}; }

} // namespace

// Scanned sets and classified ones, of several blocks too.
TEST(Policy, AnswersLikeAPlainMatcher) {
    Chance chance(1);
    for (uint32_t size : {0, 1, 3, 12, 40, 100, 700, 2000}) {
        auto groups = any_groups(chance, 12);
        auto rules = any_rules(chance, size, 12);
        const Policy policy(PolicyId(1), rules);
        const AddressGroups compiled(domain, groups);
        for (int i = 0; i < 2000; ++i) {
            Subject packet = any_subject(chance);
            Direction direction = chance.one_in(2) ? Direction::in : Direction::out;
            expect_same(decide_plainly(rules, groups, direction, packet),
                        policy.find(direction, packet, &compiled), packet);
            if (HasFailure())
                FAIL() << size << " rules";
        }
    }
}

// The same packet, whatever came before it: nothing is remembered (CVE-2023-1668).
TEST(Policy, AnswersTheSameInAnyOrder) {
    Chance chance(2);
    const Policy policy(PolicyId(1), any_rules(chance, 300, 8));
    const AddressGroups groups(domain, any_groups(chance, 8));
    std::vector<std::pair<Subject, const Rule*>> first;
    for (int i = 0; i < 500; ++i) {
        Subject packet = any_subject(chance);
        first.emplace_back(packet, policy.find(Direction::in, packet, &groups));
    }
    for (int i = 0; i < 5000; ++i) {
        const auto& [packet, said] = chance.of(first);
        ASSERT_EQ(policy.find(Direction::in, packet, &groups), said);
    }
}

TEST(Policy, OfAnAddressInManyGroupsForgetsNone) {
    std::vector<AddressGroup> groups;
    std::vector<Rule> rules;
    for (uint32_t id = 0; id < 200; ++id) {
        groups.push_back({GroupId(id), {*IpPrefix::from("10.0.0.1")}});
        rules.push_back(rule(Direction::in, id, Action::drop));
        rules.back().id = RuleId(id);
        rules.back().match.edit().source = group(id);
        rules.back().match.edit().destination =
            prefix(id == 7 || id == 150 ? "10.0.0.2" : "10.9.0.0/16");
    }
    const AddressGroups compiled(domain, groups);
    const Policy policy(PolicyId(1), rules);
    const Rule* found = policy.find(Direction::in, subject("10.0.0.1", "10.0.0.2"), &compiled);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, RuleId(150));
    EXPECT_EQ(policy.find(Direction::in, subject("10.0.0.3", "10.0.0.2"), &compiled), nullptr);
}

TEST(Judge, LetsTheHighestPriorityOfAllPoliciesDecide) {
    Chance chance(3);
    for (int round = 0; round < 30; ++round) {
        auto groups = any_groups(chance, 6);
        Shelf shelf;
        shelf.all_groups.emplace(domain, groups);
        std::vector<Rule> all;
        std::vector<PolicyId> ids;
        for (uint32_t id = 0; id < 4; ++id) {
            auto rules = any_rules(chance, chance.below(30), 6);
            all.insert(all.end(), rules.begin(), rules.end());
            shelf.policies.emplace(id, Policy(PolicyId(id), rules));
            ids.emplace_back(id);
        }
        for (int i = 0; i < 300; ++i) {
            Subject packet = any_subject(chance);
            const Rule* want = decide_plainly(all, groups, Direction::out, packet);
            expect_same(want, judge(ids, shelf, domain, Direction::out, packet).rule, packet);
        }
    }
}

TEST(Judge, BreaksTiesByDropThenReject) {
    Shelf shelf;
    for (uint32_t id = 0; Action action : {Action::allow, Action::reject, Action::drop}) {
        shelf.policies.emplace(id, Policy(PolicyId(id), {rule(Direction::in, 7, action)}));
        ++id;
    }
    auto said = [&](std::vector<PolicyId> policies) {
        return judge(policies, shelf, domain, Direction::in, subject("10.0.0.1", "10.0.0.2"))
            .rule->action;
    };
    EXPECT_EQ(said({PolicyId(0)}), Action::allow);
    EXPECT_EQ(said({PolicyId(0), PolicyId(1)}), Action::reject);
    EXPECT_EQ(said({PolicyId(2), PolicyId(0), PolicyId(1)}), Action::drop);
}

TEST(Judge, FailsClosed) {
    Shelf shelf;
    shelf.policies.emplace(0, Policy(PolicyId(0), {rule(Direction::in, 7, Action::allow)}));
    shelf.policies.emplace(1, Policy(PolicyId(1), {}));
    auto passes = [&](std::vector<PolicyId> policies, Direction direction) {
        return judge(policies, shelf, domain, direction, subject("10.0.0.1", "10.0.0.2")).allows();
    };
    EXPECT_TRUE(passes({PolicyId(0), PolicyId(1)}, Direction::in));
    EXPECT_FALSE(passes({PolicyId(0), PolicyId(1)}, Direction::out)) << "no rule speaks of it";
    EXPECT_FALSE(passes({PolicyId(0), PolicyId(9)}, Direction::in)) << "one is not there";
}

// A rule that denies members would let them pass.
TEST(Judge, FailsClosedWhereNobodyKnowsWhoIsInAGroup) {
    Shelf shelf;
    Rule blocks = rule(Direction::in, 9, Action::drop);
    blocks.match.edit().source = group(70);
    shelf.policies.emplace(0, Policy(PolicyId(0), {rule(Direction::in, 7, Action::allow)}));
    shelf.policies.emplace(1, Policy(PolicyId(1), {blocks}));
    auto passes = [&](std::vector<PolicyId> policies) {
        return judge(policies, shelf, domain, Direction::in, subject("10.0.0.1", "10.0.0.2"))
            .allows();
    };
    auto all = {PolicyId(0), PolicyId(1)};
    EXPECT_FALSE(passes(all)) << "the domain has no groups";
    shelf.all_groups.emplace(domain, std::vector{AddressGroup{GroupId(6), {}}});
    EXPECT_FALSE(passes(all)) << "it has others";
    shelf.all_groups.emplace(domain, std::vector{AddressGroup{GroupId(70), {}, true}});
    EXPECT_FALSE(passes(all)) << "the group is broken";
    EXPECT_TRUE(passes({PolicyId(0)})) << "which names none";
    shelf.all_groups.emplace(domain, std::vector{AddressGroup{GroupId(70), {}}});
    EXPECT_TRUE(passes(all)) << "nobody is in it";
}

// --- what a change does

TEST(Effect, IsOfWhatCameAndWhatWent) {
    auto policy = [](std::vector<Rule> rules) { return Policy(PolicyId(1), rules); };
    Rule web = rule(Direction::in, 10, Action::allow),
         block = rule(Direction::in, 20, Action::drop);
    web.match.edit().protocol = 6;
    block.match.edit().source = prefix("10.9.0.0/16");
    Policy none = policy({}), one = policy({web}), both = policy({web, block});
    auto text = [](const Policy* before, const Policy* after) {
        Effect effect = effect_of(before, after);
        return std::string(effect.narrows ? "narrows" : "") + (effect.widens ? "widens" : "");
    };
    EXPECT_EQ(text(&none, &one), "widens");
    EXPECT_EQ(text(&one, &none), "narrows");
    EXPECT_EQ(text(&one, &both), "narrows");
    EXPECT_EQ(text(&both, &one), "widens");
    EXPECT_EQ(text(&both, &both), "");
    EXPECT_EQ(text(nullptr, &none), "widens") << "one that is not there denies for all";
    EXPECT_EQ(text(&none, nullptr), "narrows");
    Rule other = web, louder = web, rejecting = block;
    other.match.edit().protocol = 17;
    louder.log = true;
    louder.intent = "renamed";
    rejecting.action = Action::reject;
    EXPECT_EQ(text(&one, std::make_unique<Policy>(policy({other})).get()), "narrowswidens");
    EXPECT_EQ(text(&one, std::make_unique<Policy>(policy({louder})).get()), "");
    EXPECT_EQ(text(&both, std::make_unique<Policy>(policy({web, rejecting})).get()), "");
}

// What narrows nothing denies no packet that passed, and the reverse; also where a group is
// unknown.
TEST(Effect, IsNeverLessThanWhatPacketsSee) {
    Chance chance(4);
    int narrowed = 0, widened = 0;
    for (int round = 0; round < 400; ++round) {
        auto rules = any_rules(chance, chance.one_in(2) ? 12 : 2, 4);
        auto groups = any_groups(chance, 4);
        if (chance.one_in(2))
            groups[chance.below(4)].is_broken = true;
        Shelf shelf;
        shelf.all_groups.emplace(domain, groups);
        const Policy before(PolicyId(1), rules);
        if (chance.one_in(2))
            rules.erase(rules.begin() + chance.below(static_cast<uint32_t>(rules.size())));
        else
            rules.push_back(any_rule(chance, 12, 4));
        const Policy after(PolicyId(1), rules);
        Effect effect = effect_of(&before, &after);
        for (int i = 0; i < 200; ++i) {
            Subject packet = any_subject(chance);
            auto passes = [&](const Policy& policy) {
                shelf.policies.insert_or_assign(1, policy);
                return judge(std::vector{PolicyId(1)}, shelf, domain, Direction::in, packet)
                    .allows();
            };
            if (passes(before) && !passes(after)) {
                ++narrowed;
                ASSERT_TRUE(effect.narrows);
            } else if (!passes(before) && passes(after)) {
                ++widened;
                ASSERT_TRUE(effect.widens);
            }
        }
    }
    EXPECT_GT(narrowed, 100) << "or it showed nothing";
    EXPECT_GT(widened, 100);
}

// --- size

// A group that names itself: 1,000 members, 100 rules.
TEST(Size, IsOfMembersPlusRulesNotOfTheirProduct) {
    auto size = [](uint32_t members, uint32_t count) {
        AddressGroup web{GroupId(1), {}};
        for (uint32_t i = 0; i < members; ++i)
            web.prefixes.push_back(*IpPrefix::from(IpAddr(Ipv4Addr{0x0a000000 + i}), 32));
        std::vector<Rule> rules;
        for (uint32_t i = 0; i < count; ++i) {
            rules.push_back(rule(Direction::in, i, Action::allow));
            rules.back().match.edit().protocol = 6;
            rules.back().match.edit().source = group(1);
            rules.back().match.edit().services = {
                {static_cast<uint16_t>(i), static_cast<uint16_t>(i)}};
        }
        return AddressGroups(domain, {web}).bytes() + Policy(PolicyId(1), rules).bytes();
    };
    size_t small = size(10, 100), large = size(1000, 100), larger = size(2000, 200);
    EXPECT_LT(large - small, 1000u * 100) << "bytes for 990 more members";
    EXPECT_LT(larger, 2 * large + 4096);
}

// Rules that overlap as badly as they can.
TEST(Size, StaysLinearWhereRulesOverlap) {
    auto size = [](uint32_t count) {
        std::vector<Rule> rules;
        for (uint32_t i = 0; i < count; ++i) {
            Rule nasty = rule(Direction::in, i, Action::allow);
            auto low = static_cast<uint16_t>(i), high = static_cast<uint16_t>(65'535 - i);
            nasty.match.edit().protocol = 6;
            nasty.match.edit().source_ports = nasty.match.edit().services = {{low, high}};
            nasty.match.edit().source = {
                false, {*IpPrefix::from(IpAddr(Ipv4Addr{i << 8}), 24)}, {}};
            nasty.match.edit().destination = {
                false, {*IpPrefix::from(IpAddr(Ipv4Addr{i << 4}), 28)}, {}};
            rules.push_back(nasty);
        }
        return Policy(PolicyId(1), rules).bytes() / count;
    };
    EXPECT_LT(size(1'000), 2'000u) << "bytes a rule";
    EXPECT_LT(size(8'000), 2'500u);
}

} // namespace ringfence::test
