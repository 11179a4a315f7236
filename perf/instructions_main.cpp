// What the instruction gate runs under callgrind (perf/instructions): each scenario, warm, with
// only the pipeline's own instructions collected. Without valgrind it does the same and counts
// nothing.
//
//     valgrind --tool=callgrind --collect-atstart=no --instr-atstart=no perf_instructions
//
// leaves one dump a scenario, named by its trigger; each is of `bursts` x 32 packets.
#include <valgrind/callgrind.h>

#include "perf/harness/bench.h"

namespace ringfence::perf {

namespace {

constexpr unsigned warm_up = 64, bursts = 256;

// Warm: the tables' lines were read once, the branches of the harness are not counted.
int count(const Bench& bench, const char* name, Scenario scenario) {
    auto every_source = static_cast<unsigned>(scenario.sources.size());
    Run run(bench, std::move(scenario));
    run.full_pass(warm_up + 2 * every_source);
    CALLGRIND_START_INSTRUMENTATION;
    for (unsigned i = 0; i < bursts; ++i) {
        Run::Burst burst = run.receive();
        CALLGRIND_TOGGLE_COLLECT;
        run.forward(burst);
        CALLGRIND_TOGGLE_COLLECT;
        run.recycle();
    }
    CALLGRIND_DUMP_STATS_AT(name);
    if (auto complaint = run.complaint(); !complaint.empty()) {
        fmt::print(stderr, "perf_instructions: {}: {}\n", name, complaint);
        return 1;
    }
    return 0;
}

} // namespace

} // namespace ringfence::perf

int main() {
    using namespace ringfence::perf;
    auto bench = Bench::start(ringfence::ports::Memory::no_huge);
    if (!bench) {
        fmt::print(stderr, "perf_instructions: {}\n", bench.error().text);
        return 1;
    }
    int failures = 0;
    auto run = [&](const char* name, Scenario scenario) {
        failures += count(*bench, name, std::move(scenario));
    };
    run("l2", l2(1'000));
    run("vxlan/encap", encap(1'000));
    run("vxlan/decap", decap(1'000));
    run("fw/encap", fw(Way::out, 1'000));
    run("fw/decap", fw(Way::in, 1'000));
    run("nat/encap", nat(Way::out, 1'000));
    run("nat/decap", nat(Way::in, 1'000));
    run("fence/encap", fence(Way::out, 1'000));
    run("fence/decap", fence(Way::in, 1'000));
    return failures;
}
