// One tenant takes all the connections that it can get, with many ports: the others' ports on this
// host begin theirs as if it were not there (DESIGN §5, rule 2).
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>

#include "dataplane/pipeline.h"
#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

namespace {

constexpr unsigned greedy_ports = 6;
constexpr PortId modest{20};

// The greedy tenant's network is segment 1, the other's segment 2; each has a parent network with
// one VM on another host, to which a router leads.
class QuotaTest : public ::testing::Test {
protected:
    QuotaTest() : worker_(0, lab_.worker().copies(), rte_get_tsc_hz(), small_table()) {
        for (const char* line :
             {"segment 1 vni 5001", "segment 2 vni 5002", "segment 11 vni 6001",
              "segment 12 vni 6002", "uplink 10 address 192.0.2.1",
              "vtep 1 192.0.2.2 via 10 source 192.0.2.1 mac 52:54:00:00:00:01 gateway "
              "52:54:00:00:00:02",
              "policy 1 in allow out allow",
              "remote 02:00:00:00:00:0f segment 11 vtep 1 ip 10.9.0.9",
              "remote 02:00:00:00:00:0f segment 12 vtep 1 ip 10.9.0.9", "router 1", "router 2"})
            lab_.configure(line);
        for (unsigned tenant : {1u, 2u}) {
            add("interface {0} segment {0} mac 02:aa:00:00:00:01 inside addresses 10.1.0.1/24 "
                "policy 1",
                tenant);
            add("interface {0} segment 1{0} mac 02:aa:00:00:00:02 inside addresses 10.9.0.1/24 "
                "policy 1",
                tenant);
            add("route {0} 10.1.0.0/24 segment {0}", tenant);
            add("route {0} 10.9.0.0/24 segment 1{0}", tenant);
        }
        for (unsigned port = 1; port <= greedy_ports; ++port)
            add_nic(PortId(port), 1);
        add_nic(modest, 2);
        worker_.open_port(PortId(10));
    }

    static std::unique_ptr<Connections> small_table() {
        ConnectionSettings settings;
        settings.capacity4 = settings.capacity6 = settings.ways = 256;
        settings.quota = settings.half_open_quota = 64;
        settings.half_open_grace = 1'000'000; // on a busy machine, too, nothing is old
        return std::move(*Connections::create({}, settings));
    }
    void add(const char* line, unsigned n) { lab_.configure(fmt::format(fmt::runtime(line), n)); }
    void add_nic(PortId port, unsigned segment) {
        lab_.configure(fmt::format("nic {0} segment {1} mac 02:00:00:00:00:{0:02} ip 10.1.0.{0}",
                                   port.value(), segment));
        worker_.open_port(port);
    }

    // Packets of so many new connections of the port; how many of them left.
    uint64_t begin(PortId port, unsigned connections) {
        uint64_t before = worker_.counters(port)[Verdict::tx];
        for (unsigned n = 0; n < connections; ++n) {
            auto text =
                fmt::format("eth 02:00:00:00:00:{0:02} > 02:aa:00:00:00:01 / ip4 10.1.0.{0} "
                            "> 10.9.0.9 ttl 64 / udp {1} > 80",
                            port.value(), 1000 + n);
            rte_mbuf* frame = lab_.buffer(test::frame(text).bytes);
            process(lab_.fabric(), worker_, port, &frame, 1);
            worker_.drain([&](PortId, Outbox& outbox) {
                for (uint16_t i = 0; i < outbox.count; ++i)
                    rte_pktmbuf_free(outbox.frames[i]);
                worker_.transmitted(outbox, outbox.count);
            });
        }
        return worker_.counters(port)[Verdict::tx] - before;
    }

    test::Lab lab_;
    Worker worker_;
};

} // namespace

TEST_F(QuotaTest, OfManyPortsTogetherLeavesTheOtherTenantItsShare) {
    EXPECT_EQ(begin(PortId(1), 100), 64u) << "a port alone has its quota";
    uint64_t taken = 64;
    for (unsigned port = 2; port <= greedy_ports; ++port)
        taken += begin(PortId(port), 100);
    EXPECT_EQ(taken, 256u * 3 / 4 + greedy_ports * 4) << "all that is spare, and their own parts";
    EXPECT_EQ(begin(modest, 4), 4u) << "of 16 parts its own";
    EXPECT_EQ(begin(modest, 4), 4u) << "known";
    EXPECT_EQ(worker_.counters(PortId(greedy_ports))[Verdict::quota_table], 96u);
    EXPECT_EQ(worker_.total().in(), worker_.total().out());
    EXPECT_EQ(lab_.buffers_in_use(), 0u);
}

} // namespace ringfence
