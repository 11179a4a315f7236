// What a second worker brings: frames a second through the forwarder, by one worker and by two, and
// where each frame is handed over from one to the other.
//
//     perf_workers [REPETITIONS]      5; a second each
//
// Two sources of 64-byte frames that never run dry (net_null), each wired to a sink of its own as
// an uplink to its shadow, so that what is measured is the loop: receiving, handing over, counting,
// sending. The workers are bound to CPUs 0 and 1, and never sleep. Medians.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "dataplane/loop.h"
#include "dataplane/ports/eal.h"

using namespace ringfence;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr uint32_t pairs = 2;

// Of a pair: the worker that receives, and the one that sends.
struct Spread {
    const char* name;
    unsigned workers;
    std::array<unsigned, pairs> sources, sinks;
};

class Host {
public:
    Host(const ports::MbufPool& pool, const Spread& spread) {
        ForwarderSettings settings;
        settings.cpus.clear();
        for (unsigned cpu = 0; cpu < spread.workers; ++cpu)
            settings.cpus.emplace_back(cpu);
        settings.busy_poll = true;
        forwarder_ = std::move(Forwarder::start(settings, pool).value());
        FabricEdit edit;
        for (uint32_t pair = 0; pair < pairs; ++pair) {
            LocalPort source(PortId(2 * pair), PortKind::uplink);
            LocalPort sink(PortId(2 * pair + 1), PortKind::shadow);
            source.peer = sink.id;
            source.worker = spread.sources[pair];
            sink.worker = spread.sinks[pair];
            edit.set_port(source);
            edit.set_port(sink);
            add(source, "", pool);
            add(sink, ",no-rx=1", pool);
        }
        forwarder_->publish(edit.finish());
    }

    // Frames that were sent in a second, in millions.
    double rate() const {
        auto began = Clock::now();
        uint64_t before = forwarder_->total()[Verdict::tx];
        std::this_thread::sleep_for(1s);
        uint64_t sent = forwarder_->total()[Verdict::tx] - before;
        return static_cast<double>(sent) / 1e6 /
               std::chrono::duration<double>(Clock::now() - began).count();
    }

private:
    void add(const LocalPort& port, const char* options, const ports::MbufPool& pool) {
        auto name = fmt::format("net_null{},size=60,copy=0{}", port.id.value(), options);
        auto device = ports::Port::open(
            {.name = "null", .kind = ports::PortKind::device, .argument = name}, pool);
        if (!device || !forwarder_->add_port(port.id, *device, port.worker)) {
            std::printf("%s: not added\n", name.c_str());
            std::exit(1);
        }
    }
    std::unique_ptr<Forwarder> forwarder_;
};

double median_rate(const ports::MbufPool& pool, const Spread& spread, unsigned repetitions) {
    Host host(pool, spread);
    std::this_thread::sleep_for(200ms);
    std::vector<double> rates;
    for (unsigned i = 0; i < repetitions; ++i)
        rates.push_back(host.rate());
    std::ranges::nth_element(rates, rates.begin() + repetitions / 2);
    return rates[repetitions / 2];
}

} // namespace

int main(int argc, char** argv) {
    const unsigned repetitions = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 5;
    auto eal = ports::Eal::start(
        {.memory = ports::Memory::no_huge, .megabytes = 256, .require_privileges = false});
    if (!eal) {
        std::printf("%s\n", eal.error().text.c_str());
        return 1;
    }
    auto pool = ports::MbufPool::create({.count = 16383}).value();
    const std::array<Spread, 3> spreads{{{"one worker", 1, {0, 0}, {0, 0}},
                                         {"two, a pair each", 2, {0, 1}, {0, 1}},
                                         {"two, each frame handed over", 2, {0, 1}, {1, 0}}}};
    std::printf("| workers | million frames a second | to one worker |\n|---|---|---|\n");
    double one = 0;
    for (const Spread& spread : spreads) {
        const double rate = median_rate(pool, spread, std::max(repetitions, 1u));
        one = one == 0 ? rate : one;
        std::printf("| %s | %.2f | %.2f |\n", spread.name, rate, rate / one);
    }
}
