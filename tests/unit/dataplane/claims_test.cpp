#include <gtest/gtest.h>

#include "dataplane/fabric/link_local_claims.h"
#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

using namespace std::chrono_literals;

namespace {

const PortId a(1), b(2);
const SegmentId segment(1), other_segment(2);
const Ipv6Addr x = *Ipv6Addr::from("fe80::1"), y = *Ipv6Addr::from("fe80::2"),
               z = *Ipv6Addr::from("fe80::3");
const LinkLocalClaims::Time start{};

std::vector<Notice> notices(test::Lab& lab) {
    std::vector<Notice> all;
    lab.worker().take_notices([&](const Notice& notice) { all.push_back(notice); });
    return all;
}

} // namespace

TEST(LinkLocalClaims, GrantsWhatNobodyAnsweredForHalfASecond) {
    LinkLocalClaims claims;
    claims.probed(a, segment, x, start);
    claims.probed(a, segment, x, start + 400ms); // a guest that asks twice
    EXPECT_EQ(claims.next(), start + 500ms);
    EXPECT_TRUE(claims.advance(start + 499ms).empty());
    EXPECT_EQ(claims.advance(start + 500ms), std::set<PortId>{a});
    EXPECT_EQ(claims.granted(a), std::vector<Ipv6Addr>{x});
    EXPECT_FALSE(claims.next());
}

TEST(LinkLocalClaims, EndsAClaimWhenAnotherHasTheAddress) {
    LinkLocalClaims claims;
    claims.probed(a, segment, x, start);
    claims.in_use(other_segment, x, b); // another segment's affair
    claims.in_use(segment, y, b);       // another address
    claims.in_use(segment, x, a);       // the port itself
    EXPECT_TRUE(claims.next());
    claims.in_use(segment, x, b);
    EXPECT_TRUE(claims.advance(start + 1s).empty());
    EXPECT_TRUE(claims.granted(a).empty());
}

TEST(LinkLocalClaims, GivesAnAddressThatTwoProbeForToNeither) {
    LinkLocalClaims claims;
    claims.probed(a, segment, x, start);
    claims.probed(b, segment, x, start + 10ms);
    claims.probed(a, other_segment, y, start);
    claims.probed(b, segment, y, start); // the same in two segments is no conflict
    claims.advance(start + 1s);
    EXPECT_EQ(claims.granted(a), std::vector<Ipv6Addr>{y});
    EXPECT_EQ(claims.granted(b), std::vector<Ipv6Addr>{y});
}

TEST(LinkLocalClaims, DoesNotGiveAwayWhatIsGranted) {
    LinkLocalClaims claims;
    claims.restore(a, segment, {x});
    claims.probed(b, segment, x, start);
    EXPECT_TRUE(claims.advance(start + 1s).empty());
    claims.forget(a);
    claims.probed(b, segment, x, start + 1s);
    EXPECT_EQ(claims.advance(start + 2s), std::set<PortId>{b});
}

TEST(LinkLocalClaims, LetsAPortHaveTwoAndForgetsTheOldest) {
    LinkLocalClaims claims;
    for (const auto& [address, when] : {std::pair{x, 0s}, {y, 1s}, {z, 2s}}) {
        claims.probed(a, segment, address, start + when);
        claims.advance(start + when + 500ms);
    }
    EXPECT_EQ(claims.granted(a), (std::vector<Ipv6Addr>{y, z}));
}

TEST(LinkLocalClaims, HearsOfProbesAndAdvertisementsFromTheStages) {
    test::Lab lab;
    lab.configure("segment 1 vni 5001");
    lab.configure("nic 1 segment 1 mac 02:00:00:00:00:01");
    lab.configure("nic 2 segment 1 mac 02:00:00:00:00:02 link-local fe80::77");
    auto receive = [&](unsigned port, std::string_view text) {
        lab.receive(PortId(port), {test::frame(text).bytes});
        lab.transmitted();
    };
    receive(1,
            "eth 02:00:00:00:00:01 > 33:33:ff:00:00:77 / ip6 :: > ff02::1:ff00:77 / ns fe80::77");
    auto heard = notices(lab);
    ASSERT_EQ(heard.size(), 2u); // the probe is a claim, and shows others that it is wanted
    EXPECT_EQ(heard[0].kind, Notice::Kind::in_use);
    EXPECT_EQ(heard[1].kind, Notice::Kind::claim);
    EXPECT_EQ(heard[1].port, a);
    EXPECT_EQ(heard[1].segment, segment);
    EXPECT_EQ(heard[1].address, *Ipv6Addr::from("fe80::77"));

    receive(2, "eth 02:00:00:00:00:02 > 33:33:00:00:00:01 / ip6 fe80::77 > ff02::1 / na fe80::77 "
               "flags 0x20000000 tll 02:00:00:00:00:02");
    heard = notices(lab);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard[0].kind, Notice::Kind::in_use);
    EXPECT_EQ(heard[0].port, b);

    // Its own EUI-64 address needs no claim; that of a neighbour is answered.
    receive(1, "eth 02:00:00:00:00:01 > 33:33:ff:00:00:01 / ip6 :: > ff02::1:ff00:1 / ns "
               "fe80::ff:fe00:1");
    receive(1, "eth 02:00:00:00:00:01 > 33:33:ff:00:00:02 / ip6 :: > ff02::1:ff00:2 / ns "
               "fe80::ff:fe00:2");
    for (const Notice& notice : notices(lab))
        EXPECT_EQ(notice.kind, Notice::Kind::in_use);
}

TEST(TrustedPort, TellsTheAgentOfMacsThatItDoesNotKnow) {
    test::Lab lab;
    lab.configure("segment 1 vni 5001");
    lab.configure("nic 1 segment 1 mac 02:00:00:00:00:01 security trusted");
    lab.configure("learned 02:00:00:00:00:55 segment 1 port 1");
    for (const char* mac : {"02:00:00:00:00:01", "02:00:00:00:00:55", "02:00:00:00:00:66"})
        lab.receive(a, {test::frame(std::string("eth ") + mac + " > ff:ff:ff:ff:ff:ff").bytes});
    auto heard = notices(lab);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(heard[0].kind, Notice::Kind::learned_mac);
    EXPECT_EQ(to_string(heard[0].mac), "02:00:00:00:00:66");
    EXPECT_EQ(heard[0].port, a);
    lab.transmitted();
}

} // namespace ringfence
