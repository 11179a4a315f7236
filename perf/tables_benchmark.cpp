// The tables that a packet asks: one look-up after the other, and in bulk, 32 prefetched first.
#include <vector>

#include <benchmark/benchmark.h>

#include "core/tables/mac_table.h"
#include "core/tables/paged_map.h"
#include "perf/harness/cycles.h"
#include "perf/harness/flows.h"

namespace ringfence::perf {

namespace {

constexpr uint32_t look_ups = 4096, bulk = 32;

MacTable table_of(uint32_t macs) {
    MacTable table;
    for (uint32_t n = 0; n < macs; ++n)
        table.set(mac_of(n), static_cast<uint16_t>(1 + n % 0xffff));
    return table;
}

// MACs in a scattered order, as packets name them.
std::vector<uint64_t> queries(uint32_t macs, uint32_t round) {
    std::vector<uint64_t> queries(look_ups);
    for (uint32_t i = 0; i < look_ups; ++i)
        queries[i] = mac_of(static_cast<uint32_t>(mix(i, round) % macs)).to_u64();
    return queries;
}

template <class LookUp> void measure(benchmark::State& state, LookUp look_up) {
    auto macs = static_cast<uint32_t>(state.range(0));
    MacTable table = table_of(macs);
    Samples samples;
    for (uint32_t round = 0; auto _ : state) {
        auto asked = queries(macs, round++);
        uint64_t began = cycles();
        look_up(table, asked);
        samples.add(static_cast<double>(cycles() - began) / look_ups);
    }
    state.counters["cycles"] = samples.median();
}

void mac_single(benchmark::State& state) {
    measure(state, [](const MacTable& table, const std::vector<uint64_t>& asked) {
        for (uint64_t mac : asked)
            benchmark::DoNotOptimize(table.find(mac));
    });
}

void mac_bulk(benchmark::State& state) {
    measure(state, [](const MacTable& table, const std::vector<uint64_t>& asked) {
        for (uint32_t first = 0; first < look_ups; first += bulk) {
            const MacBucket* places[bulk];
            for (uint32_t i = 0; i < bulk; ++i)
                places[i] = table.locate(asked[first + i]);
            for (uint32_t i = 0; i < bulk; ++i)
                benchmark::DoNotOptimize(table.find(asked[first + i], places[i]));
        }
    });
}

// The map behind VNIs, VTEPs and neighbours.
void paged_map(benchmark::State& state) {
    auto keys = static_cast<uint32_t>(state.range(0));
    PagedMap<uint32_t, uint32_t> map;
    for (uint32_t key = 0; key < keys; ++key)
        map.set(key, key);
    Samples samples;
    for (uint32_t round = 0; auto _ : state) {
        ++round;
        uint64_t began = cycles();
        for (uint32_t i = 0; i < look_ups; ++i)
            benchmark::DoNotOptimize(map.find(static_cast<uint32_t>(mix(i, round) % keys)));
        samples.add(static_cast<double>(cycles() - began) / look_ups);
    }
    state.counters["cycles"] = samples.median();
}

BENCHMARK(mac_single)->Name("mac/single")->Arg(1'000)->Arg(100'000)->Iterations(2000);
BENCHMARK(mac_bulk)->Name("mac/bulk")->Arg(1'000)->Arg(100'000)->Iterations(2000);
BENCHMARK(paged_map)->Name("map/single")->Arg(64)->Arg(10'000)->Iterations(2000);

} // namespace

} // namespace ringfence::perf
