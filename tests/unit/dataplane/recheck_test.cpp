// The guard of stages/recheck.h, where it is built in: an entry that says what no walk comes to
// ends the process with a word, and no packet goes by it.
#include <gtest/gtest.h>

#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

namespace {

// A is behind the router, B in its parent network: two ports of this host, each with an entry.
class RecheckTest : public ::testing::Test {
protected:
    RecheckTest() {
        for (const char* line :
             {"segment 1 vni 5001", "segment 2 vni 5002",
              "nic 1 segment 1 mac 02:00:00:00:00:0a ip 10.1.0.10",
              "nic 2 segment 2 mac 02:00:00:00:00:0b ip 10.2.0.11", "policy 1 in allow out allow",
              "router 1",
              "interface 1 segment 1 mac 02:aa:00:00:00:01 inside addresses 10.1.0.1/24 policy 1",
              "interface 1 segment 2 mac 02:aa:00:00:00:02 inside addresses 10.2.0.1/24 policy 1",
              "route 1 10.1.0.0/24 segment 1", "route 1 10.2.0.0/24 segment 2"})
            lab_.configure(line);
        send();
    }
    void SetUp() override {
#ifndef RINGFENCE_RECHECK
        GTEST_SKIP() << "the guard is of debug builds, and of those under sanitizers";
#endif
        GTEST_FLAG_SET(death_test_style, "threadsafe"); // DPDK has threads
    }
    void send() {
        lab_.receive(PortId(1), {test::frame("eth 02:00:00:00:00:0a > 02:aa:00:00:00:01 / "
                                             "ip4 10.1.0.10 > 10.2.0.11 ttl 64 / udp 1000 > 80")
                                     .bytes});
        lab_.transmitted();
    }
    Half<Ipv4Addr>& half() {
        auto& table = lab_.worker().connections().table<Ipv4Addr>();
        Tuple4 sent{*Ipv4Addr::from("10.1.0.10"), *Ipv4Addr::from("10.2.0.11"), 1000, 80,
                    ip_protocol::udp};
        return *table.find_by_port(PortId(1), sent).half;
    }

    test::Lab lab_;
};

using RecheckDeathTest = RecheckTest;

} // namespace

TEST_F(RecheckDeathTest, FindsAWayThatNoWalkGoes) {
    send();
    lab_.worker().connections().ways()[half().way_id()].hops = 2;
    EXPECT_DEATH(send(), "packet from port 1, decided again: another way");
}

TEST_F(RecheckDeathTest, FindsARewriteThatNoRouterMakes) {
    send();
    half().set(Half<Ipv4Addr>::rewrites);
    EXPECT_DEATH(send(), "other addresses or ports");
}

// As if the publication had not said that a policy changed.
TEST_F(RecheckDeathTest, FindsADecisionThatIsOlderThanItsPolicy) {
    const uint32_t decided_at = half().generation;
    lab_.configure("policy 1 in deny out deny");
    lab_.worker().see(lab_.fabric());
    ASSERT_NE(lab_.worker().connections().port(PortId(1)).voided, 0u);
    auto& table = lab_.worker().connections().table<Ipv4Addr>();
    ASSERT_EQ(table.validity(half()), Validity::stale);
    half().generation = decided_at + 1;
    EXPECT_DEATH(send(), "fw.denied");
}

} // namespace ringfence
