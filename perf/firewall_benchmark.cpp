// What rules cost: making a policy of them (once a change, on the agent's thread), and asking it
// (once a connection). Rule sets of three kinds: as people write them; ranges and prefixes that
// overlap as badly as they can, with packets that many of them nearly match; and a group of 1,000
// whose members are let in to each other.
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/wire/ip.h"
#include "edge-router/firewall/policy.h"
#include "perf/harness/cycles.h"

namespace ringfence::perf {

namespace {

constexpr DomainId domain(0);
constexpr uint32_t most_groups = 50;

class Chance {
public:
    uint32_t below(uint32_t n) {
        return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_);
    }

private:
    std::mt19937 random_{1};
};

IpAddr host(uint32_t n) { return Ipv4Addr{0x0a000000 + n}; }

AddressMatch who(Chance& chance) {
    switch (chance.below(4)) {
    case 0:
        return {};
    case 1:
        return {false, {}, {GroupId(chance.below(most_groups))}};
    default:
        return {false, {*IpPrefix::from(host(chance.below(4'096) << 4), 28)}, {}};
    }
}

Range one_port(uint16_t port) { return {port, port}; }

std::vector<Rule> plain_rules(uint32_t count) {
    Chance chance;
    std::vector<Rule> rules(count);
    for (uint32_t i = 0; i < count; ++i) {
        rules[i].id = RuleId(i);
        rules[i].priority = count - i;
        rules[i].action = chance.below(8) ? Action::allow : Action::drop;
        rules[i].match.edit().protocol = chance.below(3) ? ip_protocol::tcp : ip_protocol::udp;
        rules[i].match.edit().source = who(chance);
        rules[i].match.edit().destination = who(chance);
        rules[i].match.edit().services = {one_port(static_cast<uint16_t>(chance.below(10'000)))};
    }
    return rules;
}

// Each range lies in the one before it, so that all of them are around the middle.
std::vector<Rule> nested_rules(uint32_t count) {
    std::vector<Rule> rules(count);
    for (uint32_t i = 0; i < count; ++i) {
        auto low = static_cast<uint16_t>(i), high = static_cast<uint16_t>(65'535 - i);
        rules[i].id = RuleId(i);
        rules[i].priority = count - i;
        rules[i].match.edit().protocol = ip_protocol::tcp;
        rules[i].match.edit().source_ports = rules[i].match.edit().services = {{low, high}};
        rules[i].match.edit().destination = {false, {*IpPrefix::from(host(i << 4), 28)}, {}};
    }
    return rules;
}

// Addresses 0 to 4,095 are each in two groups.
AddressGroups some_groups() {
    std::vector<AddressGroup> groups;
    for (uint32_t id = 0; id < most_groups; ++id)
        groups.push_back({GroupId(id), {}});
    for (uint32_t n = 0; n < 4'096; ++n)
        for (uint32_t id : {n % most_groups, n * 7 % most_groups})
            groups[id].prefixes.push_back(*IpPrefix::from(host(n), 32));
    return AddressGroups(domain, groups);
}

std::vector<Subject> packets(uint32_t addresses, uint32_t ports) {
    Chance chance;
    std::vector<Subject> all(4'096);
    for (Subject& packet : all) {
        packet.source = packet.outside_source = host(chance.below(addresses));
        packet.destination = packet.outside_destination = host(chance.below(addresses));
        packet.protocol = chance.below(3) ? ip_protocol::tcp : ip_protocol::udp;
        packet.source_port = static_cast<uint16_t>(chance.below(65'536));
        packet.service = static_cast<uint16_t>(chance.below(ports));
    }
    return all;
}

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
        bytes = AddressGroups(domain, {web}).bytes() + Policy(PolicyId(1), rules).bytes();
    state.counters["bytes"] = static_cast<double>(bytes);
}

void plain_compile(benchmark::State& state) { compile(state, plain_rules); }
void nested_compile(benchmark::State& state) { compile(state, nested_rules); }
void plain_ask(benchmark::State& state) { ask(state, plain_rules, 65'536, 10'000); }
void nested_ask(benchmark::State& state) { ask(state, nested_rules, 1 << 20, 65'536); }

BENCHMARK(plain_compile)->Name("firewall/compile")->Arg(10)->Arg(1'000)->Arg(10'000);
BENCHMARK(nested_compile)->Name("firewall/compile_nested")->Arg(1'000)->Arg(10'000);
BENCHMARK(plain_ask)->Name("firewall/ask")->Arg(2)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000);
BENCHMARK(nested_ask)->Name("firewall/ask_nested")->Arg(100)->Arg(1'000)->Arg(10'000);
BENCHMARK(self_referencing_group)->Name("firewall/group")->Arg(10)->Arg(1'000)->Arg(2'000);

} // namespace

} // namespace ringfence::perf
