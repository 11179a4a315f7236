#include "dataplane/agent/learned_ages.h"

#include "builder_fixture.h"

namespace ringfence::test {

namespace {

using namespace std::chrono_literals;

const LearnedAges::Time start{};

LearnedEntry entry(const char* mac) { return {id("web"), *MacAddr::from(mac), "a", "lb", false}; }
LearnedEntry doubtful(LearnedEntry learned) {
    learned.is_doubtful = true;
    return learned;
}

using Entries = std::vector<LearnedEntry>;
const LearnedEntry one = entry("02:00:00:00:00:11"), other = entry("02:00:00:00:00:12");

} // namespace

TEST(LearnedAges, DoubtsAfterHalfALifeAndForgetsAfterAWholeOne) {
    LearnedAges ages;
    ages.seen(one, start);
    ages.seen(other, start);
    auto at = [&](auto when) { return ages.follow({one, other}, start + when); };
    EXPECT_EQ(at(149s).doubtful, Entries{});
    EXPECT_EQ(at(150s).doubtful, (Entries{doubtful(one), doubtful(other)}));
    ages.seen(one, start + 160s);
    EXPECT_EQ(at(200s).doubtful, Entries{doubtful(other)}) << "until it is seen";
    EXPECT_EQ(at(299s).gone, Entries{});
    EXPECT_EQ(at(300s).gone, Entries{other});
    EXPECT_EQ(ages.follow({one}, start + 310s).doubtful, Entries{doubtful(one)});
    EXPECT_EQ(ages.follow({one}, start + 460s).gone, Entries{one});
}

TEST(LearnedAges, BeginWhereAMacWasNotHeardOfHere) {
    LearnedAges ages;
    auto at = [&](auto when, const Entries& known) { return ages.follow(known, start + when); };
    EXPECT_EQ(at(1000s, {one}).gone, Entries{}) << "kept over a restart";
    at(1100s, {});
    EXPECT_EQ(at(1299s, {one}).doubtful, Entries{}) << "it was another host's meanwhile";
    EXPECT_EQ(at(1599s, {one}).gone, Entries{one});
}

// The Fabric goes on as it was, but the port is asked to say so again.
TEST_F(FabricBuilderTest, ADoubtfulMacIsWhereItWas) {
    put(segment("web", 5001));
    auto lb = nic("lb", "web", "02:00:00:00:00:01", "10.0.0.1");
    lb.port_security = "trusted";
    lb.host = "a";
    put(lb);
    plug("tap0", 3, "lb");
    auto place = [&] {
        fabric();
        auto now = builder_.finish();
        return now->segment(*ids_.segments.find(ovsdb::to_string(id("web"))))
            ->find(one.mac.to_u64());
    };
    builder_.learn(one);
    EXPECT_EQ(place(), *Destination::local(PortId(3), true));
    builder_.learn(doubtful(one));
    EXPECT_EQ(place(), Destination::doubtful(PortId(3)));
    builder_.learn(one);
    EXPECT_EQ(place(), *Destination::local(PortId(3), true));
    builder_.unlearn(one);
    EXPECT_EQ(place(), Destination());
}

} // namespace ringfence::test
