// The outer source port: BEHAVIOUR V2.
#include <set>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "dataplane/stages/ecn.h"
#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

namespace {

class SourcePort : public testing::Test {
protected:
    SourcePort() {
        lab_.configure("segment 1 vni 5001");
        lab_.configure("nic 1 segment 1 mac 02:00:00:00:00:01 security trusted");
        lab_.configure("uplink 10 address 192.0.2.1");
        lab_.configure("vtep 1 192.0.2.2 via 10 source 192.0.2.1 mac 52:54:00:00:00:01 gateway "
                       "52:54:00:00:00:02");
        lab_.configure("remote 02:00:00:00:00:0a segment 1 vtep 1");
    }
    // Of the packet that carries what follows the Ethernet header.
    unsigned of(const std::string& inner) {
        lab_.receive(PortId(1),
                     {test::frame("eth 02:00:00:00:00:01 > 02:00:00:00:00:0a / " + inner).bytes});
        auto sent = lab_.transmitted()[10];
        EXPECT_EQ(sent.size(), 1u) << inner;
        return sent.empty() ? 0 : unsigned{sent[0][34]} << 8 | sent[0][35];
    }
    test::Lab lab_;
};

} // namespace

TEST_F(SourcePort, IsTheSameForAFlowAndBothItsDirections) {
    EXPECT_EQ(of("ip4 10.0.0.1 > 10.0.0.2 / udp 1000 > 2000"),
              of("ip4 10.0.0.1 > 10.0.0.2 ttl 3 / udp 1000 > 2000 / \"other\""));
    EXPECT_EQ(of("ip4 10.0.0.1 > 10.0.0.2 / udp 1000 > 2000"),
              of("ip4 10.0.0.2 > 10.0.0.1 / udp 2000 > 1000"));
    EXPECT_EQ(of("ip6 fd00::1 > fd00::2 / tcp 1000 > 2000"),
              of("ip6 fd00::2 > fd00::1 / tcp 2000 > 1000"));
    EXPECT_NE(of("ip4 10.0.0.1 > 10.0.0.2 / udp 1000 > 2000"),
              of("ip4 10.0.0.1 > 10.0.0.2 / udp 2000 > 1000"));
}

TEST_F(SourcePort, SpreadsFlowsOverTheDynamicRange) {
    for (const char* pattern :
         {"ip4 10.0.0.1 > 10.0.0.2 / udp {} > 53", "ip6 fd00::1 > fd00::2 / tcp 443 > {}",
          "ip4 10.0.0.{} > 10.0.0.254 / icmp 8"}) {
        std::set<unsigned> ports;
        for (int flow = 1; flow <= 64; ++flow) {
            unsigned port = of(fmt::format(fmt::runtime(pattern), flow));
            EXPECT_GE(port, 49152u);
            ports.insert(port);
        }
        EXPECT_GE(ports.size(), 60u) << pattern;
    }
}

TEST_F(SourcePort, KeepsTheFragmentsOfAPacketTogether) {
    unsigned first = of("ip4 10.0.0.1 > 10.0.0.2 more / udp 1000 > 2000");
    EXPECT_EQ(first, of("ip4 10.0.0.1 > 10.0.0.2 offset 8 proto 17 / zeros 30"));
    EXPECT_EQ(first, of("ip4 10.0.0.1 > 10.0.0.2 more / udp 7 > 9"));
    unsigned first6 = of("ip6 fd00::1 > fd00::2 / fragment 0 more / udp 1000 > 2000");
    EXPECT_EQ(first6, of("ip6 fd00::1 > fd00::2 / fragment 8 next 17 / zeros 30"));
}

// RFC 6040, figure 4, column by column.
TEST(Ecn, AtTheTunnelsEndIsTheTableOfRfc6040) {
    using enum Ecn;
    const auto drop = std::optional<Ecn>();
    struct Row {
        Ecn inner;
        std::optional<Ecn> by_outer[4]; // not_ect, ect0, ect1, ce
    };
    for (const Row& row :
         {Row{not_ect, {not_ect, not_ect, not_ect, drop}}, Row{ect0, {ect0, ect0, ect1, ce}},
          Row{ect1, {ect1, ect1, ect1, ce}}, Row{ce, {ce, ce, ce, ce}}}) {
        const Ecn outers[] = {not_ect, ect0, ect1, ce};
        for (int i = 0; i < 4; ++i)
            EXPECT_EQ(decapsulated_ecn(outers[i], row.inner).ecn, row.by_outer[i])
                << "inner " << int(row.inner) << " outer " << int(outers[i]);
    }
}

} // namespace ringfence
