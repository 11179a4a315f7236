// Ageing at a millisecond under load, for TSan: workers with a table each, that open, use, cut and
// lose connections while another thread has them listed, raised and forgotten by errands.
#include <atomic>
#include <chrono>
#include <functional>
#include <random>
#include <thread>

#include "core/tables/spsc_ring.h"
#include "dataplane/connection/listing.h"
#include "tests/unit/connection/fixture.h"

namespace ringfence {

namespace {

using testing::tuple_of;
using testing::way_of;
using Act = std::function<void(Connections&)>;

Moment clock_now() {
    auto now = std::chrono::steady_clock::now().time_since_epoch();
    return {
        static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count())};
}

ConnectionSettings short_lived() {
    ConnectionSettings settings = testing::small(4'000);
    settings.timeouts.filtered.udp = settings.timeouts.filtered.udp_answered = 1;
    settings.timeouts.half_open_under_pressure = 1;
    settings.half_open_grace = 1;
    return settings;
}

class StressedWorker {
public:
    explicit StressedWorker(uint32_t seed)
        : connections_(testing::make(short_lived())), random_(seed), thread_([this] { run(); }) {}
    ~StressedWorker() {
        stop_ = true;
        thread_.join();
    }
    bool ask(Act act) { return errands_.push(std::move(act)); }
    uint64_t opened() const { return opened_.load(); }

private:
    void run() {
        while (!stop_) {
            connections_->set_now(clock_now());
            for (int i = 0; i < 32; ++i) {
                one<Ipv4Addr>();
                one<Ipv6Addr>();
            }
            connections_->sweep(64, [&](auto& table, EntryId entry) { decide(table, entry); });
            while (auto act = errands_.pop())
                (*act)(*connections_);
        }
    }
    template <class Address> void one() {
        auto& table = connections_->table<Address>();
        auto outbound = tuple_of<Address>(static_cast<uint32_t>(random_() % 5'000));
        PortId port(static_cast<uint32_t>(random_() % 8));
        if (auto hit = table.find_by_port(port, outbound)) {
            if (random_() % 64 == 0)
                table.cut(hit.entry());
            if (table.validity(*hit.half) == Validity::live)
                table.count(hit, 64);
            return;
        }
        auto entry = table.open(port, outbound, Side::from_port);
        if (!entry)
            return;
        ++opened_;
        EXPECT_TRUE(write(table, *entry, port, outbound));
    }
    template <class Address>
    static bool write(ConnectionTable<Address>& table, EntryId entry, PortId port,
                      const Tuple<Address>& outbound) {
        return table.write(entry, Side::from_port,
                           {{Place::sent_by(port), outbound},
                            outbound,
                            way_of(static_cast<uint16_t>(port.value()))});
    }
    template <class Address> void decide(ConnectionTable<Address>& table, EntryId entry) {
        const auto& half = *table.half(entry, Side::from_port).half;
        EXPECT_TRUE(write(table, entry, half.local_port(), half.key.tuple()));
    }

    std::unique_ptr<Connections> connections_;
    std::mt19937 random_;
    SpscRing<Act> errands_{64};
    std::atomic<bool> stop_{false};
    std::atomic<uint64_t> opened_{0};
    std::thread thread_;
};

} // namespace

TEST(Stress, WorkersShareNothingAndLoseNothing) {
    constexpr auto length = std::chrono::seconds(3);
    StressedWorker workers[2] = {StressedWorker(1), StressedWorker(2)};
    std::atomic<uint64_t> listed{0};
    std::mt19937 random(3);
    auto end = std::chrono::steady_clock::now() + length;
    for (unsigned n = 0; std::chrono::steady_clock::now() < end; ++n) {
        PortId port(static_cast<uint32_t>(random() % 8));
        Act acts[] = {
            [&](Connections& connections) {
                std::vector<ListedConnection> list;
                Listing listing;
                while (listing.next(connections, 100, list)) {
                }
                EXPECT_EQ(list.size(), connections.size());
                listed += list.size();
            },
            [port](Connections& connections) { connections.raise(port); },
            [port](Connections& connections) { connections.widen(port); },
            [port](Connections& connections) { connections.forget_port(port); },
        };
        workers[n % 2].ask(acts[random() % std::size(acts)]);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_GT(listed, 0u);
    for (StressedWorker& worker : workers) {
        EXPECT_GT(worker.opened(), 4'000u) << "memory came back, many times";
        std::atomic<bool> done{false};
        worker.ask([&](Connections& connections) {
            connections.flush();
            EXPECT_EQ(connections.size(), 0u);
            EXPECT_EQ(connections.ways().size(), 0u);
            done = true;
        });
        while (!done)
            std::this_thread::yield();
    }
}

} // namespace ringfence
