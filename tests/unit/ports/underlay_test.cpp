// The underlay against the kernel: two namespaces with veths between them, changed by `ip` as a
// routing daemon or an operator would.
#include "dataplane/agent/underlay.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "ovsdb/reactor.h"
#include "tests/unit/ports/private_network.h"

namespace ringfence::agent {
namespace {

using namespace std::chrono_literals;
using test::run;

IpAddr ip(std::string_view text) { return IpAddr::from(text).value(); }

// up0 (10.1.0.1/24) and up1 (10.2.0.1/24) lead to the peer's namespace, where .2 answers on each.
class UnderlayTest : public testing::Test {
protected:
    UnderlayTest() : peer_(fmt::format("rfunder-{}", getpid())) {
        EXPECT_TRUE(test::enter_private_network()); // a new one for each test
        EXPECT_TRUE(run("ip netns add " + peer_));
        for (int i : {0, 1}) {
            EXPECT_TRUE(
                run(fmt::format("ip link add up{0} type veth peer far{0} netns {1}", i, peer_)));
            EXPECT_TRUE(run(fmt::format(
                "ip addr add 10.{0}.0.1/24 dev up{1} && ip link set up{1} up", i + 1, i)));
            peer(fmt::format("addr add 10.{}.0.2/24 dev far{}", i + 1, i));
            peer(fmt::format("link set far{} address 02:00:00:00:00:{:02x} up", i, 0x10 + i));
        }
    }
    ~UnderlayTest() override {
        underlay_.reset();
        EXPECT_TRUE(run("ip netns del " + peer_));
    }

    void peer(const std::string& words) {
        EXPECT_TRUE(run("ip -n " + peer_ + " " + words)) << words;
    }
    static void here(const std::string& words) { EXPECT_TRUE(run("ip " + words)) << words; }

    // fd01::1 on up0, fd02::1 on up1, and ::2 at the other end.
    void use_ip6() {
        for (int i : {0, 1}) {
            here(fmt::format("addr add fd0{}::1/64 dev up{} nodad", i + 1, i));
            peer(fmt::format("addr add fd0{}::2/64 dev far{} nodad", i + 1, i));
        }
    }

    void open(std::set<IpAddr> wanted) {
        auto opened = Underlay::open(reactor_, [this](const std::vector<IpAddr>& vteps) {
            ++reports_;
            reported_.insert(vteps.begin(), vteps.end());
        });
        ASSERT_TRUE(opened) << opened.error().text;
        underlay_ = std::move(*opened);
        underlay_->want(std::move(wanted));
    }
    bool until(const std::function<bool()>& done, std::chrono::milliseconds limit = 5s) {
        return reactor_.run_until(done, std::chrono::steady_clock::now() + limit);
    }
    // Waits until the VTEP is reached as `expected` says: "up0 10.1.0.2 02:..:10 1500".
    std::string settle(const IpAddr& vtep, const std::string& expected) {
        until([&] { return reach(vtep) == expected; });
        return reach(vtep);
    }
    std::string reach(const IpAddr& vtep) const {
        auto paths = underlay_->resolve(vtep);
        if (!paths)
            return paths.error().text;
        std::set<std::string> all; // how often they stand there is another question
        for (const UnderlayPath& path : *paths)
            all.insert(fmt::format("{} {} {} {}", path.interface, to_string(path.next_hop),
                                   to_string(path.next_hop_mac), path.mtu));
        return fmt::format("{}", fmt::join(all, ", "));
    }
    // The kernel's words about a neighbour entry, "" without one.
    static std::string entry(const std::string& address) {
        std::string text(512, '\0');
        FILE* pipe = popen(("ip -d neigh show to " + address).c_str(), "r");
        text.resize(fread(text.data(), 1, text.size(), pipe));
        pclose(pipe);
        return text;
    }

    std::string peer_;
    ovsdb::Reactor reactor_;
    std::unique_ptr<Underlay> underlay_;
    int reports_ = 0;
    std::set<IpAddr> reported_;
};

const std::string through_up0 = "up0 10.1.0.2 02:00:00:00:00:10 1500";
const std::string through_up1 = "up1 10.2.0.2 02:00:00:00:00:11 1500";

TEST_F(UnderlayTest, ResolvesANeighbourOnTheLinkWithoutAnyTraffic) {
    open({ip("10.1.0.2")});
    EXPECT_EQ(settle(ip("10.1.0.2"), through_up0), through_up0);
    auto path = underlay_->resolve(ip("10.1.0.2")).value().front();
    EXPECT_EQ(path.source, ip("10.1.0.1"));
    EXPECT_EQ(path.source_mac, underlay_->link("up0")->mac);
    EXPECT_EQ(reported_, std::set{ip("10.1.0.2")});
}

TEST_F(UnderlayTest, SaysWhyThereIsNoPath) {
    here("route add blackhole 192.0.2.1/32");
    here("route add unreachable 192.0.2.2/32");
    here("route add prohibit 192.0.2.3/32");
    open({ip("192.0.2.1"), ip("192.0.2.2"), ip("192.0.2.3"), ip("192.0.2.4"), ip("10.1.0.1"),
          ip("10.1.0.77")});
    EXPECT_EQ(reach(ip("192.0.2.1")), "192.0.2.1: its route is a blackhole");
    EXPECT_EQ(reach(ip("192.0.2.2")), "192.0.2.2: its route is \"unreachable\"");
    EXPECT_EQ(reach(ip("192.0.2.3")), "192.0.2.3: its route is \"prohibit\"");
    EXPECT_EQ(reach(ip("192.0.2.4")), "192.0.2.4: no route");
    EXPECT_EQ(reach(ip("10.1.0.1")), "10.1.0.1: is an address of this host");
    EXPECT_EQ(reach(ip("10.1.0.77")), "10.1.0.77: no answer from 10.1.0.77 on up0");
}

TEST_F(UnderlayTest, TakesTheLongestPrefixAndFollowsRoutes) {
    IpAddr far = ip("172.16.5.9");
    open({far});
    EXPECT_EQ(reach(far), "172.16.5.9: no route");
    here("route add 172.16.0.0/16 via 10.1.0.2");
    EXPECT_EQ(settle(far, through_up0), through_up0);
    here("route add 172.16.5.0/24 via 10.2.0.2");
    EXPECT_EQ(settle(far, through_up1), through_up1);
    here("route add 172.17.0.0/16 via 10.1.0.2"); // another's
    here("route del 172.16.5.0/24");
    EXPECT_EQ(settle(far, through_up0), through_up0);
    here("route add blackhole 172.16.5.9/32");
    EXPECT_EQ(settle(far, "172.16.5.9: its route is a blackhole"),
              "172.16.5.9: its route is a blackhole");
}

TEST_F(UnderlayTest, TakesEveryWayOfAMultipathRouteThatCanBeUsed) {
    IpAddr far = ip("172.16.0.1");
    here("route add default nexthop via 10.1.0.2 weight 10 nexthop via 10.2.0.2 weight 30");
    open({far});
    const std::string both = through_up0 + ", " + through_up1;
    EXPECT_EQ(settle(far, both), both);
    EXPECT_EQ(std::ranges::count(underlay_->resolve(far).value(), "up0", &UnderlayPath::interface),
              1);
    EXPECT_EQ(underlay_->resolve(far)->size(), 4u) << "30 of 40 is 3 of 4";
    peer("link set far1 down"); // the kernel's route still names it
    EXPECT_EQ(settle(far, through_up0), through_up0);
    peer("link set far1 up");
    EXPECT_EQ(settle(far, both), both);
    here("link set up0 down");
    EXPECT_EQ(settle(far, through_up1), through_up1);
}

TEST_F(UnderlayTest, FollowsNextHopObjects) {
    IpAddr far = ip("172.16.0.1");
    here("nexthop add id 1 via 10.1.0.2 dev up0");
    here("nexthop add id 2 via 10.2.0.2 dev up1");
    here("nexthop add id 10 group 1/2");
    here("route add 172.16.0.0/16 nhid 10");
    open({far});
    EXPECT_EQ(settle(far, through_up0 + ", " + through_up1), through_up0 + ", " + through_up1);
    here("nexthop replace id 10 group 2");
    EXPECT_EQ(settle(far, through_up1), through_up1);
}

TEST_F(UnderlayTest, IsTheSameOverIpv6) {
    use_ip6();
    IpAddr far = ip("2001:db8::9");
    open({far, ip("fd01::2"), ip("2001:db9::1"), ip("fd01::1")});
    const std::string by0 = "up0 fd01::2 02:00:00:00:00:10 1500",
                      by1 = "up1 fd02::2 02:00:00:00:00:11 1500";
    EXPECT_EQ(settle(ip("fd01::2"), by0), by0);
    EXPECT_EQ(underlay_->resolve(ip("fd01::2"))->front().source, ip("fd01::1"));
    EXPECT_EQ(reach(far), "2001:db8::9: no route");
    EXPECT_EQ(reach(ip("fd01::1")), "fd01::1: is an address of this host");
    here("-6 route add 2001:db8::/32 via fd01::2");
    EXPECT_EQ(settle(far, by0), by0);
    here("-6 route add 2001:db8::/64 nexthop via fd01::2 nexthop via fd02::2");
    EXPECT_EQ(settle(far, by0 + ", " + by1), by0 + ", " + by1);
    here("link set up1 mtu 1400");
    EXPECT_EQ(settle(far, by0 + ", up1 fd02::2 02:00:00:00:00:11 1400"),
              by0 + ", up1 fd02::2 02:00:00:00:00:11 1400");
    here("-6 neigh replace fd01::2 lladdr 02:00:00:00:00:99 nud reachable dev up0");
    EXPECT_EQ(settle(ip("fd01::2"), "up0 fd01::2 02:00:00:00:00:99 1500"),
              "up0 fd01::2 02:00:00:00:00:99 1500");
    here("-6 route del 2001:db8::/64");
    here("-6 route replace unreachable 2001:db8::/32");
    EXPECT_EQ(settle(far, "2001:db8::9: its route is \"unreachable\""),
              "2001:db8::9: its route is \"unreachable\"");
}

TEST_F(UnderlayTest, AnIpv4VtepMayLieBehindAnIpv6Gateway) {
    use_ip6();
    IpAddr far = ip("172.16.0.1");
    here("route add 172.16.0.0/16 via inet6 fd01::2 dev up0 src 10.1.0.1");
    open({far});
    EXPECT_EQ(settle(far, "up0 fd01::2 02:00:00:00:00:10 1500"),
              "up0 fd01::2 02:00:00:00:00:10 1500");
    EXPECT_EQ(underlay_->resolve(far)->front().source, ip("10.1.0.1"));
}

TEST_F(UnderlayTest, FollowsRules) {
    IpAddr far = ip("172.16.0.1");
    here("route add 172.16.0.0/16 via 10.1.0.2");
    here("route add 172.16.0.0/16 via 10.2.0.2 table 77");
    open({far});
    EXPECT_EQ(settle(far, through_up0), through_up0);
    here("rule add to 172.16.0.0/16 lookup 77 pref 99");
    EXPECT_EQ(settle(far, through_up1), through_up1);
}

TEST_F(UnderlayTest, FollowsTheMtuOfLinkAndRoute) {
    IpAddr far = ip("172.16.0.1");
    here("route add 172.16.0.0/16 via 10.1.0.2 mtu 1400");
    open({far, ip("10.1.0.2")});
    EXPECT_EQ(settle(far, "up0 10.1.0.2 02:00:00:00:00:10 1400"),
              "up0 10.1.0.2 02:00:00:00:00:10 1400");
    here("link set up0 mtu 1300");
    EXPECT_EQ(settle(far, "up0 10.1.0.2 02:00:00:00:00:10 1300"),
              "up0 10.1.0.2 02:00:00:00:00:10 1300");
    EXPECT_EQ(underlay_->resolve(ip("10.1.0.2"))->front().mtu, 1300u);
    EXPECT_EQ(underlay_->link_of(ip("10.1.0.1"))->mtu, 1300u);
}

TEST_F(UnderlayTest, FollowsANeighbourThatChangesItsMac) {
    open({ip("10.1.0.2")});
    EXPECT_EQ(settle(ip("10.1.0.2"), through_up0), through_up0);
    here("neigh replace 10.1.0.2 lladdr 02:00:00:00:00:99 nud reachable dev up0");
    std::string expected = "up0 10.1.0.2 02:00:00:00:00:99 1500";
    EXPECT_EQ(settle(ip("10.1.0.2"), expected), expected);
}

TEST_F(UnderlayTest, FollowsALinkThatGoesDownAndComesBack) {
    open({ip("10.1.0.2")});
    EXPECT_EQ(settle(ip("10.1.0.2"), through_up0), through_up0);
    peer("link set far0 down"); // no carrier here
    EXPECT_TRUE(until([&] { return !underlay_->resolve(ip("10.1.0.2")); }));
    EXPECT_FALSE(underlay_->link("up0")->up);
    peer("link set far0 up");
    EXPECT_EQ(settle(ip("10.1.0.2"), through_up0), through_up0);
}

TEST_F(UnderlayTest, ReportsAddressesThatComeAndGo) {
    open({});
    EXPECT_FALSE(underlay_->link_of(ip("10.9.0.1")));
    int before = reports_;
    here("addr add 10.9.0.1/32 dev up1");
    EXPECT_TRUE(until([&] { return reports_ > before && underlay_->link_of(ip("10.9.0.1")); }));
    EXPECT_EQ(underlay_->link_of(ip("10.9.0.1"))->name, "up1");
    before = reports_;
    here("addr del 10.9.0.1/32 dev up1");
    EXPECT_TRUE(until([&] { return reports_ > before && !underlay_->link_of(ip("10.9.0.1")); }));
}

TEST_F(UnderlayTest, AsksTheKernelToKeepEachNextHopAndLetsGoOfItsOwnOnly) {
    here("neigh add 10.1.0.50 lladdr 02:00:00:00:00:50 dev up0 nud permanent");
    here("neigh add 10.1.0.51 lladdr 02:00:00:00:00:51 dev up0 nud permanent");
    here("route add 172.16.0.0/16 via 10.1.0.2");
    here("route add 172.18.0.0/16 via 10.1.0.50");
    here("neigh add 10.2.0.2 managed dev up1 protocol 99"); // another daemon's
    here("route add 172.19.0.0/16 via 10.2.0.2");
    open({ip("172.16.0.1"), ip("172.16.0.2"), ip("172.18.0.1"), ip("172.19.0.1")});
    EXPECT_EQ(settle(ip("172.19.0.1"), through_up1), through_up1);
    EXPECT_EQ(settle(ip("172.16.0.1"), through_up0), through_up0);
    EXPECT_NE(entry("10.1.0.2").find("managed"), std::string::npos) << entry("10.1.0.2");
    EXPECT_NE(entry("10.1.0.50").find("PERMANENT"), std::string::npos) << entry("10.1.0.50");
    EXPECT_EQ(reach(ip("172.18.0.1")), "up0 10.1.0.50 02:00:00:00:00:50 1500");
    underlay_->want({ip("172.16.0.2")}); // the same next hop: stays
    EXPECT_NE(entry("10.1.0.2").find("managed"), std::string::npos) << entry("10.1.0.2");
    underlay_->want({});
    EXPECT_EQ(entry("10.1.0.2"), "");
    EXPECT_NE(entry("10.2.0.2").find("managed"), std::string::npos) << entry("10.2.0.2");
    EXPECT_NE(entry("10.1.0.50").find("PERMANENT"), std::string::npos);
    EXPECT_NE(entry("10.1.0.51").find("PERMANENT"), std::string::npos);
}

TEST_F(UnderlayTest, AsksAgainForANeighbourThatWasFlushed) {
    open({ip("10.1.0.2")});
    EXPECT_EQ(settle(ip("10.1.0.2"), through_up0), through_up0);
    here("neigh del 10.1.0.2 dev up0");
    EXPECT_TRUE(until([&] { return !underlay_->resolve(ip("10.1.0.2")); }));
    EXPECT_EQ(settle(ip("10.1.0.2"), through_up0), through_up0);
}

TEST_F(UnderlayTest, FindsANeighbourThatAnswersLate) {
    peer("link set far0 arp off");
    open({ip("10.1.0.2")});
    EXPECT_TRUE(until([&] { return entry("10.1.0.2").find("FAILED") != std::string::npos; }, 10s))
        << entry("10.1.0.2");
    peer("link set far0 arp on");
    until([&] { return reach(ip("10.1.0.2")) == through_up0; }, 15s);
    EXPECT_EQ(reach(ip("10.1.0.2")), through_up0);
}

TEST_F(UnderlayTest, CatchesUpAfterNotificationsWereLost) {
    IpAddr far = ip("172.16.0.1");
    open({far});
    // Many more notifications than the socket holds, while nobody reads them.
    std::string file = fmt::format("/tmp/rfunder-{}.batch", getpid());
    ASSERT_TRUE(run(fmt::format("for i in $(seq 0 255); do for j in $(seq 0 255); do "
                                "echo route add 100.64.$i.$j/32 via 10.1.0.2; done; done > {0} && "
                                "ip -batch {0}; rm {0}",
                                file)));
    here("route add 172.16.0.0/16 via 10.2.0.2");
    here("link set up1 mtu 1444");
    std::string expected = "up1 10.2.0.2 02:00:00:00:00:11 1444";
    EXPECT_EQ(settle(far, expected), expected);
}

TEST_F(UnderlayTest, GathersChangesIntoFewReports) {
    std::set<IpAddr> many;
    for (uint32_t i = 0; i < 200; ++i)
        many.insert(Ipv4Addr{ip("172.16.0.0").v4()->value + i});
    open(many);
    here("route add 172.16.0.0/16 via 10.1.0.2");
    EXPECT_EQ(settle(ip("172.16.0.7"), through_up0), through_up0);
    EXPECT_TRUE(until([&] { return reported_.size() == 200; }));
    EXPECT_LT(reports_, 20);
}

TEST_F(UnderlayTest, ResolvesAnAddressThatNobodyWants) {
    open({});
    here("neigh add 10.1.0.60 lladdr 02:00:00:00:00:60 dev up0 nud permanent");
    EXPECT_TRUE(until([&] { return underlay_->resolve(ip("10.1.0.60")).has_value(); }));
    EXPECT_FALSE(underlay_->resolve(ip("10.1.0.61")));
}

} // namespace
} // namespace ringfence::agent

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (!ringfence::test::enter_private_network())
        return 77;
    return RUN_ALL_TESTS();
}
