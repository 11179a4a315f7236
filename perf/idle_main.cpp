// What a host costs that has nothing to do, and how late it wakes. One worker with ten taps, then
// the same with an uplink on af_packet beside them, which only polling can ask.
//
//     perf_idle [SECONDS]       as root: it makes a network namespace of its own
//
// Idle CPU: getrusage over SECONDS (10). Wake-up: the time from sending a frame into one tap to
// having it from another, one frame after 2 to 12 ms of silence each; beside it the same through a
// worker that never sleeps, so that the kernel's own share can be seen.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <sys/resource.h>

#include "dataplane/loop.h"
#include "dataplane/ports/eal.h"
#include "tests/unit/ports/private_network.h"

using namespace ringfence;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr unsigned taps = 10;

struct Host {
    std::unique_ptr<Forwarder> forwarder;

    Host(const ports::MbufPool& pool, bool with_uplink, bool busy_poll) {
        ForwarderSettings settings;
        settings.busy_poll = busy_poll;
        forwarder = std::move(Forwarder::start(settings, pool).value());
        FabricEdit edit;
        for (uint32_t i = 0; i < taps; ++i) {
            add(PortId(i), {.name = fmt::format("tap{}", i)}, pool);
            LocalPort port(PortId(i), i % 2 ? PortKind::shadow : PortKind::uplink);
            port.peer = PortId(i ^ 1); // in pairs: what comes from one goes to the other
            edit.set_port(port);
        }
        if (with_uplink)
            add(PortId(taps),
                {.name = "up",
                 .kind = ports::PortKind::device,
                 .argument = "net_af_packet_wan,iface=wan0"},
                pool);
        forwarder->publish(edit.finish());
    }
    void add(PortId id, const ports::PortSettings& settings, const ports::MbufPool& pool) {
        auto port = ports::Port::open(settings, pool);
        if (!port || !forwarder->add_port(id, *port, 0)) {
            std::printf("%s\n", port ? "port not added" : port.error().text.c_str());
            std::exit(1);
        }
    }
};

double cpu_seconds() {
    rusage use;
    getrusage(RUSAGE_SELF, &use);
    auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}

double idle_percent(std::chrono::seconds time) {
    std::this_thread::sleep_for(1s);
    double before = cpu_seconds();
    std::this_thread::sleep_for(time);
    return 100 * (cpu_seconds() - before) / static_cast<double>(time.count());
}

// Microseconds, sorted.
std::vector<double> wake_ups(unsigned count) {
    test::RawSocket from("tap0"), to("tap1");
    std::mt19937 random(1);
    std::uniform_int_distribution<int> silence(2000, 12000);
    std::vector<double> times;
    for (uint32_t i = 0; i < count; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(silence(random)));
        auto sent = Clock::now();
        from.send(test::numbered_frame(i));
        while (!to.receive())
            if (Clock::now() - sent > 1s)
                return times; // lost: fewer than asked for
        times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - sent).count());
    }
    std::sort(times.begin(), times.end());
    return times;
}

void report(const char* what, const ports::MbufPool& pool, bool uplink, bool busy,
            std::chrono::seconds time) {
    Host host(pool, uplink, busy);
    double idle = idle_percent(time);
    auto times = wake_ups(1000);
    auto at = [&](size_t per_mille) { return times[(times.size() - 1) * per_mille / 1000]; };
    std::printf("| %-28s | %6.2f %% | %6.0f | %6.0f | %6.0f |\n", what, idle, at(500), at(990),
                at(1000));
}

} // namespace

int main(int argc, char** argv) {
    std::chrono::seconds time(argc > 1 ? std::atoi(argv[1]) : 10);
    if (!test::enter_private_network())
        return 77;
    auto eal = ports::Eal::start({.memory = ports::Memory::no_huge, .megabytes = 256});
    if (!eal) {
        std::printf("%s\n", eal.error().text.c_str());
        return 1;
    }
    auto pool = ports::MbufPool::create({.count = 8191}).value();
    test::run("ip link add wan0 type veth peer far && ip link set wan0 up && ip link set far up");
    std::printf(
        "| one worker                   | idle CPU | wake-up p50 | p99 | max, microseconds |\n"
        "|---|---|---|---|---|\n");
    report("10 taps", pool, false, false, time);
    report("10 taps and an af_packet port", pool, true, false, time);
    report("10 taps, busy-poll", pool, false, true, 1s);
}
