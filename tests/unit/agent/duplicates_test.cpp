#include <gtest/gtest.h>

#include "dataplane/agent/duplicates.h"

namespace {

using namespace ringfence;
using namespace ringfence::agent;
using namespace std::chrono_literals;

const Duplicates::Time noon{};
const SegmentAddress address{ovsdb::Uuid::named("web"), *IpAddr::from("10.0.0.7")};
const MacAddr a = *MacAddr::from("02:00:00:00:00:0a"), b = *MacAddr::from("02:00:00:00:00:0b");

TEST(Duplicates, TwoThatSpeakByTurnsBothHaveIt) {
    Duplicates duplicates;
    EXPECT_FALSE(duplicates.spoke(address, a, noon));
    EXPECT_FALSE(duplicates.spoke(address, a, noon + 1s));
    EXPECT_FALSE(duplicates.spoke(address, b, noon + 2s)) << "it may have taken it over";
    EXPECT_FALSE(duplicates.spoke(address, b, noon + 3s));
    EXPECT_EQ(duplicates.spoke(address, a, noon + 4s), b);
    EXPECT_EQ(duplicates.spoke(address, b, noon + 5s), a);
}

TEST(Duplicates, OneThatComesBackAfterAMinuteHasTakenItBack) {
    Duplicates duplicates;
    duplicates.spoke(address, a, noon);
    duplicates.spoke(address, b, noon + 2s);
    EXPECT_FALSE(duplicates.spoke(address, a, noon + 60s));
}

TEST(Duplicates, AConflictIsToldUntilAMinuteAfterItWasLastSeen) {
    Duplicates duplicates;
    const Duplicates::Conflict conflict{"10.0.0.7", "port b", "port a"};
    EXPECT_FALSE(duplicates.advance(noon));
    EXPECT_TRUE(duplicates.claimed(conflict, noon));
    EXPECT_FALSE(duplicates.claimed(conflict, noon));
    EXPECT_TRUE(duplicates.advance(noon));
    EXPECT_FALSE(duplicates.advance(noon)) << "nothing new";
    EXPECT_EQ(duplicates.current().count(conflict), 1u);
    duplicates.claimed(conflict, noon + 50s);
    EXPECT_FALSE(duplicates.advance(noon + 100s));
    EXPECT_TRUE(duplicates.advance(noon + 110s));
    EXPECT_TRUE(duplicates.current().empty());
}

TEST(Duplicates, HearsOfNoMoreThanItCanHold) {
    Duplicates duplicates;
    for (size_t i = 0; i < Duplicates::most + 10; ++i) {
        duplicates.claimed({std::to_string(i), "port b", "port a"}, noon);
        duplicates.spoke({address.first, Ipv4Addr{static_cast<uint32_t>(i)}}, a, noon);
    }
    EXPECT_EQ(duplicates.current().size(), Duplicates::most);
    EXPECT_FALSE(duplicates.spoke(address, a, noon));
    duplicates.advance(noon + 60s);
    EXPECT_TRUE(duplicates.current().empty());
}

} // namespace
