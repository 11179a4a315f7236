#include "perf/rule_sets.h"

#include <random>

#include "core/wire/ip.h"

namespace ringfence::perf {

namespace {

constexpr uint32_t most_groups = 50;

class Chance {
public:
    uint32_t below(uint32_t n) {
        return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_);
    }

private:
    std::mt19937 random_{1};
};

AddressMatch anybody(Chance& chance) {
    switch (chance.below(4)) {
    case 0:
        return {};
    case 1:
        return {false, {}, {GroupId(chance.below(most_groups))}};
    default:
        return {false, {*IpPrefix::from(host(chance.below(4'096) << 4), 28)}, {}};
    }
}

AddressMatch of_a_prefix(Chance& chance) {
    if (chance.below(4) == 0)
        return {};
    return {false, {*IpPrefix::from(host(chance.below(4'096) << 4), 28)}, {}};
}

std::vector<Rule> rules_of(uint32_t count, AddressMatch (*who)(Chance&)) {
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

} // namespace

std::vector<Rule> plain_rules(uint32_t count) { return rules_of(count, anybody); }
std::vector<Rule> prefix_rules(uint32_t count) { return rules_of(count, of_a_prefix); }

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

AddressGroups some_groups() {
    std::vector<AddressGroup> groups;
    for (uint32_t id = 0; id < most_groups; ++id)
        groups.push_back({GroupId(id), {}});
    for (uint32_t n = 0; n < 4'096; ++n)
        for (uint32_t id : {n % most_groups, n * 7 % most_groups})
            groups[id].prefixes.push_back(*IpPrefix::from(host(n), 32));
    return AddressGroups(DomainId(0), groups);
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

} // namespace ringfence::perf
