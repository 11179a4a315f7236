// Firewalls on a host with two NICs of one segment: A has one, C has not.
#include <map>
#include <random>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

namespace {

constexpr PortId a(1), c(3);

class FirewallTest : public ::testing::Test {
protected:
    FirewallTest() {
        for (const char* line :
             {"segment 1 vni 5001", "nic 1 segment 1 mac 02:00:00:00:00:01 ip 10.0.0.1 policy 1",
              "nic 3 segment 1 mac 02:00:00:00:00:03 ip 10.0.0.3", "policy 1 in drop out allow"})
            lab_.configure(line);
    }
    // What becomes of one from C to A.
    Verdict send(const std::string& layers) {
        CounterSums before = lab_.worker().counters(c);
        lab_.receive(c, {test::frame("eth 02:00:00:00:00:03 > 02:00:00:00:00:01 / "
                                     "ip4 10.0.0.3 > 10.0.0.1 " +
                                     layers)
                             .bytes});
        lab_.transmitted();
        CounterSums after = lab_.worker().counters(c);
        for (size_t i = 0; i < verdict_count; ++i)
            if (auto verdict = static_cast<Verdict>(i);
                is_drop(verdict) && after[verdict] != before[verdict])
                return verdict;
        return after[Verdict::tx] != before[Verdict::tx] ? Verdict::tx : Verdict::next;
    }
    void forget_everything() {
        lab_.worker().connections().flush();
        lab_.worker().connections().raise_all();
    }
    uint64_t hits(uint32_t rule) { return lab_.worker().hits(RuleId(rule)); }
    std::vector<FirewallEvent> events() {
        std::vector<FirewallEvent> all;
        lab_.worker().take_firewall_events([&](const FirewallEvent& one) { all.push_back(one); });
        return all;
    }

    test::Lab lab_;
};

class Random {
public:
    explicit Random(uint32_t seed) : random_(seed) {}
    uint32_t below(uint32_t n) {
        return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_);
    }
    std::string of(std::vector<std::string> all) {
        return all[below(static_cast<uint32_t>(all.size()))];
    }

private:
    std::mt19937 random_;
};

std::string any_rule(Random& random, int id) {
    std::string line = fmt::format("rule {} policy 1 in {} then {}", id, random.below(30),
                                   random.of({"allow", "drop", "reject"}));
    line += random.of({"", " from 10.0.0.0/30", " from 10.0.0.3", " from 10.9.0.0/16"});
    switch (random.below(4)) {
    case 0:
        return line;
    case 1:
        return line + " protocol icmp" + random.of({"", " types 8", " types 13", " types 8/1,17"});
    default:
        uint32_t port = random.below(6);
        return line + " protocol " + random.of({"tcp", "udp"}) +
               random.of({"", fmt::format(" ports {}", port),
                          fmt::format(" ports {}-{}", port, port + 2)}) +
               random.of({"", fmt::format(" source-ports {}", random.below(3))});
    }
}

std::vector<std::string> some_packets() {
    std::vector<std::string> all = {"proto 47 / zeros 8", "proto 0 / zeros 8", "proto 6 / zeros 4"};
    for (int source = 0; source < 3; ++source)
        for (int port = 0; port < 8; ++port)
            for (const char* protocol : {"tcp", "udp"})
                all.push_back(fmt::format("/ {} {} > {}", protocol, source, port));
    for (int id = 0; id < 3; ++id)
        for (const char* type : {"8", "8 code 1", "13", "17", "0", "14", "10"})
            all.push_back(fmt::format("/ icmp {} id {}", type, id));
    return all;
}

} // namespace

// A decision that is kept is no wider than the packet that made it: CVE-2023-1668.
TEST_F(FirewallTest, SaysTheSameOfAPacketAloneAndAfterAnyOther) {
    Random random(1);
    const std::vector<std::string> packets = some_packets();
    std::map<Verdict, int> seen;
    for (int round = 0; round < 12; ++round) {
        for (int id = 1; id <= (round % 2 ? 10 : 40); ++id)
            lab_.configure(any_rule(random, id));
        std::vector<Verdict> alone;
        for (const std::string& packet : packets) {
            forget_everything();
            alone.push_back(send(packet));
            ++seen[alone.back()];
        }
        forget_everything();
        for (int i = 0; i < 400; ++i) {
            uint32_t n = random.below(static_cast<uint32_t>(packets.size()));
            ASSERT_EQ(to_string(send(packets[n])), to_string(alone[n]))
                << packets[n] << " in round " << round;
        }
    }
    EXPECT_GT(seen[Verdict::tx], 100) << "or it showed little";
    EXPECT_GT(seen[Verdict::fw_denied], 100);
    EXPECT_GT(seen[Verdict::fw_rejected], 50);
}

TEST_F(FirewallTest, CountsARuleOnceAConnection) {
    lab_.configure("rule 1 policy 1 in 10 then allow protocol udp ports 53");
    lab_.configure("rule 2 policy 1 in 5 then drop protocol udp");
    EXPECT_EQ(send("/ udp 1 > 53"), Verdict::tx);
    EXPECT_EQ(send("/ udp 1 > 53"), Verdict::tx);
    EXPECT_EQ(send("/ udp 2 > 53"), Verdict::tx);
    EXPECT_EQ(hits(1), 2u);
    EXPECT_EQ(send("/ udp 1 > 54"), Verdict::fw_denied);
    EXPECT_EQ(send("/ udp 1 > 54"), Verdict::fw_denied);
    EXPECT_EQ(hits(2), 1u) << "and once for a denial that is kept";
    lab_.configure("rule 3 policy 1 in 20 then drop protocol udp source-ports 2");
    EXPECT_EQ(send("/ udp 1 > 53"), Verdict::tx);
    EXPECT_EQ(send("/ udp 2 > 53"), Verdict::fw_cut) << "or nothing was decided again";
    EXPECT_EQ(hits(1), 2u) << "what is decided again is no new connection";
    EXPECT_EQ(hits(3), 0u) << "and what it cuts is none that was denied";
}

TEST_F(FirewallTest, NamesTheRuleInTheTraceOfADenial) {
    lab_.configure("rule 7 policy 1 in 10 then drop protocol udp");
    for (int i = 0; i < 2; ++i) {     // decided, and denied a moment ago
        lab_.worker().trace().arm(2); // as C sends it, and as it arrives at A
        EXPECT_EQ(send("/ udp 1 > 53"), Verdict::fw_denied);
        auto records = lab_.worker().trace().take();
        lab_.worker().trace().arm(0);
        ASSERT_FALSE(records.empty());
        EXPECT_EQ(records.back().verdict, Verdict::fw_denied);
        EXPECT_EQ(records.back().rule, RuleId(7));
    }
}

TEST_F(FirewallTest, LogsWhatARuleThatIsLoggedDecides) {
    lab_.configure("rule 1 policy 1 in 10 then allow protocol udp ports 53 log");
    lab_.configure("rule 2 policy 1 in 5 then reject protocol icmp log");
    EXPECT_EQ(send("/ udp 1 > 53"), Verdict::tx);
    EXPECT_EQ(send("/ udp 1 > 53"), Verdict::tx);
    EXPECT_EQ(send("/ udp 1 > 54"), Verdict::fw_denied) << "by the default, which is not logged";
    EXPECT_EQ(send("/ icmp 8 id 5"), Verdict::fw_rejected);
    auto logged = events();
    ASSERT_EQ(logged.size(), 2u);
    EXPECT_EQ(logged[0].rule, RuleId(1));
    EXPECT_EQ(logged[0].port, a) << "whose connection it is";
    EXPECT_EQ(to_string(logged[0].source), "10.0.0.3");
    EXPECT_EQ(logged[0].source_port, 1);
    EXPECT_EQ(logged[0].destination_port, 53);
    EXPECT_EQ(logged[1].rule, RuleId(2));
    EXPECT_EQ(logged[1].destination_port, 8 << 8);
}

TEST_F(FirewallTest, LogsNoMoreThanItsLimitAndCountsTheRest) {
    lab_.configure("rule 1 policy 1 in 10 then drop protocol udp log");
    for (int port = 1'001; port <= 1'150; ++port)
        EXPECT_EQ(send(fmt::format("/ udp {} > 53", port)), Verdict::fw_denied) << port;
    size_t kept = events().size();
    EXPECT_GE(kept, 100u);
    EXPECT_LT(kept, 150u) << "a hundred a second, and what that second took";
    EXPECT_EQ(kept + lab_.worker().suppressed_events(), 150u);
    EXPECT_EQ(hits(1), 150u);
}

} // namespace ringfence
