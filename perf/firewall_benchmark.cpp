// What rules cost: making a policy of them (once a change, on the agent's thread), and asking it
// (once a connection). Rule sets of three kinds: as people write them; ranges and prefixes that
// overlap as badly as they can, with packets that many of them nearly match; and a group of 1,000
// whose members are let in to each other.
#include <vector>

#include <benchmark/benchmark.h>

#include "core/wire/ip.h"
#include "perf/harness/cycles.h"
#include "perf/rule_sets.h"

namespace ringfence::perf {

namespace {

void compile(benchmark::State& state, std::vector<Rule> (*rules_of)(uint32_t)) {
    auto rules = rules_of(static_cast<uint32_t>(state.range(0)));
    size_t bytes = 0;
    for (auto _ : state)
        bytes = Policy(PolicyId(1), rules).bytes();
    state.counters["bytes_a_rule"] = static_cast<double>(bytes) / static_cast<double>(rules.size());
}

void ask(benchmark::State& state, std::vector<Rule> (*rules_of)(uint32_t), uint32_t addresses,
         uint32_t ports) {
    const Policy policy(PolicyId(1), rules_of(static_cast<uint32_t>(state.range(0))));
    const AddressGroups groups = some_groups();
    const auto all = packets(addresses, ports);
    Samples samples;
    uint64_t decided = 0;
    for (auto _ : state) {
        uint64_t began = cycles();
        for (const Subject& packet : all)
            decided += policy.find(Direction::in, packet, &groups) != nullptr;
        samples.add(static_cast<double>(cycles() - began) / static_cast<double>(all.size()));
    }
    benchmark::DoNotOptimize(decided);
    state.counters["cycles"] = samples.median();
    state.SetItemsProcessed(static_cast<int64_t>(all.size()) * state.iterations());
}

// Members of a group that names itself in 100 rules.
void self_referencing_group(benchmark::State& state) {
    AddressGroup web{GroupId(0), {}};
    for (uint32_t n = 0; n < state.range(0); ++n)
        web.prefixes.push_back(*IpPrefix::from(host(n), 32));
    std::vector<Rule> rules(100);
    for (uint32_t i = 0; i < rules.size(); ++i) {
        rules[i].priority = i;
        rules[i].action = Action::allow;
        rules[i].match.edit().protocol = ip_protocol::tcp;
        rules[i].match.edit().source = {false, {}, {web.id}};
        rules[i].match.edit().services = {one_port(static_cast<uint16_t>(i))};
    }
    size_t bytes = 0;
    for (auto _ : state)
        bytes = AddressGroups(DomainId(0), {web}).bytes() + Policy(PolicyId(1), rules).bytes();
    state.counters["bytes"] = static_cast<double>(bytes);
}

void plain_compile(benchmark::State& state) { compile(state, plain_rules); }
void nested_compile(benchmark::State& state) { compile(state, nested_rules); }
void plain_ask(benchmark::State& state) { ask(state, plain_rules, 65'536, 10'000); }
void nested_ask(benchmark::State& state) { ask(state, nested_rules, 1 << 20, 65'536); }
void prefix_compile(benchmark::State& state) { compile(state, prefix_rules); }
void prefix_ask(benchmark::State& state) { ask(state, prefix_rules, 65'536, 10'000); }

BENCHMARK(plain_compile)->Name("firewall/compile")->Arg(10)->Arg(1'000)->Arg(10'000);
BENCHMARK(nested_compile)->Name("firewall/compile_nested")->Arg(1'000)->Arg(10'000);
BENCHMARK(plain_ask)->Name("firewall/ask")->Arg(2)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000);
BENCHMARK(prefix_compile)->Name("firewall/compile_prefixes")->Arg(10)->Arg(1'000)->Arg(10'000);
BENCHMARK(prefix_ask)->Name("firewall/ask_prefixes")->Arg(10)->Arg(1'000)->Arg(10'000);
BENCHMARK(nested_ask)->Name("firewall/ask_nested")->Arg(100)->Arg(1'000)->Arg(10'000);
BENCHMARK(self_referencing_group)->Name("firewall/group")->Arg(10)->Arg(1'000)->Arg(2'000);

} // namespace

} // namespace ringfence::perf
