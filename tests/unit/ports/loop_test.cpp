// The loop with real ports and the real pipeline. Two ports are wired together as an uplink and its
// shadow: what is not VXLAN goes from one to the other, which is all the forwarding that these
// tests need.
#include "dataplane/loop.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/loop/handover_ring.h"
#include "tests/unit/ports/private_network.h"

namespace ringfence {
namespace {

using namespace std::chrono_literals;
using ports::MbufPool;
using ports::PortSettings;
using test::numbered_frame;
using test::RawSocket;
using test::wait_until;

class Loop : public testing::Test {
protected:
    Loop() : pool_(std::move(MbufPool::create({.count = 16383}).value())) {}
    ~Loop() override {
        forwarder_.reset();
        for (const auto& file : files_)
            std::filesystem::remove(file);
        EXPECT_EQ(pool_.available(), pool_.count()); // every frame is back
    }

    void start(unsigned workers, ForwarderSettings settings = {}) {
        settings.cpus.assign(workers, std::nullopt);
        auto started = Forwarder::start(settings, pool_);
        ASSERT_TRUE(started) << started.error().text;
        forwarder_ = std::move(*started);
    }

    // Opens a port and adds it to the loop.
    std::shared_ptr<ports::Port> add(PortId id, unsigned worker, PortSettings settings) {
        auto port = ports::Port::open(settings, pool_);
        EXPECT_TRUE(port) << port.error().text;
        auto added = forwarder_->add_port(id, *port, worker);
        EXPECT_TRUE(added) << added.error().text;
        return *port;
    }
    static PortSettings tap(const std::string& name) { return {.name = name}; }
    static PortSettings device(const std::string& devargs) {
        return {.name = "dev", .kind = ports::PortKind::device, .argument = devargs};
    }
    // A port that receives what feed() puts into its ring.
    PortSettings source(const std::string& name) { return device("net_ring_" + name); }
    // A port that writes what it is sent to a file.
    PortSettings sink(const std::string& name) {
        files_.push_back(std::filesystem::temp_directory_path() /
                         fmt::format("rfloop-{}-{}.pcap", getpid(), name));
        return device(fmt::format("net_pcap_{},tx_pcap={}", name, files_.back().string()));
    }

    // Frames from `from` go to `to`, and, where `both`, back.
    void wire(PortId from, PortId to, bool both) {
        LocalPort uplink(from, PortKind::uplink), shadow(to, PortKind::shadow);
        uplink.peer = to;
        if (both)
            shadow.peer = from;
        edit_.set_port(uplink);
        edit_.set_port(shadow);
        FabricEdit next = edit_;
        publish_and_wait(next.finish());
    }

    // Runs the control side until done().
    bool control_until(const std::function<bool()>& done, std::chrono::milliseconds limit = 10s) {
        return wait_until(
            [&] {
                forwarder_->reclaim();
                return done();
            },
            limit);
    }
    void publish_and_wait(std::shared_ptr<const Fabric> fabric) {
        bool done = false;
        forwarder_->publish(std::move(fabric), [&] { done = true; });
        EXPECT_TRUE(control_until([&] { return done; }));
    }
    void remove_and_wait(PortId id) {
        bool done = false;
        forwarder_->remove_port(id, [&] { done = true; });
        EXPECT_TRUE(control_until([&] { return done; }));
    }

    // Puts numbered frames into a source's ring, as fast as it empties.
    void feed(const std::string& name, uint32_t first, uint32_t count) {
        rte_ring* ring = rte_ring_lookup(("ETH_RXTX0_net_ring_" + name).c_str());
        ASSERT_TRUE(ring);
        for (uint32_t number = first; number < first + count; ++number) {
            rte_mbuf* frame = nullptr;
            while (!(frame = rte_pktmbuf_alloc(pool_.get())))
                std::this_thread::yield();
            test::Frame bytes = numbered_frame(number);
            std::memcpy(rte_pktmbuf_append(frame, static_cast<uint16_t>(bytes.size())),
                        bytes.data(), bytes.size());
            while (rte_ring_enqueue(ring, frame) != 0)
                std::this_thread::yield();
        }
    }

    // The numbers of the frames in a sink's file; call after its port has closed.
    static std::vector<uint32_t> numbers_in(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
        std::vector<uint32_t> numbers;
        for (size_t at = 24; at + 16 <= bytes.size();) { // pcap: file header, then record headers
            uint32_t length;
            std::memcpy(&length, &bytes[at + 8], 4);
            auto number =
                test::number_of(reinterpret_cast<const uint8_t*>(&bytes[at + 16]), length);
            if (number)
                numbers.push_back(*number);
            at += 16 + length;
        }
        return numbers;
    }

    // Everything that came in has left, by name; and nothing is counted for nobody.
    void expect_conservation(std::initializer_list<uint32_t> ids) {
        CounterSums sum;
        EXPECT_TRUE(
            wait_until([&] { return forwarder_->total().in() == forwarder_->total().out(); }));
        for (uint32_t id : ids) {
            CounterSums port = forwarder_->counters(PortId(id));
            EXPECT_EQ(port.in(), port.out()) << "port " << id;
            sum += port;
        }
        EXPECT_EQ(sum.in(), forwarder_->total().in());
    }

    MbufPool pool_;
    std::unique_ptr<Forwarder> forwarder_;
    FabricEdit edit_;
    std::vector<std::filesystem::path> files_;
};

bool strictly_rising(const std::vector<uint32_t>& numbers) {
    return std::adjacent_find(numbers.begin(), numbers.end(), std::greater_equal<>()) ==
           numbers.end();
}

TEST_F(Loop, ForwardsBetweenTwoTaps) {
    start(1);
    add(PortId(1), 0, tap("l-one"));
    add(PortId(2), 0, tap("l-two"));
    wire(PortId(1), PortId(2), true);
    RawSocket one("l-one"), two("l-two");
    for (uint32_t i = 0; i < 50; ++i) {
        std::optional<test::Frame> got;
        ASSERT_TRUE(one.send(numbered_frame(i)));
        ASSERT_TRUE(wait_until([&] { return (got = two.receive()).has_value(); }));
        EXPECT_EQ(*got, numbered_frame(i));
        ASSERT_TRUE(two.send(numbered_frame(1000 + i)));
        ASSERT_TRUE(wait_until([&] { return (got = one.receive()).has_value(); }));
        EXPECT_EQ(*got, numbered_frame(1000 + i));
    }
    expect_conservation({1, 2});
}

TEST_F(Loop, HandsOverToTheOwnerInOrderAndLosesNothingUncounted) {
    constexpr uint32_t count = 50'000;
    start(2, {.handover_ring = 64});
    add(PortId(1), 0, source("a"));
    add(PortId(2), 1, sink("b"));
    add(PortId(3), 1, source("c"));
    add(PortId(4), 0, sink("d"));
    wire(PortId(1), PortId(2), false);
    wire(PortId(3), PortId(4), false);
    std::thread other([&] { feed("c", 1, count); });
    feed("a", 1, count);
    other.join();
    EXPECT_TRUE(wait_until([&] { return forwarder_->total()[Verdict::rx] == 2 * count; }));
    expect_conservation({1, 2, 3, 4});
    for (uint32_t from : {1u, 3u}) {
        CounterSums sums = forwarder_->counters(PortId(from));
        EXPECT_EQ(sums[Verdict::rx], count);
        EXPECT_EQ(sums[Verdict::tx] + sums[Verdict::tx_handover_full] + sums[Verdict::tx_full],
                  count);
        EXPECT_GT(sums[Verdict::tx], 0u);
    }
    uint64_t sent[] = {forwarder_->counters(PortId(1))[Verdict::tx],
                       forwarder_->counters(PortId(3))[Verdict::tx]};
    forwarder_.reset();
    for (size_t i : {0u, 1u}) {
        auto numbers = numbers_in(files_[i]);
        EXPECT_EQ(numbers.size(), sent[i]);
        EXPECT_TRUE(strictly_rising(numbers));
    }
}

TEST_F(Loop, PublishesUnderLoadAndCallsEachDoneOnceInOrder) {
    start(2);
    add(PortId(1), 0, device("net_null_p,size=64"));
    add(PortId(2), 1, device("net_null_q,size=64"));
    wire(PortId(1), PortId(2), true);
    ASSERT_TRUE(wait_until([&] { return forwarder_->total()[Verdict::tx] > 0; })); // the load
    std::vector<int> order;
    std::weak_ptr<const Fabric> watched;
    for (int i = 0; i < 2000; ++i) {
        FabricEdit next = edit_;
        auto fabric = next.finish();
        if (i == 1000)
            watched = fabric;
        forwarder_->publish(std::move(fabric), [&order, i] { order.push_back(i); });
        if (i % 7 == 0)
            forwarder_->reclaim();
    }
    EXPECT_TRUE(control_until([&] { return order.size() == 2000; }));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_TRUE(watched.expired()); // what no worker can use is freed
    remove_and_wait(PortId(1));
    remove_and_wait(PortId(2));
    expect_conservation({1, 2});
}

TEST_F(Loop, SaysThroughItsEventThatAPublicationIsDone) {
    start(2); // asleep, all of them
    for (int i = 0; i < 300; ++i) {
        bool done = false;
        FabricEdit next;
        forwarder_->publish(next.finish(), [&] { done = true; });
        EXPECT_FALSE(done); // never from inside publish()
        while (!done) {
            pollfd event{forwarder_->event_fd(), POLLIN, 0};
            ASSERT_EQ(poll(&event, 1, 5000), 1) << "publication " << i << " was never reported";
            forwarder_->reclaim();
        }
        if (i % 3 == 0) // let them fall asleep, or not
            std::this_thread::sleep_for(std::chrono::microseconds(i * 2));
    }
}

TEST_F(Loop, PortsComeAndGoWhileOthersForward) {
    start(2);
    add(PortId(1), 0, source("s"));
    add(PortId(2), 1, sink("t"));
    wire(PortId(1), PortId(2), false);
    std::thread traffic([&] { feed("s", 1, 40'000); });
    for (uint32_t round = 0; round < 30; ++round) {
        PortId id(10 + round % 3);
        add(id, round % 2, device(fmt::format("net_null_r{},size=64", round)));
        std::this_thread::sleep_for(2ms);
        std::weak_ptr<ports::Port> port;
        remove_and_wait(id);
        // It is closed: its name is free.
        EXPECT_TRUE(ports::Port::open(device(fmt::format("net_null_r{},size=64", round)), pool_));
    }
    traffic.join();
    EXPECT_TRUE(wait_until([&] { return forwarder_->counters(PortId(1))[Verdict::rx] == 40'000; }));
    expect_conservation({1, 2, 10, 11, 12});
    uint64_t sent = forwarder_->counters(PortId(1))[Verdict::tx];
    forwarder_.reset();
    EXPECT_EQ(numbers_in(files_[0]).size(), sent);
    EXPECT_TRUE(strictly_rising(numbers_in(files_[0])));
}

TEST_F(Loop, FramesForAPortThatIsGoneAreDropsByName) {
    start(1);
    add(PortId(1), 0, source("g"));
    add(PortId(2), 0, sink("h"));
    wire(PortId(1), PortId(2), false);
    remove_and_wait(PortId(2));
    feed("g", 1, 100);
    EXPECT_TRUE(
        wait_until([&] { return forwarder_->counters(PortId(1))[Verdict::tx_no_port] == 100; }));
    expect_conservation({1});
}

TEST_F(Loop, APortMovesBetweenWorkersUnderLoad) {
    start(2);
    add(PortId(1), 0, source("m"));
    add(PortId(2), 0, sink("n"));
    wire(PortId(1), PortId(2), false);
    std::thread traffic([&] { feed("m", 1, 60'000); });
    for (unsigned i = 1; i <= 40; ++i)
        for (PortId id : {PortId(1), PortId(2)}) {
            bool done = false;
            const unsigned worker = (i + id.value()) % 2;
            FabricEdit next = edit_;
            ASSERT_TRUE(
                forwarder_->move_ports({{id, worker}}, next.finish(), [&] { done = true; }));
            ASSERT_TRUE(control_until([&] { return done; }));
            EXPECT_EQ(forwarder_->owner(id), worker);
        }
    traffic.join();
    EXPECT_TRUE(wait_until([&] { return forwarder_->counters(PortId(1))[Verdict::rx] == 60'000; }));
    expect_conservation({1, 2});
    uint64_t sent = forwarder_->counters(PortId(1))[Verdict::tx];
    uint64_t no_port = forwarder_->counters(PortId(1))[Verdict::tx_no_port];
    EXPECT_GT(sent, 0u);
    forwarder_.reset();
    EXPECT_EQ(no_port, 0u); // there is always a worker that has it
    EXPECT_EQ(numbers_in(files_[0]).size(), sent);
    EXPECT_TRUE(strictly_rising(numbers_in(files_[0])));
}

TEST_F(Loop, ConnectionsDoNotAgeByTheSleepOfTheWorkerThatGetsThem) {
    start(2);
    add(PortId(1), 0, source("age"));
    std::this_thread::sleep_for(1s); // since then worker 1 does not know the time
    const Tuple<Ipv4Addr> outbound{{0x0a000001}, {0x0a000002}, 1, 2, ip_protocol::udp};
    ASSERT_TRUE(forwarder_->run_errand(0, [=](Worker& worker, const Fabric&) {
        auto& table = worker.connections().table<Ipv4Addr>();
        auto entry = table.open(PortId(1), outbound, Side::from_port);
        ASSERT_TRUE(entry);
        table.write(*entry, Side::from_port,
                    {{Place::sent_by(PortId(1)), outbound}, outbound, Way()});
        table.count(table.half(*entry, Side::from_port), 60);
    }));
    ASSERT_TRUE(forwarder_->move_ports({{PortId(1), 1}}, FabricEdit(edit_).finish()));
    auto silence = std::make_shared<std::optional<uint32_t>>();
    ASSERT_TRUE(forwarder_->run_errand(1, [=](Worker& worker, const Fabric&) {
        auto& table = worker.connections().table<Ipv4Addr>();
        if (auto hit = table.find_by_port(PortId(1), outbound))
            *silence = table.silence(hit.entry());
    }));
    ASSERT_TRUE(*silence);
    EXPECT_LT(**silence, 700u);
}

// CPU time that the process takes in so much time of idleness.
std::chrono::nanoseconds cpu_while_idle(std::chrono::milliseconds time) {
    auto used = [] {
        timespec now;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    };
    std::this_thread::sleep_for(50ms); // to fall asleep
    auto before = used();
    std::this_thread::sleep_for(time);
    return used() - before;
}

TEST_F(Loop, SleepsWithTapsUntilAFrameComesOrIsHandedOver) {
    start(2);
    add(PortId(1), 0, tap("l-near"));
    add(PortId(2), 1, tap("l-far")); // its worker is woken by the other alone
    wire(PortId(1), PortId(2), true);
    RawSocket near("l-near"), far("l-far");
    for (uint32_t i = 0; i < 5; ++i) {
        EXPECT_LT(cpu_while_idle(100ms), 20ms); // awake, the two take 200 ms
        std::optional<test::Frame> got;
        ASSERT_TRUE(near.send(numbered_frame(i)));
        ASSERT_TRUE(wait_until([&] { return (got = far.receive()).has_value(); }, 1s));
    }
    expect_conservation({1, 2});
}

TEST_F(Loop, SleepsWithAfPacketAndSurvivesItsLinkGoingDown) {
    ASSERT_TRUE(test::run("ip link add l-wan type veth peer l-net && ip link set l-wan up && "
                          "ip link set l-net up"));
    start(1);
    add(PortId(1), 0, device("net_af_packet_wan,iface=l-wan"));
    add(PortId(2), 0, tap("l-inner"));
    wire(PortId(1), PortId(2), true);
    RawSocket net("l-net"), inner("l-inner");
    for (uint32_t i = 0; i < 3; ++i) {
        EXPECT_LT(cpu_while_idle(100ms), 20ms);
        std::optional<test::Frame> got;
        ASSERT_TRUE(net.send(numbered_frame(i)));
        ASSERT_TRUE(wait_until([&] { return (got = inner.receive()).has_value(); }, 1s));
        ASSERT_TRUE(test::run("ip link set l-wan down"));
        EXPECT_LT(cpu_while_idle(100ms), 20ms);
        ASSERT_TRUE(test::run("ip link set l-wan up"));
    }
    ASSERT_TRUE(test::run("ip link del l-wan"));
    EXPECT_LT(cpu_while_idle(100ms), 20ms);
}

TEST_F(Loop, NapsWithPortsThatOnlyPollingCanAsk) {
    start(2);
    add(PortId(3), 0, source("w"));
    add(PortId(4), 1, sink("x"));
    wire(PortId(3), PortId(4), false);
    for (uint32_t i = 0; i < 5; ++i) {
        EXPECT_LT(cpu_while_idle(100ms), 50ms);
        feed("w", i, 1);
        ASSERT_TRUE(
            wait_until([&] { return forwarder_->counters(PortId(3))[Verdict::tx] == i + 1; }, 1s));
    }
    expect_conservation({3, 4});
}

TEST_F(Loop, FragmentsTimeOutAtAWorkerThatSleeps) {
    start(1);
    add(PortId(1), 0, tap("l-quiet"));
    auto hold = [frame = rte_pktmbuf_alloc(pool_.get())](Worker& worker, const Fabric&) {
        rte_pktmbuf_append(frame, 60);
        frame->port = 1;
        Fragment later{{Place::sent_by(PortId(1)), {}, {}, 7, NextHopId(0), 17, false},
                       8,
                       8,
                       true,
                       14,
                       std::nullopt};
        FragmentLimits limits;
        uint64_t hz = rte_get_tsc_hz(), nearly_over = worker.now() - limits.seconds * hz + hz / 5;
        worker.fragments().take(later, {frame, SegmentId(1), Arrival::From::sender},
                                {PortId(1), false, 1}, nearly_over);
    };
    ASSERT_TRUE(forwarder_->run_errand(0, hold));
    EXPECT_LT(pool_.available(), pool_.count());
    EXPECT_TRUE(wait_until(
        [&] { return forwarder_->counters(PortId(1))[Verdict::frag_timeout] == 1; }, 2s));
}

TEST_F(Loop, BusyPollNeverSleeps) {
    start(1, {.busy_poll = true});
    EXPECT_GT(cpu_while_idle(200ms), 5ms);
}

TEST_F(Loop, ADeletedTapStopsNobodyAndBurnsNoTime) {
    std::string other = fmt::format("rfloop-{}", getpid());
    start(1);
    auto doomed = add(PortId(1), 0, tap("l-doomed"));
    add(PortId(2), 0, tap("l-left"));
    add(PortId(3), 0, tap("l-right"));
    wire(PortId(2), PortId(3), true);
    ASSERT_TRUE(test::run("ip netns add " + other + " && ip link set l-doomed netns " + other));
    ASSERT_TRUE(test::run("ip netns del " + other));
    ASSERT_TRUE(wait_until([&] { return doomed->trouble().has_value(); }));
    RawSocket left("l-left"), right("l-right");
    std::optional<test::Frame> got;
    ASSERT_TRUE(left.send(numbered_frame(1)));
    ASSERT_TRUE(wait_until([&] { return (got = right.receive()).has_value(); }));
    EXPECT_LT(cpu_while_idle(200ms), 20ms);
    doomed.reset();
    remove_and_wait(PortId(1));
}

TEST_F(Loop, AWorkerRunsErrandsBetweenItsRoundsAlsoWhenItSleeps) {
    start(2);
    std::thread::id control = std::this_thread::get_id(), ran_on;
    for (unsigned worker : {0u, 1u}) {
        unsigned index = 99;
        EXPECT_TRUE(forwarder_->run_errand(worker, [&](Worker& its, const Fabric&) {
            index = its.index();
            ran_on = std::this_thread::get_id();
        }));
        EXPECT_EQ(index, worker);
        EXPECT_NE(ran_on, control);
    }
    // Many at once, more than fit the ring: each is done once, in order, on this thread.
    std::vector<unsigned> run, done;
    for (unsigned i = 0; i < 500; ++i)
        forwarder_->send_errand(
            0, [&run, i](Worker&, const Fabric&) { run.push_back(i); },
            [&, i] {
                EXPECT_EQ(std::this_thread::get_id(), control);
                done.push_back(i);
            });
    EXPECT_TRUE(wait_until([&] {
        pollfd event{forwarder_->event_fd(), POLLIN, 0};
        poll(&event, 1, 10);
        forwarder_->reclaim();
        return done.size() == 500;
    }));
    EXPECT_EQ(run, done);
}

TEST_F(Loop, AWorkerThatIsBusyForLongIsNotWaitedFor) {
    start(1);
    auto go_on = std::make_shared<std::atomic<bool>>(false);
    forwarder_->send_errand(0, [go_on](Worker&, const Fabric&) {
        while (!*go_on)
            std::this_thread::yield();
    });
    EXPECT_FALSE(forwarder_->run_errand(0, [](Worker&, const Fabric&) {}));
    *go_on = true;
    EXPECT_TRUE(forwarder_->run_errand(0, [](Worker&, const Fabric&) {}));
}

// Ordinary frames are not held up by large ones that take all buffers.
TEST(HandoverRing, HoldsSoManyBuffersOfLargeFrames) {
    loop::HandoverRing ring(64);
    rte_mbuf large{}, ordinary{};
    large.nb_segs = 33;
    ordinary.nb_segs = 1;
    for (int round = 0; round < 3; ++round) {
        EXPECT_TRUE(ring.push({&large, PortId(1), std::nullopt}));
        EXPECT_TRUE(ring.push({&large, PortId(1), std::nullopt}));
        EXPECT_FALSE(ring.push({&large, PortId(1), std::nullopt}));
        for (int i = 0; i < 62; ++i)
            EXPECT_TRUE(ring.push({&ordinary, PortId(1), std::nullopt}));
        EXPECT_FALSE(ring.push({&ordinary, PortId(1), std::nullopt}));
        for (int i = 0; i < 64; ++i)
            EXPECT_EQ(ring.pop()->frame, i < 2 ? &large : &ordinary);
        EXPECT_FALSE(ring.pop());
    }
}

TEST_F(Loop, RefusesWhatCannotWork) {
    EXPECT_FALSE(Forwarder::start({.cpus = {}}, pool_));
    EXPECT_FALSE(Forwarder::start({.cpus = {1023}}, pool_));
    EXPECT_FALSE(Forwarder::start({.handover_ring = 100}, pool_));
    start(1);
    auto port = add(PortId(1), 0, device("net_null_u,no-rx=1"));
    EXPECT_FALSE(forwarder_->add_port(PortId(1), port, 0)); // taken
    EXPECT_FALSE(forwarder_->add_port(PortId(2), port, 1)); // no such worker
    EXPECT_FALSE(forwarder_->add_port(PortId(Destination::max_ports), port, 0));
    EXPECT_FALSE(forwarder_->move_ports({{PortId(9), 0}}, nullptr));
    EXPECT_FALSE(forwarder_->move_ports({{PortId(1), 1}}, nullptr));
    remove_and_wait(PortId(9)); // done is called all the same
}

TEST_F(Loop, StopsWithFramesUnderWayAndFreesThem) {
    for (int i = 0; i < 10; ++i) {
        start(2, {.busy_poll = i % 2 == 1, .handover_ring = 64});
        add(PortId(1), 0, device("net_null_v,size=64"));
        add(PortId(2), 1, device("net_null_w,size=64"));
        wire(PortId(1), PortId(2), true);
        std::this_thread::sleep_for(2ms);
        forwarder_.reset();
        EXPECT_EQ(pool_.available(), pool_.count());
    }
}

TEST(CpuMask, NamesOneWorkerACpu) {
    EXPECT_EQ(*cpus_from_mask("0x6"), (std::vector<std::optional<unsigned>>{1, 2}));
    EXPECT_EQ(*cpus_from_mask("11"), (std::vector<std::optional<unsigned>>{0, 4}));
    for (const char* mask : {"", "0x", "0", "g", "-1"})
        EXPECT_FALSE(cpus_from_mask(mask)) << mask;
}

} // namespace
} // namespace ringfence
