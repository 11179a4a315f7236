#include "perf/harness/bench.h"

#include <fmt/core.h>

#include <rte_cycles.h>
#include <rte_mbuf.h>

#include "dataplane/pipeline.h"
#include "perf/harness/cycles.h"

namespace ringfence::perf {

Result<Bench> Bench::start(ports::Memory memory) {
    auto eal = ports::Eal::start({.memory = memory, .megabytes = 64, .require_privileges = false});
    if (!eal)
        return tl::unexpected(eal.error());
    auto pool = ports::MbufPool::create({.count = 8192});
    if (!pool)
        return tl::unexpected(pool.error());
    return Bench(std::move(*eal), std::move(*pool));
}

namespace {

// A million connections, however few ports they are of.
std::unique_ptr<Connections> room_for_all() {
    ConnectionSettings settings;
    settings.capacity4 = 1'500'000;
    settings.ways = 1'500'000; // of nat and fence nearly every flow has MACs of its own
    settings.quota = settings.half_open_quota = settings.capacity4;
    return std::move(Connections::create({}, settings).value());
}

} // namespace

Run::Run(const Bench& bench, Scenario scenario)
    : scenario_(std::move(scenario)), pool_(bench.pool()),
      worker_(std::make_unique<Worker>(0u, pool_, rte_get_tsc_hz(), room_for_all())) {
    for (PortId port : scenario_.ports)
        worker_->open_port(port);
    sink_.reserve(2 * burst_size);
}

uint64_t Run::full_pass(unsigned bursts) {
    uint64_t began = cycles();
    for (unsigned i = 0; i < bursts; ++i) {
        Burst burst = receive();
        forward(burst);
        recycle();
    }
    return cycles() - began;
}

uint64_t Run::empty_pass(unsigned bursts) {
    uint64_t began = cycles();
    for (unsigned i = 0; i < bursts; ++i) {
        Burst burst = receive();
        sink_.assign(burst.frames.begin(), burst.frames.end());
        recycle();
    }
    return cycles() - began;
}

Run::Burst Run::receive() {
    FlowWriter& source = scenario_.sources[turn_];
    turn_ = turn_ + 1 == scenario_.sources.size() ? 0 : turn_ + 1;
    Burst burst{source.port(), {}};
    if (rte_pktmbuf_alloc_bulk(pool_, burst.frames.data(), burst_size) != 0)
        std::abort(); // the pool holds more than everything that can be under way
    source.write(burst.frames.data(), burst_size);
    return burst;
}

void Run::forward(Burst& burst) {
    process(*scenario_.fabric, *worker_, burst.from, burst.frames.data(), burst_size);
    worker_->drain([&](PortId, Outbox& outbox) {
        sink_.insert(sink_.end(), outbox.frames.begin(), outbox.frames.begin() + outbox.count);
        worker_->transmitted(outbox, outbox.count);
    });
}

void Run::recycle() {
    rte_pktmbuf_free_bulk(sink_.data(), static_cast<unsigned>(sink_.size()));
    sink_.clear();
}

std::string Run::complaint() const {
    CounterSums sums = worker_->total();
    if (sums[Verdict::tx] == sums[Verdict::rx] && sums.in() == sums.out())
        return {};
    std::string text =
        fmt::format("of {} frames {} were sent", sums[Verdict::rx], sums[Verdict::tx]);
    for (size_t i = 0; i < verdict_count; ++i)
        if (auto verdict = static_cast<Verdict>(i); is_drop(verdict) && sums[verdict])
            text += fmt::format(", {} {}", sums[verdict], to_string(verdict));
    return text;
}

} // namespace ringfence::perf
