// A storm of broadcasts in a segment of ten thousand ports: each frame that its sender may flood
// goes once to every port here and once to every other host, however many ports are there; the
// others are dropped by name, and another segment's frame is not held up (BEHAVIOUR, row 23).
#include <map>
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

constexpr unsigned ports_here = 1000, hosts = 90, ports_a_host = 100; // 10,000 in all
constexpr unsigned allowed = 3, sent = 50;
constexpr PortId storming{1}, neighbour{2000}, neighbours_peer{2001}, uplink{3000};

std::string mac_of(unsigned n) {
    return fmt::format("02:00:00:{:02x}:{:02x}:{:02x}", n >> 16, n >> 8 & 0xff, n & 0xff);
}

class StormTest : public ::testing::Test {
protected:
    StormTest() : lab_(8192), worker_(0, lab_.worker().copies(), rte_get_tsc_hz()) {
        lab_.configure("segment 1 vni 5001");
        lab_.configure("segment 2 vni 5002");
        lab_.configure(fmt::format("uplink {} address 192.0.2.1", uplink.value()));
        for (unsigned host = 1; host <= hosts; ++host)
            add_host(host);
        for (unsigned n = 1; n <= ports_here; ++n)
            add_nic(PortId(n), 1, n == storming.value() ? allowed : 0);
        add_nic(neighbour, 2, 0);
        add_nic(neighbours_peer, 2, 0);
        worker_.open_port(uplink);
        worker_.set_flush([](void* test, Worker&, PortId port,
                             Outbox& outbox) { static_cast<StormTest*>(test)->take(port, outbox); },
                          this);
    }

    void add_host(unsigned host) {
        lab_.configure(fmt::format("vtep {0} 192.0.2.{1} via {2} source 192.0.2.1 mac "
                                   "52:54:00:00:00:01 gateway 52:54:00:00:01:{0:02x}",
                                   host, host + 1, uplink.value()));
        for (unsigned n = 0; n < ports_a_host; ++n)
            lab_.configure(fmt::format("remote {} segment 1 vtep {}",
                                       mac_of(0x10000 + host * ports_a_host + n), host));
    }
    void add_nic(PortId port, unsigned segment, unsigned broadcasts) {
        lab_.configure(fmt::format("nic {} segment {} mac {} ip 10.0.{}.{}{}", port.value(),
                                   segment, mac_of(port.value()), port.value() >> 8,
                                   port.value() & 0xff,
                                   broadcasts ? fmt::format(" broadcast {}", broadcasts) : ""));
        worker_.open_port(port);
    }
    void send(PortId from, const std::string& to) {
        auto text = fmt::format("eth {} > {} type 0x88b5 / \"storm\"", mac_of(from.value()), to);
        rte_mbuf* frame = lab_.buffer(test::frame(text).bytes);
        process(lab_.fabric(), worker_, from, &frame, 1);
        worker_.drain([&](PortId port, Outbox& outbox) { take(port, outbox); });
    }
    void take(PortId port, Outbox& outbox) {
        arrived_[port] += outbox.count;
        for (uint16_t i = 0; i < outbox.count; ++i)
            rte_pktmbuf_free(outbox.frames[i]);
        worker_.transmitted(outbox, outbox.count);
    }

    test::Lab lab_;
    Worker worker_;
    std::map<PortId, unsigned> arrived_;
};

} // namespace

TEST_F(StormTest, InASegmentOfTenThousandPortsIsLimitedByName) {
    for (unsigned n = 0; n < sent; ++n) {
        send(storming, "ff:ff:ff:ff:ff:ff");
        send(neighbour, mac_of(neighbours_peer.value()));
    }
    auto counters = worker_.counters(storming);
    uint64_t dropped = counters[Verdict::limit_broadcast];
    uint64_t flooded = sent - dropped;
    EXPECT_GE(flooded, allowed);
    EXPECT_GT(dropped, sent / 2) << "even where the machine is slow";
    EXPECT_EQ(arrived_[uplink], flooded * hosts) << "one each, for a hundred ports there";
    for (unsigned n = 2; n <= ports_here; ++n)
        ASSERT_EQ(arrived_[PortId(n)], flooded) << n;
    EXPECT_EQ(arrived_[storming], 0u);
    EXPECT_EQ(counters[Verdict::tx], flooded * (ports_here - 1 + hosts));
    EXPECT_EQ(arrived_[neighbours_peer], sent);
    EXPECT_EQ(worker_.total().in(), worker_.total().out());
    EXPECT_EQ(lab_.buffers_in_use(), 0u);
}

} // namespace ringfence
