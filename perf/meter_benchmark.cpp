// What a limit costs each packet that it holds for: the worker's token bucket, and DPDK's single
// rate meter beside it, at a rate that lets a part through.
#include <benchmark/benchmark.h>

#include <rte_meter.h>

#include "dataplane/worker/meter.h"
#include "perf/harness/cycles.h"

namespace ringfence::perf {

namespace {

constexpr unsigned rounds = 256;
constexpr uint64_t hz = 2'400'000'000, pause = 100; // ticks between two packets
constexpr uint32_t length = 64;
constexpr uint64_t bytes_a_second = length * (hz / pause) / 2; // half of what comes

template <class Take> void measure(benchmark::State& state, Take take) {
    Samples samples;
    uint64_t now = hz, passed = 0;
    for (auto _ : state) {
        uint64_t began = cycles();
        for (unsigned i = 0; i < rounds; ++i, now += pause)
            passed += take(now) ? 1 : 0;
        samples.add(static_cast<double>(cycles() - began) / rounds);
    }
    benchmark::DoNotOptimize(passed);
    state.counters["cycles"] = samples.median();
}

void ours(benchmark::State& state) {
    Meter meter;
    Rate rate{bytes_a_second, 65'536};
    benchmark::DoNotOptimize(rate);
    measure(state, [&](uint64_t now) { return meter.take(now, hz, rate, length); });
}

void of_dpdk(benchmark::State& state) {
    rte_meter_srtcm_params params{.cir = bytes_a_second, .cbs = 65'536, .ebs = 0};
    rte_meter_srtcm_profile profile;
    rte_meter_srtcm meter;
    if (rte_meter_srtcm_profile_config(&profile, &params) != 0 ||
        rte_meter_srtcm_config(&meter, &profile) != 0)
        return state.SkipWithError("no meter");
    measure(state, [&](uint64_t now) {
        return rte_meter_srtcm_color_blind_check(&meter, &profile, now, length) == RTE_COLOR_GREEN;
    });
}

BENCHMARK(ours)->Name("meter/ours");
BENCHMARK(of_dpdk)->Name("meter/rte_meter");

} // namespace

} // namespace ringfence::perf
