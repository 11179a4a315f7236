// The Internet checksum over an IPv4 header, a small and a large packet, and corrected by a word.
#include <vector>

#include <benchmark/benchmark.h>

#include "core/wire/checksum.h"
#include "perf/harness/cycles.h"

namespace ringfence::perf {

namespace {

constexpr unsigned rounds = 256;

void whole(benchmark::State& state) {
    auto length = static_cast<size_t>(state.range(0));
    std::vector<uint8_t> bytes(length, 0x5a);
    Samples samples;
    for (auto _ : state) {
        uint64_t began = cycles();
        for (unsigned i = 0; i < rounds; ++i) {
            benchmark::DoNotOptimize(bytes.data());
            benchmark::DoNotOptimize(checksum(bytes.data(), length));
        }
        samples.add(static_cast<double>(cycles() - began) / rounds);
    }
    state.counters["cycles"] = samples.median();
}

void corrected(benchmark::State& state) {
    Samples samples;
    uint16_t sum = 0x1234, before = 0x0800;
    for (auto _ : state) {
        uint64_t began = cycles();
        for (unsigned i = 0; i < rounds; ++i) {
            benchmark::DoNotOptimize(before);
            benchmark::DoNotOptimize(checksum_after(sum, before, 0x0700));
        }
        samples.add(static_cast<double>(cycles() - began) / rounds);
    }
    state.counters["cycles"] = samples.median();
}

BENCHMARK(whole)->Name("checksum/whole")->Arg(20)->Arg(64)->Arg(1500)->Iterations(2000);
BENCHMARK(corrected)->Name("checksum/corrected")->Iterations(2000);

} // namespace

} // namespace ringfence::perf
