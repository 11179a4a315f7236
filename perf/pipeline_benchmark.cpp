// What a packet costs: the whole pipeline in process, scenario by scenario (perf/README.md).
//
// Each scenario is measured in pairs of passes, a full one and an empty one. Its figure is the
// median of the differences: a pair lasts a fraction of a millisecond, so that what else the
// machine does falls on few of them.
#include <array>
#include <cstdio>
#include <functional>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include "perf/harness/bench.h"
#include "perf/harness/cycles.h"

namespace ringfence::perf {

namespace {

constexpr unsigned bursts_a_pass = 64, pairs = 1000, warm_up = 4096;
constexpr double packets_a_pass = bursts_a_pass * Run::burst_size;

// cycles = the pipeline's own cost a packet; quiet = the same of the best tenth of the pairs;
// empty = the harness's.
void measure(benchmark::State& state, const Bench& bench, const std::function<Scenario()>& make) {
    Run run(bench, make());
    run.full_pass(warm_up);
    Samples own, empty;
    for (auto _ : state) {
        auto with = static_cast<double>(run.full_pass(bursts_a_pass));
        auto without = static_cast<double>(run.empty_pass(bursts_a_pass));
        own.add((with - without) / packets_a_pass);
        empty.add(without / packets_a_pass);
    }
    if (auto complaint = run.complaint(); !complaint.empty())
        state.SkipWithError(complaint.c_str());
    state.counters["cycles"] = own.median();
    state.counters["quiet"] = own.quantile(0.1);
    state.counters["empty"] = empty.median();
}

// The share of each stage, by the worker's own stage clock, which costs a little itself.
void measure_stages(benchmark::State& state, const Bench& bench,
                    const std::function<Scenario()>& make) {
    Run run(bench, make());
    run.full_pass(warm_up);
    std::array<Samples, stage_count> samples;
    run.worker().set_timing(true);
    std::array<Worker::StageTime, stage_count> before{};
    for (auto _ : state) {
        run.full_pass(bursts_a_pass);
        for (size_t stage = 0; stage < stage_count; ++stage) {
            auto now = run.worker().stage_time(static_cast<Stage>(stage));
            if (now.packets != before[stage].packets)
                samples[stage].add(static_cast<double>(now.ticks - before[stage].ticks) /
                                   static_cast<double>(now.packets - before[stage].packets));
            before[stage] = now;
        }
    }
    for (size_t stage = 0; stage < stage_count; ++stage)
        if (!samples[stage].empty())
            state.counters[to_string(static_cast<Stage>(stage))] = samples[stage].median();
}

// Packets that are each the first of their connection: a pass takes flows that no pass before it
// had. (An empty pass writes its frames, too.)
void measure_first(benchmark::State& state, const Bench& bench,
                   const std::function<Scenario()>& make) {
    Run run(bench, make());
    Samples own;
    for (auto _ : state) {
        auto with = static_cast<double>(run.full_pass(bursts_a_pass));
        own.add((with - static_cast<double>(run.empty_pass(bursts_a_pass))) / packets_a_pass);
    }
    if (auto complaint = run.complaint(); !complaint.empty())
        state.SkipWithError(complaint.c_str());
    state.counters["cycles"] = own.median();
    state.counters["quiet"] = own.quantile(0.1);
}

void add_first(const Bench& bench, const std::string& name, std::function<Scenario()> make) {
    constexpr unsigned passes = 200; // twice as many have 819,200 frames
    benchmark::RegisterBenchmark(
        ("first/" + name).c_str(),
        [&bench, make](benchmark::State& state) { measure_first(state, bench, make); })
        ->Iterations(passes)
        ->Unit(benchmark::kMicrosecond);
}

void add(const Bench& bench, const std::string& name, std::function<Scenario()> make) {
    benchmark::RegisterBenchmark(
        name.c_str(), [&bench, make](benchmark::State& state) { measure(state, bench, make); })
        ->Iterations(pairs)
        ->Unit(benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(
        ("stages/" + name).c_str(),
        [&bench, make](benchmark::State& state) { measure_stages(state, bench, make); })
        ->Iterations(pairs)
        ->Unit(benchmark::kMicrosecond);
}

void add_all(const Bench& bench) {
    add(bench, "l2/1k", [] { return l2(1'000); });
    add(bench, "l2/100k", [] { return l2(100'000); });
    add(bench, "vxlan/encap/1k", [] { return encap(1'000); });
    add(bench, "vxlan/encap/100k", [] { return encap(100'000); });
    add(bench, "vxlan/encap/1M", [] { return encap(1'000'000); });
    add(bench, "vxlan/encap/1000-tenants", [] { return encap_tenants(100'000); });
    add(bench, "vxlan/decap/1k", [] { return decap(1'000); });
    add(bench, "vxlan/decap/100k", [] { return decap(100'000); });
    add(bench, "vxlan/decap/1M", [] { return decap(1'000'000); });
    for (auto [size, flows] : {std::pair("1k", 1'000u), {"100k", 100'000u}, {"1M", 1'000'000u}})
        for (auto [direction, way] : {std::pair("encap", Way::out), {"decap", Way::in}}) {
            add(bench, fmt::format("fw/{}/{}", direction, size),
                [way = way, flows = flows] { return fw(way, flows); });
            add(bench, fmt::format("nat/{}/{}", direction, size),
                [way = way, flows = flows] { return nat(way, flows); });
            add(bench, fmt::format("fence/{}/{}", direction, size),
                [way = way, flows = flows] { return fence(way, flows); });
        }
    constexpr uint32_t many = 1'000'000;
    add_first(bench, "fw", [] { return fw(Way::out, many); });
    add_first(bench, "nat", [] { return nat(Way::out, many); });
    add_first(bench, "fence", [] { return fence(Way::out, many); });
}

} // namespace

} // namespace ringfence::perf

int main(int argc, char** argv) {
    using namespace ringfence;
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    auto bench = perf::Bench::start(ports::Memory::automatic);
    if (!bench) {
        fmt::print(stderr, "perf_pipeline: {}\n", bench.error().text);
        return 1;
    }
    benchmark::AddCustomContext("hugepages", bench->hugepages() ? "yes" : "no");
    perf::add_all(*bench);
    benchmark::RunSpecifiedBenchmarks();
}
