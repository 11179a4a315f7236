// A connection belongs to its local port's worker (DESIGN §5, rule 5): what another worker receives
// or routes for that port goes there, and once only.
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include "dataplane/pipeline.h"
#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

namespace {

const char* const vm = "02:00:00:00:00:05";
const char* const inside = "02:52:46:00:00:01";

// Clones 1 and 3 of tests/packet/cases/fence.case; the second one's port is worker 1's. The uplink
// is worker 0's.
class TwoWorkers : public testing::Test {
protected:
    TwoWorkers() : other_(1, lab_.worker().copies(), rte_get_tsc_hz()) {
        for (const char* line :
             {"segment 5 vni 5001", "segment 1 vni 6001", "segment 3 vni 6003",
              "uplink 10 address 192.0.2.1",
              "vtep 1 192.0.2.2 via 10 source 192.0.2.1 mac 52:54:00:00:00:01 gateway "
              "52:54:00:00:00:02",
              "nic 1 segment 1 mac 02:00:00:00:00:05 ip 10.0.0.5",
              "nic 3 segment 3 mac 02:00:00:00:00:05 ip 10.0.0.5 worker 1",
              "remote 02:00:00:00:00:0f segment 5 vtep 1 ip 10.0.0.30",
              "policy 1 in allow out allow", "router 1 fence translation one-to-one own 10.0.0.11",
              "interface 1 segment 5 mac 02:aa:00:00:00:01 outside addresses 10.0.0.11/24",
              "interface 1 segment 1 mac 02:52:46:00:00:01 inside policy 1",
              "route 1 10.0.0.0/24 segment 5",
              "router 3 fence translation one-to-one own 10.0.0.13",
              "interface 3 segment 5 mac 02:aa:00:00:00:03 outside addresses 10.0.0.13/24",
              "interface 3 segment 3 mac 02:52:46:00:00:01 inside policy 1",
              "route 3 10.0.0.0/24 segment 5",
              "held 10.0.0.101 segment 5 router 1 inside 10.0.0.5 nic 1",
              "held 10.0.0.103 segment 5 router 3 inside 10.0.0.5 nic 3"})
            lab_.configure(line);
        other_.open_port(PortId(1));
        other_.open_port(PortId(3));
        other_.open_port(PortId(10));
        connect(lab_.worker());
        connect(other_);
    }

    void connect(Worker& worker) {
        worker.set_hand_over(
            [](void* self, unsigned to, const Arrival& arrival) {
                auto& test = *static_cast<TwoWorkers*>(self);
                if (test.is_spoiled_)
                    std::memset(rte_pktmbuf_mtod(arrival.frame, void*), 0xee, 14);
                test.rings_[to].push_back(arrival);
                return true;
            },
            this);
    }

    void receive(Worker& worker, unsigned port, const std::string& text) {
        rte_mbuf* frame = lab_.buffer(test::frame(text).bytes);
        process(lab_.fabric(), worker, PortId(port), &frame, 1);
    }

    // What the ring holds goes on at the worker; how much that was.
    size_t take(Worker& worker) {
        std::vector<Arrival> arrivals;
        arrivals.swap(rings_[worker.index()]);
        for (const Arrival& arrival : arrivals)
            worker.queue(arrival);
        process_arrivals(lab_.fabric(), worker);
        return arrivals.size();
    }

    // Frames in the worker's outbox of the port, which are gone then.
    size_t sent(Worker& worker, unsigned port) {
        size_t count = 0;
        worker.drain([&](PortId to, Outbox& outbox) {
            count += to == PortId(port) ? outbox.count : 0;
            for (uint16_t i = 0; i < outbox.count; ++i)
                rte_pktmbuf_free(outbox.frames[i]);
            worker.transmitted(outbox, outbox.count);
        });
        return count;
    }

    void expect_conserved() {
        CounterSums total = lab_.worker().total();
        total += other_.total();
        EXPECT_EQ(total.in(), total.out());
        EXPECT_EQ(lab_.buffers_in_use(), 0u);
    }

    std::string ask(unsigned port) {
        return "eth " + std::string(vm) + " > " + inside + " / ip4 10.0.0.5 > 10.0.0.10" +
               std::to_string(port) + " ttl 64 / udp 1000 > 80";
    }

    test::Lab lab_;
    Worker other_;
    std::map<unsigned, std::vector<Arrival>> rings_;
    bool is_spoiled_ = false; // the other worker changes a frame as soon as it has it
};

} // namespace

TEST_F(TwoWorkers, EachHasTheConnectionOfItsOwnPort) {
    receive(lab_.worker(), 1, ask(3));
    EXPECT_EQ(take(other_), 1u);
    EXPECT_EQ(sent(other_, 3), 1u);
    EXPECT_EQ(lab_.worker().connections().size(), 1u);
    EXPECT_EQ(other_.connections().size(), 1u);
    expect_conserved();
}

TEST_F(TwoWorkers, ATraceShowsAFrameAsItWasWhenItWasHandedOver) {
    is_spoiled_ = true;
    lab_.worker().trace().arm(1);
    receive(lab_.worker(), 1, ask(3));
    auto records = lab_.worker().trace().take();
    ASSERT_FALSE(records.empty());
    EXPECT_EQ(to_string(records.back()), "#1 port 1 send: next, 42 bytes, 02:aa:00:00:00:01 > "
                                         "02:aa:00:00:00:03 0x0800");
    rte_pktmbuf_free(rings_[1].at(0).frame);
}

TEST_F(TwoWorkers, WhatComesByTunnelGoesToTheWorkerOfItsPort) {
    const std::string from_vtep =
        "eth 52:54:00:00:00:02 > 52:54:00:00:00:01 / ip4 192.0.2.2 > 192.0.2.1 df / udp 50000 > "
        "4789 sum 0 / vxlan 5001 / eth 02:00:00:00:00:0f > ";
    receive(lab_.worker(), 10,
            from_vtep + "02:aa:00:00:00:03 / ip4 10.0.0.30 > 10.0.0.103 / udp 1000 > 80");
    EXPECT_EQ(lab_.worker().connections().size(), 0u);
    EXPECT_EQ(take(other_), 1u);
    EXPECT_EQ(sent(other_, 3), 1u);
    EXPECT_EQ(other_.connections().size(), 1u);

    receive(lab_.worker(), 10,
            from_vtep + "02:aa:00:00:00:01 / ip4 10.0.0.30 > 10.0.0.101 / udp 1000 > 80");
    EXPECT_EQ(take(other_), 0u);
    EXPECT_EQ(sent(lab_.worker(), 1), 1u);
    expect_conserved();
}

TEST_F(TwoWorkers, AForgedSenderIsCaughtThere) {
    lab_.configure("vtep 2 192.0.2.3 via 10 source 192.0.2.1 mac 52:54:00:00:00:01 gateway "
                   "52:54:00:00:00:02");
    receive(lab_.worker(), 10,
            "eth 52:54:00:00:00:02 > 52:54:00:00:00:01 / ip4 192.0.2.3 > 192.0.2.1 df / udp 50000 "
            "> 4789 sum 0 / vxlan 5001 / eth 02:00:00:00:00:0f > 02:aa:00:00:00:03 / ip4 10.0.0.30 "
            "> 10.0.0.103 / udp 1000 > 80");
    EXPECT_EQ(take(other_), 1u);
    EXPECT_EQ(sent(other_, 3), 0u);
    EXPECT_EQ(other_.counters(PortId(10))[Verdict::tunnel_mac_spoof], 1u);
    expect_conserved();
}

} // namespace ringfence
