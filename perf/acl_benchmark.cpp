// DPDK's rte_acl beside our classifier: the same rules, the same packets, the same answers. IPv4
// and prefixes only: rte_acl knows no groups, and would need one of its rules for each pair of
// members.
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>

#include <rte_acl.h>
#include <rte_malloc.h>

#include "dataplane/ports/eal.h"
#include "perf/harness/cycles.h"
#include "perf/rule_sets.h"

namespace ringfence::perf {

namespace {

// What rte_acl reads, in network byte order; a field of one byte comes first.
struct Question {
    uint8_t protocol;
    uint8_t unused[3];
    uint32_t source, destination;
    uint16_t source_port, service;
};

constexpr rte_acl_field_def fields[] = {
    {RTE_ACL_FIELD_TYPE_BITMASK, 1, 0, 0, offsetof(Question, protocol)},
    {RTE_ACL_FIELD_TYPE_MASK, 4, 1, 1, offsetof(Question, source)},
    {RTE_ACL_FIELD_TYPE_MASK, 4, 2, 2, offsetof(Question, destination)},
    {RTE_ACL_FIELD_TYPE_RANGE, 2, 3, 3, offsetof(Question, source_port)},
    {RTE_ACL_FIELD_TYPE_RANGE, 2, 4, 3, offsetof(Question, service)},
};
constexpr size_t field_count = std::size(fields);
RTE_ACL_RULE_DEF(AclRule, field_count);

void start_dpdk() {
    static const auto eal = ports::Eal::start(
        {.memory = ports::Memory::no_huge, .megabytes = 2048, .require_privileges = false});
    if (!eal)
        throw std::runtime_error(eal.error().text);
}

void set_prefix(rte_acl_field& field, const AddressMatch& who) {
    field.value.u32 = who.any ? 0 : who.prefixes.front().address().v4()->value;
    field.mask_range.u32 = who.any ? 0 : who.prefixes.front().length();
}

void set_range(rte_acl_field& field, Range range) {
    field.value.u16 = range.first;
    field.mask_range.u16 = range.last;
}

AclRule acl_rule(const Rule& rule) {
    AclRule made{};
    const RuleMatch& match = *rule.match;
    made.data.category_mask = 1;
    made.data.priority = static_cast<int32_t>(rule.priority);
    made.data.userdata = rule.id.value() + 1; // 0 is: none
    made.field[0].value.u8 = *match.protocol;
    made.field[0].mask_range.u8 = 0xff;
    set_prefix(made.field[1], match.source);
    set_prefix(made.field[2], match.destination);
    set_range(made.field[3], {});
    set_range(made.field[4], match.services.front());
    return made;
}

class Acl {
public:
    explicit Acl(const std::vector<Rule>& rules) {
        start_dpdk();
        rte_acl_param param{};
        param.name = "perf";
        param.rule_size = RTE_ACL_RULE_SZ(field_count);
        param.max_rule_num = static_cast<uint32_t>(rules.size());
        context_.reset(rte_acl_create(&param));
        std::vector<AclRule> all;
        for (const Rule& rule : rules)
            all.push_back(acl_rule(rule));
        rte_acl_config config{};
        config.num_categories = 1;
        config.num_fields = field_count;
        std::copy(std::begin(fields), std::end(fields), config.defs);
        if (!context_ ||
            rte_acl_add_rules(context_.get(), reinterpret_cast<const rte_acl_rule*>(all.data()),
                              static_cast<uint32_t>(all.size())) != 0 ||
            rte_acl_build(context_.get(), &config) != 0)
            throw std::runtime_error("rte_acl does not take the rules");
    }

    void ask(const uint8_t** questions, uint32_t* answers, uint32_t count) const {
        rte_acl_classify(context_.get(), questions, answers, count, 1);
    }

private:
    struct Free {
        void operator()(rte_acl_ctx* context) const { rte_acl_free(context); }
    };
    std::unique_ptr<rte_acl_ctx, Free> context_;
};

size_t allocated() {
    start_dpdk();
    rte_malloc_socket_stats stats{};
    rte_malloc_get_socket_stats(0, &stats);
    return stats.heap_allocsz_bytes;
}

Question question(const Subject& packet) {
    return {packet.protocol,
            {},
            __builtin_bswap32(packet.source.v4()->value),
            __builtin_bswap32(packet.destination.v4()->value),
            __builtin_bswap16(packet.source_port),
            __builtin_bswap16(packet.service)};
}

// A question alone, as a connection's first packet comes; and rte_acl in bursts, for which it is
// made. The answers are compared first: a benchmark of another classification is none.
void compare(benchmark::State& state) {
    const auto rules = prefix_rules(static_cast<uint32_t>(state.range(0)));
    const Policy policy(PolicyId(1), rules);
    const size_t before = allocated();
    const Acl acl(rules);
    state.counters["acl_bytes_a_rule"] =
        static_cast<double>(allocated() - before) / static_cast<double>(rules.size());
    const auto all = packets(65'536, 10'000);
    std::vector<Question> questions;
    for (const Subject& packet : all)
        questions.push_back(question(packet));
    std::vector<const uint8_t*> data;
    for (const Question& one : questions)
        data.push_back(&one.protocol);
    std::vector<uint32_t> answers(all.size());
    for (size_t i = 0; i < all.size(); ++i) {
        acl.ask(&data[i], &answers[i], 1);
        const Rule* ours = policy.find(Direction::in, all[i], nullptr);
        if (answers[i] != (ours ? ours->id.value() + 1 : 0))
            throw std::runtime_error("rte_acl decides otherwise");
    }

    constexpr uint32_t burst = 32;
    const auto count = static_cast<double>(all.size());
    Samples ours, alone, bursts, ratio;
    uint64_t decided = 0;
    for (auto _ : state) {
        const uint64_t began = cycles();
        for (const Subject& packet : all)
            decided += policy.find(Direction::in, packet, nullptr) != nullptr;
        const uint64_t asked = cycles();
        for (size_t i = 0; i < all.size(); ++i)
            acl.ask(&data[i], &answers[i], 1);
        const uint64_t asked_acl = cycles();
        for (size_t i = 0; i < all.size(); i += burst)
            acl.ask(&data[i], &answers[i], burst);
        const uint64_t ended = cycles();
        ours.add(static_cast<double>(asked - began) / count);
        alone.add(static_cast<double>(asked_acl - asked) / count);
        bursts.add(static_cast<double>(ended - asked_acl) / count);
        ratio.add(static_cast<double>(asked_acl - asked) / static_cast<double>(asked - began));
    }
    benchmark::DoNotOptimize(decided);
    state.counters["cycles"] = ours.median();
    state.counters["acl_cycles"] = alone.median();
    state.counters["acl_burst_cycles"] = bursts.median();
    state.counters["ratio"] = ratio.median();
}

void acl_compile(benchmark::State& state) {
    const auto rules = prefix_rules(static_cast<uint32_t>(state.range(0)));
    for (auto _ : state)
        Acl{rules};
}

BENCHMARK(compare)->Name("acl/ask")->Arg(10)->Arg(1'000)->Arg(10'000);
BENCHMARK(acl_compile)->Name("acl/compile")->Arg(10)->Arg(1'000)->Arg(10'000);

} // namespace

} // namespace ringfence::perf
