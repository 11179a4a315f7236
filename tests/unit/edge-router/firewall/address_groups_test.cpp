#include "edge-router/firewall/address_groups.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/edge-router/firewall/rules.h"

namespace ringfence::test {

namespace {

constexpr DomainId domain(0);

std::vector<GroupId> plainly(const std::vector<AddressGroup>& groups, const IpAddr& address) {
    std::vector<GroupId> all;
    for (const AddressGroup& group : groups)
        if (std::ranges::any_of(group.prefixes,
                                [&](const IpPrefix& prefix) { return prefix.contains(address); }))
            all.push_back(group.id);
    return all;
}

} // namespace

TEST(AddressGroups, KnowAllGroupsOfAnAddress) {
    Chance chance(1);
    for (int round = 0; round < 50; ++round) {
        auto groups = any_groups(chance, chance.below(20));
        const AddressGroups compiled(domain, groups);
        for (int i = 0; i < 300; ++i) {
            IpAddr address = any_address(chance);
            auto found = compiled.of(address);
            ASSERT_EQ(std::vector(found.begin(), found.end()), plainly(groups, address));
        }
    }
}

TEST(AddressGroups, DifferByTheMembersThatCameOrWent) {
    auto groups = [](std::vector<std::vector<const char*>> members) {
        std::vector<AddressGroup> all;
        for (uint32_t id = 0; id < members.size(); ++id) {
            all.push_back({GroupId(id), {}});
            for (const char* text : members[id])
                all.back().prefixes.push_back(*IpPrefix::from(text));
        }
        std::erase_if(all, [](const AddressGroup& group) { return group.prefixes.empty(); });
        return AddressGroups(domain, all);
    };
    auto text = [](const AddressGroups* before, const AddressGroups* after) {
        std::string lines;
        for (const MembershipChange& change : differences(before, after))
            lines += (change.added ? "+" : "-") + std::to_string(change.group.value()) + " " +
                     to_string(change.prefix) + "\n";
        return lines;
    };
    AddressGroups first = groups({{"10.0.0.1", "10.0.0.2"}, {"10.1.0.0/16"}}),
                  second = groups({{"10.0.0.2", "10.0.0.3"}, {}, {"10.0.0.1"}});
    EXPECT_EQ(text(&first, &second),
              "-0 10.0.0.1/32\n+0 10.0.0.3/32\n-1 10.1.0.0/16\n+2 10.0.0.1/32\n");
    EXPECT_EQ(text(&first, &first), "");
    EXPECT_EQ(text(nullptr, &second), "+0 10.0.0.2/32\n+0 10.0.0.3/32\n+2 10.0.0.1/32\n");
    EXPECT_EQ(text(&second, nullptr), "-0 10.0.0.2/32\n-0 10.0.0.3/32\n-2 10.0.0.1/32\n");
}

TEST(AddressGroups, AreKnownOrBrokenOrNotThere) {
    auto groups = [](bool is_broken) {
        return AddressGroups(domain,
                             {{GroupId(3), {}}, {GroupId(64), {}, is_broken}, {GroupId(700), {}}});
    };
    const AddressGroups whole = groups(false), broken = groups(true);
    for (uint32_t id : {0, 2, 4, 65, 699, 701, 1 << 20})
        EXPECT_FALSE(whole.knows(GroupId(id))) << id;
    for (uint32_t id : {3, 64, 700})
        EXPECT_TRUE(whole.knows(GroupId(id))) << id;
    EXPECT_FALSE(broken.knows(GroupId(64)));
    using Groups = std::vector<GroupId>;
    EXPECT_EQ(known_by_one(&whole, &broken), Groups{GroupId(64)});
    EXPECT_EQ(known_by_one(&broken, &whole), Groups{GroupId(64)});
    EXPECT_EQ(known_by_one(nullptr, &broken), (Groups{GroupId(3), GroupId(700)}));
    EXPECT_EQ(known_by_one(&whole, &whole), Groups{});
}

} // namespace ringfence::test
