#include <gtest/gtest.h>

#include "dataplane/agent/address_claims.h"

namespace {

using namespace ringfence;
using namespace ringfence::agent;
using namespace std::chrono_literals;

const AddressClaims::Time start{};
const SegmentAddress front{ovsdb::Uuid::named("web"), *IpAddr::from("10.0.0.50")};

VirtualEntry row(const std::string& port, int64_t number) {
    VirtualEntry entry{front.first, front.second, {}, number};
    if (!port.empty())
        entry.port = port;
    return entry;
}

TEST(AddressClaims, TakesTheNextNumber) {
    AddressClaims claims;
    EXPECT_TRUE(claims.take(front, "web-0", nullptr, start));
    EXPECT_EQ(claims.all().at(front), (OwnClaim{"web-0", 1}));
    auto theirs = row("web-1", 7);
    claims.settle(front, theirs, "");
    EXPECT_TRUE(claims.all().empty()) << "overruled";
    EXPECT_TRUE(claims.take(front, "web-0", &theirs, start));
    EXPECT_EQ(claims.all().at(front), (OwnClaim{"web-0", 8}));
    EXPECT_TRUE(claims.take(front, "web-0", &theirs, start));
    EXPECT_EQ(claims.all().at(front).number, 8) << "the same announcement once more";
    EXPECT_TRUE(claims.take(front, "web-2", &theirs, start)); // another port here
    EXPECT_EQ(claims.all().at(front), (OwnClaim{"web-2", 9}));
}

TEST(AddressClaims, StandsUntilARowKnowsOfItOrOfMore) {
    AddressClaims claims;
    claims.take(front, "web-0", nullptr, start);
    claims.settle(front, row("", 0), "");
    EXPECT_EQ(claims.all().size(), 1u) << "a row that knows nothing of it";
    claims.settle(front, row("web-0", 1), "web-0");
    EXPECT_EQ(claims.all().at(front), (OwnClaim{"web-0", 1})) << "confirmed, and said on";
    claims.settle(front, row("web-1", 1), "");
    EXPECT_TRUE(claims.all().empty()) << "of two at once the row decides";
}

TEST(AddressClaims, IsThereAgainAfterARestart) {
    AddressClaims claims;
    claims.settle(front, row("web-0", 5), "web-0");
    EXPECT_EQ(claims.all().at(front), (OwnClaim{"web-0", 5}));
    claims.settle(front, row("", 0), ""); // a database that has lost it
    EXPECT_EQ(claims.all().at(front), (OwnClaim{"web-0", 5}));
}

TEST(AddressClaims,
     StaysWithAPortThatMovesHere) { // the row forgets it with the host that claimed it
    AddressClaims claims;
    claims.settle(front, row("", 0), "web-0");
    EXPECT_EQ(claims.all().at(front), (OwnClaim{"web-0", 1}));
}

TEST(AddressClaims, EndsWithThePortsRight) {
    AddressClaims claims;
    claims.take(front, "web-0", nullptr, start);
    claims.end_unless([](const SegmentAddress&, const OwnClaim&) { return true; });
    EXPECT_EQ(claims.all().size(), 1u);
    claims.end_unless([](const SegmentAddress&, const OwnClaim&) { return false; });
    EXPECT_TRUE(claims.all().empty());
}

TEST(AddressClaims, TwoThatFightForItAreStoppedAndTold) {
    AddressClaims claims;
    const char* ports[] = {"web-0", "web-1"};
    for (size_t i = 0; i < AddressClaims::most_moves; ++i)
        EXPECT_TRUE(claims.take(front, ports[i % 2], nullptr, start + std::chrono::seconds(i) / 2));
    EXPECT_TRUE(claims.restless(start + 5s).empty());
    EXPECT_FALSE(claims.take(front, "web-0", nullptr, start + 6s));
    EXPECT_EQ(claims.restless(start + 6s).count(front), 1u);
    EXPECT_TRUE(claims.take(front, "web-0", nullptr, start + 16s));
    EXPECT_TRUE(claims.restless(start + 66s).empty());
}

} // namespace
