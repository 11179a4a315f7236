// What a configuration change costs the agent's thread: a new Fabric, of which all but the change
// is shared with the one before. Nothing here waits for workers.
#include <benchmark/benchmark.h>

#include "perf/harness/cycles.h"
#include "perf/harness/scenario.h"

namespace ringfence::perf {

namespace {

// One MAC among so many changes its place; published.
void change_mac(benchmark::State& state) {
    auto macs = static_cast<uint32_t>(state.range(0));
    Scenario scenario = l2(macs);
    auto fabric = scenario.fabric;
    Samples samples;
    uint32_t number = 0;
    for (auto _ : state) {
        uint64_t began = cycles();
        FabricEdit edit(fabric);
        number = (number + 7919) % macs;
        edit.segment(SegmentId(0))
            ->set_mac(mac_of(number), *Destination::local(scenario.ports[number % 2], true));
        fabric = edit.finish();
        samples.add(static_cast<double>(cycles() - began));
    }
    state.counters["cycles"] = samples.median();
    state.SetItemsProcessed(state.iterations());
}

// A logical port moves to another host: its MAC and nothing else, in one of 1,000 tenants.
void move_nic(benchmark::State& state) {
    Scenario scenario = encap_tenants(1'000);
    auto fabric = scenario.fabric;
    Samples samples;
    uint32_t change = 0;
    for (auto _ : state) {
        uint64_t began = cycles();
        FabricEdit edit(fabric);
        Segment* segment = edit.segment(SegmentId(change % 1000));
        segment->set_mac(mac_of(1024), *Destination::vtep(NextHopId(1 + change % 64)));
        fabric = edit.finish();
        ++change;
        samples.add(static_cast<double>(cycles() - began));
    }
    state.counters["cycles"] = samples.median();
    state.SetItemsProcessed(state.iterations());
}

// A VTEP's underlay path changes.
void change_path(benchmark::State& state) {
    Scenario scenario = encap(1'000);
    auto fabric = scenario.fabric;
    NextHopSettings settings = fabric->next_hop(NextHopId(1))->settings();
    Samples samples;
    for (auto _ : state) {
        uint64_t began = cycles();
        FabricEdit edit(fabric);
        settings.paths.front().mtu ^= 2;
        edit.set_next_hop(NextHopId(1), settings);
        fabric = edit.finish();
        samples.add(static_cast<double>(cycles() - began));
    }
    state.counters["cycles"] = samples.median();
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(change_mac)->Name("publish/one_mac_of")->Arg(1'000)->Arg(100'000)->Iterations(20000);
BENCHMARK(move_nic)->Name("publish/nic_of_1000_tenants")->Iterations(20000);
BENCHMARK(change_path)->Name("publish/next_hop")->Iterations(20000);

} // namespace

} // namespace ringfence::perf
