// What an ICMP error does to the connection that it quotes, beyond being delivered: nothing.
#include <gtest/gtest.h>
#include <rte_cycles.h>
#include <rte_pause.h>

#include "dataplane/connection/listing.h"
#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

namespace {

constexpr PortId vm{1}, uplink{10};

class IcmpErrors : public ::testing::Test {
protected:
    IcmpErrors() {
        for (const char* line :
             {"segment 1 vni 5001", "segment 2 vni 5002", "uplink 10 address 192.0.2.1",
              "vtep 1 192.0.2.2 via 10 source 192.0.2.1 mac 52:54:00:00:00:01 gateway "
              "52:54:00:00:00:02",
              "remote 02:00:00:00:00:0f segment 2 vtep 1 ip 10.0.0.30",
              "nic 1 segment 1 mac 02:00:00:00:00:05 ip 10.0.0.5", "policy 1 in deny out allow",
              "router 1 fence translation one-to-one own 10.0.0.11",
              "interface 1 segment 2 mac 02:aa:00:00:00:01 outside addresses 10.0.0.11/24",
              "interface 1 segment 1 mac 02:52:46:00:00:01 inside policy 1",
              "route 1 10.0.0.0/24 segment 2",
              "held 10.0.0.105 segment 2 router 1 inside 10.0.0.5 nic 1"})
            lab_.configure(line);
    }
    size_t sent(PortId from, const std::string& text) {
        lab_.receive(from, {test::frame(text).bytes});
        size_t count = 0;
        for (const auto& [port, frames] : lab_.transmitted())
            count += frames.size();
        return count;
    }
    size_t ask() {
        return sent(vm, "eth 02:00:00:00:00:05 > 02:52:46:00:00:01 / ip4 10.0.0.5 > 10.0.0.30 / "
                        "udp 1000 > 53");
    }
    size_t come(const std::string& packet) {
        return sent(uplink, "eth 52:54:00:00:00:02 > 52:54:00:00:00:01 / ip4 192.0.2.2 > 192.0.2.1 "
                            "df / udp 50000 > 4789 sum 0 / vxlan 5002 / "
                            "eth 02:00:00:00:00:0f > 02:aa:00:00:00:01 / " +
                                packet);
    }
    ListedConnection connection() {
        std::vector<ListedConnection> list;
        Listing listing(vm);
        while (listing.next(lab_.worker().connections(), 1000, list))
            ;
        EXPECT_EQ(list.size(), 1u);
        return list.at(0);
    }

    test::Lab lab_;
};

} // namespace

TEST_F(IcmpErrors, NeitherKeepNorEndAConnection) { // RFC 4787, REQ-12
    ASSERT_EQ(ask(), 1u);
    Moment asked = lab_.worker().connections().now();
    constexpr uint32_t a_while = 20; // ms
    auto now = [] {
        return Moment{static_cast<uint32_t>(rte_rdtsc() / (rte_get_tsc_hz() / 1000))};
    };
    while (now().since(asked) < a_while)
        rte_pause();
    ASSERT_EQ(come("ip4 10.0.0.30 > 10.0.0.105 / icmp 3 code 3 / ip4 10.0.0.105 > 10.0.0.30 / "
                   "udp 1000 > 53"),
              1u)
        << "an error that is delivered";
    EXPECT_GE(connection().silence, a_while) << "it has kept the connection alive";
    EXPECT_EQ(connection().received.packets, 0u);
    EXPECT_EQ(come("ip4 10.0.0.30 > 10.0.0.105 / udp 53 > 1000"), 1u) << "it has ended it";
    EXPECT_LT(connection().phase, Phase::cut);
}

} // namespace ringfence
