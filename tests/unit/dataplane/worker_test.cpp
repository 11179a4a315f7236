// What only the machine causes: full queues, no buffers; and what the loop relies on.
#include <cstring>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <rte_mbuf.h>

#include "core/wire/ip.h"
#include "dataplane/pipeline.h"
#include "dataplane/worker/announcement.h"
#include "dataplane/worker/capture.h"
#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence {

namespace {

using test::frame;
using test::Lab;

void two_ports(Lab& lab) {
    lab.configure("segment 1 vni 5001");
    lab.configure("nic 1 segment 1 mac 02:00:00:00:00:01 ip 10.0.0.1");
    lab.configure("nic 2 segment 1 mac 02:00:00:00:00:02 ip 10.0.0.2");
}

std::vector<uint8_t> unicast() {
    return frame("eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / zeros 46").bytes;
}
std::vector<uint8_t> broadcast() {
    return frame("eth 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff / zeros 46").bytes;
}

void expect_conserved(const Lab& lab, Worker& worker) {
    for (PortId port : lab.ports())
        EXPECT_EQ(worker.counters(port).in(), worker.counters(port).out());
    EXPECT_EQ(lab.buffers_in_use(), 0u);
}

// Ends what waits: the driver or the ring takes the first `accepted` of each port.
void drain(Lab& lab, uint16_t accepted, bool hand_over) {
    lab.worker().drain([&](PortId, Outbox& outbox) {
        uint16_t n = std::min(accepted, outbox.count);
        for (uint16_t i = 0; i < n; ++i)
            rte_pktmbuf_free(outbox.frames[i]);
        if (hand_over)
            lab.worker().handed_over(outbox, n);
        else
            lab.worker().transmitted(outbox, n);
    });
}

} // namespace

TEST(Worker, CountsWhatTheDriverDoesNotTakeWhereItCameFrom) {
    Lab lab;
    two_ports(lab);
    lab.receive(PortId(1), std::vector(5, unicast()));
    drain(lab, 3, false);
    EXPECT_EQ(lab.counters(PortId(1)), "rx 5, tx 3, tx.full 2");
    EXPECT_EQ(lab.counters(PortId(2)), "");
    expect_conserved(lab, lab.worker());
}

TEST(Worker, CountsWhatTheOthersRingDoesNotTake) {
    Lab lab;
    two_ports(lab);
    lab.receive(PortId(1), std::vector(5, unicast()));
    drain(lab, 3, true);
    EXPECT_EQ(lab.counters(PortId(1)), "rx 5, tx.handover_full 2");
    EXPECT_EQ(lab.buffers_in_use(), 0u);
}

TEST(Worker, CountsAFrameFromARingOnThePortThatItNames) {
    Lab lab;
    two_ports(lab);
    rte_mbuf* mbuf = lab.buffer(unicast());
    mbuf->port = 1;
    lab.worker().enqueue(PortId(2), mbuf);
    EXPECT_EQ(lab.transmitted()[2].size(), 1u);
    EXPECT_EQ(lab.counters(PortId(1)), "tx 1");
}

TEST(Worker, DropsByNameWhatAnOutboxCannotHold) {
    Lab lab;
    two_ports(lab);
    lab.receive(PortId(1), std::vector(Outbox::capacity + 2, unicast()));
    EXPECT_EQ(lab.transmitted()[2].size(), Outbox::capacity);
    EXPECT_EQ(lab.counters(PortId(1)), "rx 66, tx 64, tx.full 2");
    expect_conserved(lab, lab.worker());
}

TEST(Worker, FlushesAFullOutboxInOrder) {
    Lab lab;
    two_ports(lab);
    std::vector<uint8_t> seen;
    auto flush = [](void* context, Worker& worker, PortId to, Outbox& outbox) {
        EXPECT_EQ(to, PortId(2));
        for (uint16_t i = 0; i < outbox.count; ++i) {
            auto* data = rte_pktmbuf_mtod(outbox.frames[i], uint8_t*);
            static_cast<std::vector<uint8_t>*>(context)->push_back(data[14]);
            rte_pktmbuf_free(outbox.frames[i]);
        }
        worker.transmitted(outbox, outbox.count);
    };
    lab.worker().set_flush(flush, &seen);
    std::vector<std::vector<uint8_t>> frames(200, unicast());
    for (size_t i = 0; i < frames.size(); ++i)
        frames[i][14] = static_cast<uint8_t>(i);
    lab.receive(PortId(1), frames);
    auto rest = lab.transmitted();
    for (const auto& bytes : rest[2])
        seen.push_back(bytes[14]);
    ASSERT_EQ(seen.size(), 200u);
    for (size_t i = 0; i < seen.size(); ++i)
        EXPECT_EQ(seen[i], i);
    EXPECT_EQ(lab.counters(PortId(1)), "rx 200, tx 200");
}

TEST(Worker, DropsByNameWhatIsForAPortThatItDoesNotKnow) {
    Lab lab;
    two_ports(lab);
    lab.configure("learned 02:00:00:00:00:09 segment 1 port 9");
    lab.receive(PortId(1), {frame("eth 02:00:00:00:00:01 > 02:00:00:00:00:09").bytes});
    EXPECT_EQ(lab.counters(PortId(1)), "rx 1, tx.no_port 1");
    expect_conserved(lab, lab.worker());
}

TEST(Worker, StartsAPortThatIsOpenedAgainFromZero) {
    Lab lab;
    two_ports(lab);
    Worker& worker = lab.worker();
    lab.receive(PortId(1), {{1, 2, 3}});
    const Rate two = Rate::each_second(2);
    EXPECT_TRUE(worker.may(PortId(1), Metered::slow_path, two, 2));
    EXPECT_FALSE(worker.may(PortId(1), Metered::slow_path, two));
    FirewallEvent event;
    event.port = PortId(1);
    for (int i = 0; i < 200; ++i) // a hundred are kept
        worker.log(event);
    worker.take_firewall_events([](const FirewallEvent&) {});
    worker.open_port(PortId(1));
    EXPECT_EQ(lab.counters(PortId(1)), "");
    EXPECT_TRUE(worker.may(PortId(1), Metered::slow_path, two, 2)) << "another NIC's";
    worker.log(event);
    int kept = 0;
    worker.take_firewall_events([&](const FirewallEvent& one) {
        ++kept;
        EXPECT_EQ(one.suppressed, 0u);
    });
    EXPECT_EQ(kept, 1);
}

TEST(Worker, IsToldOfLearnedMacsThatAreNewDoubtfulOrElsewhereNow) {
    Lab lab;
    for (const char* line :
         {"segment 1 vni 5001", "nic 1 segment 1 mac 02:00:00:00:00:01 security trusted",
          "nic 2 segment 1 mac 02:00:00:00:00:02 ip 10.0.0.2", "uplink 10 address 192.0.2.1",
          "vtep 1 192.0.2.2 via 10 source 192.0.2.1 mac 52:54:00:00:00:01 gateway "
          "52:54:00:00:00:02",
          "learned 02:00:00:00:00:11 segment 1 port 1"})
        lab.configure(line);
    const std::string from_vtep = "eth 52:54:00:00:00:02 > 52:54:00:00:00:01 / ip4 192.0.2.2 > "
                                  "192.0.2.1 df / udp 50000 > 4789 sum 0 / vxlan 5001 / ";
    auto heard = [&](unsigned port, const std::string& before = "") {
        lab.receive(
            PortId(port),
            {frame(before + "eth 02:00:00:00:00:11 > 02:00:00:00:00:02 type 0x88b5").bytes});
        lab.transmitted();
        std::vector<Notice::Kind> kinds;
        lab.worker().take_notices([&](const Notice& notice) {
            EXPECT_EQ(notice.mac, *MacAddr::from("02:00:00:00:00:11"));
            EXPECT_EQ(notice.segment, SegmentId(1));
            kinds.push_back(notice.kind);
        });
        return kinds;
    };
    using Kinds = std::vector<Notice::Kind>;
    EXPECT_EQ(heard(1), Kinds{}) << "it is where it was";
    EXPECT_EQ(heard(10, from_vtep), Kinds{}) << "no trusted port is there";
    lab.configure("trusted-vtep 1 segment 1");
    EXPECT_EQ(heard(10, from_vtep), Kinds{Notice::Kind::moved_mac});
    lab.configure("learned 02:00:00:00:00:11 segment 1 port 1 doubtful");
    EXPECT_EQ(heard(1), Kinds{Notice::Kind::learned_mac});
    lab.receive(PortId(2), {frame("eth 02:00:00:00:00:02 > 02:00:00:00:00:11 / ip4 10.0.0.2 > "
                                  "10.0.0.11 / udp 1 > 2")
                                .bytes});
    lab.transmitted();
    EXPECT_EQ(lab.counters(PortId(2)), "rx 1, tx 1") << "it goes there as before";
    lab.configure("learned 02:00:00:00:00:11 segment 1 vtep 1");
    EXPECT_EQ(heard(1), Kinds{Notice::Kind::learned_mac}) << "it is here now";
}

TEST(Worker, IsToldOfAsManyNewMacsAsAPortMayBringWhateverEachSends) {
    Lab lab;
    lab.configure("segment 1 vni 5001");
    lab.configure("nic 1 segment 1 mac 02:00:00:00:00:01 security trusted");
    std::vector<std::vector<uint8_t>> frames;
    for (int i = 0x10; i < 0x20; ++i)
        frames.push_back(
            frame(fmt::format("eth 02:00:00:00:00:{:x} > 02:00:00:00:00:02 type 0x88b5", i)).bytes);
    for (int round = 0; round < 100; ++round) {
        lab.receive(PortId(1), frames);
        lab.transmitted();
    }
    std::map<MacAddr, int> told;
    lab.worker().take_notices([&](const Notice& notice) { ++told[notice.mac]; });
    EXPECT_EQ(told.size(), 16u);
    for (const auto& [mac, times] : told)
        EXPECT_LT(times, 5) << to_string(mac);
}

TEST(Pipeline, CountsEveryCopyThatItHasNoBufferFor) {
    Lab lab(3);
    two_ports(lab);
    lab.configure("nic 3 segment 1 mac 02:00:00:00:00:03");
    lab.configure("nic 4 segment 1 mac 02:00:00:00:00:04");
    lab.configure("nic 5 segment 1 mac 02:00:00:00:00:05");
    lab.receive(PortId(1), {broadcast()});
    size_t sent = 0;
    for (const auto& [port, frames] : lab.transmitted())
        sent += frames.size();
    EXPECT_EQ(sent, 3u);
    EXPECT_EQ(lab.counters(PortId(1)), "rx 1, replicated 3, tx 3, bridge.no_buffer 1");
    expect_conserved(lab, lab.worker());
}

TEST(Pipeline, CountsAPacketWithoutRoomForTheOuterHeaders) {
    Lab lab;
    two_ports(lab);
    lab.configure("uplink 10 address 192.0.2.1");
    lab.configure("vtep 1 192.0.2.2 via 10 source 192.0.2.1 mac 52:54:00:00:00:01 gateway "
                  "52:54:00:00:00:02");
    lab.configure("remote 02:00:00:00:00:0a segment 1 vtep 1");
    rte_mbuf* mbuf =
        lab.buffer(frame("eth 02:00:00:00:00:01 > 02:00:00:00:00:0a / zeros 200").bytes);
    rte_pktmbuf_prepend(mbuf, 128); // the headroom is used up, by what is cut off again:
    std::memmove(mbuf->buf_addr, rte_pktmbuf_mtod_offset(mbuf, uint8_t*, 128), 214);
    rte_pktmbuf_trim(mbuf, 128);
    process(lab.fabric(), lab.worker(), PortId(1), &mbuf, 1);
    EXPECT_EQ(lab.counters(PortId(1)), "rx 1, tunnel.no_headroom 1");
    expect_conserved(lab, lab.worker());
}

TEST(Pipeline, FloodsToMoreReceiversThanABurstHolds) {
    Lab lab(4095);
    lab.configure("segment 1 vni 5001");
    for (int port = 1; port <= 99; ++port)
        lab.configure("nic " + std::to_string(port) + " segment 1 mac 02:00:00:00:01:" +
                      (port < 10 ? "0" : "") + std::to_string(port));
    auto bytes = frame("eth 02:00:00:00:01:01 > ff:ff:ff:ff:ff:ff / zeros 46").bytes;
    lab.receive(PortId(1), std::vector(3, bytes));
    auto sent = lab.transmitted();
    EXPECT_EQ(sent.size(), 98u);
    for (const auto& [port, frames] : sent)
        EXPECT_EQ(frames, std::vector(3, bytes)) << "port " << port;
    EXPECT_EQ(lab.counters(PortId(1)), "rx 3, replicated 291, tx 294");
    expect_conserved(lab, lab.worker());
}

TEST(Pipeline, ReadsHeadersInTheFirstOfSeveralBuffersAndCarriesAll) {
    Lab lab;
    two_ports(lab);
    auto bytes =
        frame("eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / ip4 10.0.0.1 > 10.0.0.2 / udp 1 > 2 "
              "/ zeros 100")
            .bytes;
    for (size_t cut : {size_t{60}, size_t{20}}) {
        rte_mbuf* head = lab.buffer({bytes.begin(), bytes.begin() + static_cast<long>(cut)});
        rte_mbuf* tail = lab.buffer({bytes.begin() + static_cast<long>(cut), bytes.end()});
        ASSERT_EQ(rte_pktmbuf_chain(head, tail), 0);
        process(lab.fabric(), lab.worker(), PortId(1), &head, 1);
    }
    auto sent = lab.transmitted();
    EXPECT_EQ(sent[2], std::vector(1, bytes));
    EXPECT_EQ(lab.counters(PortId(1)), "rx 2, tx 1, parse.truncated_ip4 1");
    expect_conserved(lab, lab.worker());
}

TEST(Trace, RecordsEachStageOfTheNextPacketsAndThenNoMore) {
    Lab lab;
    two_ports(lab);
    lab.worker().trace().arm(2);
    lab.receive(PortId(1), {unicast(), {1, 2, 3}, unicast()});
    auto records = lab.worker().trace().take();
    std::vector<std::string> first, second;
    for (const TraceRecord& record : records)
        (record.packet == 1 ? first : second).push_back(to_string(record));
    EXPECT_EQ(first,
              (std::vector<std::string>{
                  "#1 port 1 parse: next, 60 bytes, 02:00:00:00:00:01 > 02:00:00:00:00:02 0x88b5",
                  "#1 port 1 admit: next, 60 bytes, 02:00:00:00:00:01 > 02:00:00:00:00:02 0x88b5",
                  "#1 port 1 bridge: next, 60 bytes, 02:00:00:00:00:01 > 02:00:00:00:00:02 0x88b5",
                  "#1 port 1 send: next, 60 bytes, 02:00:00:00:00:01 > 02:00:00:00:00:02 0x88b5"}));
    EXPECT_EQ(second, std::vector<std::string>{"#2 port 1 parse: parse.too_short, 3 bytes"});
    lab.transmitted();
    lab.receive(PortId(1), {unicast()});
    EXPECT_TRUE(lab.worker().trace().take().empty());
}

TEST(Timing, IsTakenOnlyWhileItIsOn) {
    Lab lab;
    two_ports(lab);
    lab.receive(PortId(1), {unicast()});
    EXPECT_EQ(lab.worker().stage_time(Stage::parse).packets, 0u);
    lab.worker().set_timing(true);
    lab.receive(PortId(1), std::vector(40, unicast()));
    EXPECT_EQ(lab.worker().stage_time(Stage::parse).packets, 40u);
    EXPECT_GT(lab.worker().stage_time(Stage::parse).ticks, 0u);
}

TEST(Meter, LetsABurstOfASecondThroughAndThenTheRate) {
    Meter meter;
    constexpr uint64_t hz = 1'000'000;
    auto taken = [&](uint64_t from, uint64_t until, uint64_t step) {
        unsigned n = 0;
        for (uint64_t now = from; now < until; now += step)
            n += meter.take(now, hz, Rate::each_second(100));
        return n;
    };
    EXPECT_EQ(taken(0, 1'000, 1), 100u);
    EXPECT_EQ(taken(hz, 2 * hz, 100), 199u); // a second saved up, and a second's worth
    EXPECT_EQ(taken(2 * hz, 3 * hz, 100), 100u);
    EXPECT_FALSE(Meter().take(0, hz, {0, 5}));
}

TEST(Worker, AnnouncesToItsPorts) {
    Lab lab;
    two_ports(lab);
    lab.fabric();
    MacAddr mac = *MacAddr::from("02:52:46:00:00:01");
    const Announcement news[] = {{PortId(1), mac, *IpAddr::from("10.0.0.254"), true},
                                 {PortId(1), mac, *IpAddr::from("fd00::1"), true}};
    announce(lab.worker(), news);
    auto out = lab.transmitted();
    ASSERT_EQ(out[1].size(), 2u);
    EXPECT_EQ(out[1][0],
              frame("eth 02:52:46:00:00:01 > ff:ff:ff:ff:ff:ff / arp request "
                    "02:52:46:00:00:01 10.0.0.254 > 00:00:00:00:00:00 10.0.0.254 | pad 60")
                  .bytes);
    EXPECT_EQ(out[1][1],
              frame("eth 02:52:46:00:00:01 > 33:33:00:00:00:01 / ip6 fd00::1 > ff02::1 / "
                    "na fd00::1 flags 0xa0000000 tll 02:52:46:00:00:01")
                  .bytes);
    EXPECT_EQ(lab.counters(PortId(1)), "generated 2, tx 2");
    expect_conserved(lab, lab.worker());
}

TEST(Worker, AnnouncesNothingWithoutABuffer) {
    Lab lab(1);
    two_ports(lab);
    lab.fabric();
    rte_mbuf* last = lab.buffer({});
    const Announcement news[] = {{PortId(1), {}, *IpAddr::from("10.0.0.254"), true}};
    announce(lab.worker(), news);
    EXPECT_EQ(lab.counters(PortId(1)), "");
    rte_pktmbuf_free(last);
}

// --- Captures
namespace {

// Frames of many sizes, each filled with the lowest byte of its number.
class Capturing {
public:
    Capturing(Lab& lab, uint32_t bytes) : capture(bytes), pool_(lab.worker().copies()) {}

    // The driver takes the first `accepted` of them.
    void add(uint16_t count, uint16_t accepted) {
        std::vector<rte_mbuf*> frames;
        for (uint16_t i = 0; i < count; ++i) {
            const auto size = static_cast<uint16_t>(60 + (added_ + i) * 37 % 1400);
            rte_mbuf* frame = rte_pktmbuf_alloc(pool_);
            std::memset(rte_pktmbuf_append(frame, size), static_cast<int>(added_ + i), size);
            frames.push_back(frame);
        }
        capture.add(frames.data(), count, Capture::Direction::to_port);
        capture.publish(accepted);
        for (rte_mbuf* frame : frames)
            rte_pktmbuf_free(frame);
        added_ += accepted;
    }
    // All that is there, which is what was added from `taken` on.
    void expect_in_order() {
        capture.take(SIZE_MAX, [&](const Capture::Frame& frame) {
            const size_t size = 60 + taken_ * 37 % 1400;
            EXPECT_EQ(frame.length, size);
            EXPECT_EQ(frame.direction, Capture::Direction::to_port);
            EXPECT_EQ(frame.bytes.front(), static_cast<uint8_t>(taken_));
            EXPECT_EQ(frame.bytes.back(), static_cast<uint8_t>(taken_));
            ++taken_;
        });
    }
    uint64_t added() const { return added_; }
    uint64_t taken() const { return taken_; }

    Capture capture;

private:
    rte_mempool* pool_;
    uint64_t added_ = 0, taken_ = 0;
};

} // namespace

TEST(Capture, KeepsFramesInOrderAsItsMemoryIsUsedAgain) {
    Lab lab;
    Capturing all(lab, Capture::most_bytes);
    for (int round = 0; round < 1000; ++round) { // some 22 MB, more than five times the memory
        all.add(32, static_cast<uint16_t>(round % 33));
        if (round % 50 == 0)
            all.expect_in_order();
    }
    all.expect_in_order();
    EXPECT_EQ(all.taken(), all.added());
    EXPECT_EQ(all.capture.missed(), 0u);
}

TEST(Capture, CountsWhatFindsNoRoomAndGoesOn) {
    Lab lab;
    Capturing all(lab, 20);
    for (int round = 0; round < 5000; ++round)
        all.add(32, 32);
    const uint64_t missed = all.capture.missed();
    uint64_t kept = 0;
    all.capture.take(SIZE_MAX, [&](const Capture::Frame& frame) {
        EXPECT_EQ(frame.bytes.size(), 20u);
        ++kept;
    });
    EXPECT_GT(kept, 90'000u);
    EXPECT_EQ(kept + missed, all.added());
    all.add(1, 1);
    all.capture.take(1, [&](const Capture::Frame&) { ++kept; });
    EXPECT_EQ(kept + missed, all.added());
}

} // namespace ringfence
