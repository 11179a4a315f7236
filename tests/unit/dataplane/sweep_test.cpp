// The sweep, on a host with a routed network: what no packet asks about is decided all the same.
#include <chrono>

#include <gtest/gtest.h>
#include <rte_cycles.h>

#include "dataplane/stages/sweep.h"
#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

namespace {

// A's network is behind the router, B's is its parent.
class SweepTest : public ::testing::Test {
protected:
    SweepTest() {
        for (const char* line :
             {"segment 1 vni 5001", "segment 2 vni 5002",
              "nic 1 segment 1 mac 02:00:00:00:00:0a ip 10.1.0.10",
              "nic 2 segment 2 mac 02:00:00:00:00:0b ip 10.2.0.11", "policy 1 in allow out allow",
              "policy 2 in allow out allow", "router 1",
              "interface 1 segment 1 mac 02:aa:00:00:00:01 inside addresses 10.1.0.1/24 policy 1",
              "interface 1 segment 2 mac 02:aa:00:00:00:02 inside addresses 10.2.0.1/24 policy 2",
              "route 1 10.1.0.0/24 segment 1", "route 1 10.2.0.0/24 segment 2"})
            lab_.configure(line);
        lab_.receive(PortId(1), {test::frame("eth 02:00:00:00:00:0a > 02:aa:00:00:00:01 / "
                                             "ip4 10.1.0.10 > 10.2.0.11 ttl 64 / udp 1000 > 80")
                                     .bytes});
    }
    // Steps for that long, as an idle worker makes them.
    void sweep_for(std::chrono::milliseconds time) {
        auto end = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < end) {
            lab_.worker().set_now(rte_rdtsc());
            sweep(lab_.fabric(), lab_.worker());
        }
    }
    static Tuple4 tuple_of(uint16_t source_port, uint16_t destination_port) {
        return {*Ipv4Addr::from("10.1.0.10"), *Ipv4Addr::from("10.2.0.11"), source_port,
                destination_port, ip_protocol::udp};
    }
    uint32_t count_of(Phase phase) {
        return lab_.worker().connections().table<Ipv4Addr>().count_of(phase);
    }

    test::Lab lab_;
};

} // namespace

TEST_F(SweepTest, CutsASilentConnectionWithinASecond) {
    ASSERT_EQ(count_of(Phase::udp), 2u) << "both ports have an entry";
    lab_.configure("policy 1 in deny out allow");
    sweep_for(std::chrono::milliseconds(1'100));
    EXPECT_EQ(count_of(Phase::udp), 2u) << "A began it: outbound is allowed";
    lab_.configure("policy 1 in deny out deny");
    sweep_for(std::chrono::milliseconds(1'100));
    EXPECT_EQ(count_of(Phase::udp), 0u);
    EXPECT_EQ(count_of(Phase::cut), 2u);
}

// The same Interface, bound to the NIC of another network, where all addresses are the same.
TEST_F(SweepTest, ForgetsWhatAPortHadAsAnotherOne) {
    lab_.configure("segment 3 vni 5003");
    lab_.configure("nic 1 segment 3 mac 02:00:00:00:00:0a ip 10.1.0.10");
    lab_.worker().see(lab_.fabric());
    auto mine = tuple_of(1000, 80);
    EXPECT_FALSE(lab_.worker().connections().table<Ipv4Addr>().find_by_port(PortId(1), mine));
    EXPECT_EQ(count_of(Phase::udp), 1u) << "B's";
    EXPECT_EQ(count_of(Phase::cut), 0u);
    EXPECT_EQ(lab_.worker().connections().port(PortId(1)).size(), 0u);
}

TEST_F(SweepTest, LeavesAloneWhatOtherChangesDoNotTouch) {
    lab_.configure("policy 9 in deny out deny");
    lab_.configure("nic 3 segment 1 mac 02:00:00:00:00:0c ip 10.1.0.12");
    sweep_for(std::chrono::milliseconds(1'100));
    EXPECT_EQ(count_of(Phase::udp), 2u);
}

} // namespace ringfence
