#include "tests/unit/edge-router/firewall/rules.h"

#include <algorithm>

#include "core/packet/icmp_ports.h"

namespace ringfence::test {

namespace {

// Few bits vary, so that prefixes nest and addresses hit them.
Ipv4Addr any_v4(Chance& chance) {
    return {0x0a000000 | chance.below(4) << 16 | chance.below(4) << 8 | chance.below(8)};
}
Ipv6Addr any_v6(Chance& chance) {
    Ipv6Addr address{{0xfd}};
    address.bytes[7] = static_cast<uint8_t>(chance.below(4));
    address.bytes[15] = static_cast<uint8_t>(chance.below(8));
    return address;
}

bool is_icmp(uint8_t protocol) { return protocol == 1 || protocol == 58; }

uint8_t any_protocol(Chance& chance) { return chance.of<uint8_t>({1, 6, 6, 17, 17, 47, 58}); }

Range any_range(Chance& chance) {
    auto first = static_cast<uint16_t>(chance.below(40)),
         more = static_cast<uint16_t>(chance.below(12));
    if (chance.one_in(8))
        return {static_cast<uint16_t>(65'535 - more), 65'535};
    return {first, static_cast<uint16_t>(first + more)};
}

Range any_types(Chance& chance) {
    auto type = static_cast<uint8_t>(chance.below(4)), code = static_cast<uint8_t>(chance.below(3));
    if (chance.one_in(2))
        return {icmp_service(type, 0), icmp_service(type, 255)};
    return {icmp_service(type, code), icmp_service(type, code)};
}

AddressMatch any_match(Chance& chance, uint32_t groups) {
    AddressMatch match;
    match.any = chance.one_in(3);
    if (match.any)
        return match;
    for (uint32_t n = chance.below(3); n > 0; --n)
        match.prefixes.push_back(any_prefix(chance));
    for (uint32_t n = chance.below(3); n > 0 && groups > 0; --n)
        match.groups.push_back(GroupId(chance.below(groups)));
    return match;
}

} // namespace

IpAddr any_address(Chance& chance) {
    return chance.one_in(3) ? IpAddr(any_v6(chance)) : IpAddr(any_v4(chance));
}

IpPrefix any_prefix(Chance& chance) {
    if (chance.one_in(3)) {
        Ipv6Addr address = any_v6(chance);
        unsigned length = chance.of<unsigned>({0, 64, 64, 128, 128});
        for (size_t i = length / 8; i < address.bytes.size(); ++i)
            address.bytes[i] = 0;
        return *IpPrefix::from(address, length);
    }
    unsigned length = chance.of<unsigned>({0, 8, 16, 24, 30, 32, 32});
    uint32_t mask = length ? ~uint32_t{0} << (32 - length) : 0;
    return *IpPrefix::from(Ipv4Addr{any_v4(chance).value & mask}, length);
}

Rule any_rule(Chance& chance, uint32_t id, uint32_t groups) {
    Rule rule;
    rule.id = RuleId(id);
    rule.direction = chance.one_in(2) ? Direction::in : Direction::out;
    rule.priority = chance.below(50);
    rule.action = chance.of<Action>({Action::drop, Action::reject, Action::allow});
    if (!chance.one_in(3))
        rule.match.edit().protocol = any_protocol(chance);
    rule.match.edit().source = any_match(chance, groups);
    rule.match.edit().destination = any_match(chance, groups);
    uint8_t protocol = rule.match->protocol.value_or(0);
    for (uint32_t n = chance.below(3); n > 0 && has_ports(protocol); --n)
        rule.match.edit().source_ports.push_back(any_range(chance));
    for (uint32_t n = chance.below(4); n > 0 && has_ports(protocol); --n)
        rule.match.edit().services.push_back(any_range(chance));
    for (uint32_t n = chance.below(3); n > 0 && is_icmp(protocol); --n)
        rule.match.edit().services.push_back(any_types(chance));
    rule.match.edit().outside_addresses = chance.one_in(4);
    return rule;
}

Subject any_subject(Chance& chance) {
    Subject subject;
    bool v6 = chance.one_in(3);
    for (IpAddr* address : {&subject.source, &subject.destination, &subject.outside_source,
                            &subject.outside_destination})
        *address = v6 ? IpAddr(any_v6(chance)) : IpAddr(any_v4(chance));
    subject.protocol = any_protocol(chance);
    auto port = [&] {
        return chance.one_in(8) ? static_cast<uint16_t>(65'535 - chance.below(14))
                                : static_cast<uint16_t>(chance.below(56));
    };
    if (has_ports(subject.protocol)) {
        subject.source_port = port();
        subject.service = port();
    } else if (is_icmp(subject.protocol)) {
        subject.source_port = port();
        subject.service = icmp_service(static_cast<uint8_t>(chance.below(5)),
                                       static_cast<uint8_t>(chance.below(4)));
    }
    return subject;
}

std::vector<AddressGroup> any_groups(Chance& chance, uint32_t count) {
    std::vector<AddressGroup> groups;
    for (uint32_t id = 0; id < count; ++id) {
        AddressGroup& group = groups.emplace_back(AddressGroup{GroupId(id), {}});
        for (uint32_t n = chance.below(8); n > 0; --n)
            group.prefixes.push_back(any_prefix(chance));
    }
    return groups;
}

namespace {

bool is_member(const std::vector<AddressGroup>& groups, GroupId id, const IpAddr& address) {
    for (const AddressGroup& group : groups)
        if (group.id == id)
            for (const IpPrefix& prefix : group.prefixes)
                if (prefix.contains(address))
                    return true;
    return false;
}

bool is_meant(const AddressMatch& match, const IpAddr& address,
              const std::vector<AddressGroup>& groups) {
    bool meant = match.any;
    for (const IpPrefix& prefix : match.prefixes)
        meant = meant || prefix.contains(address);
    for (GroupId group : match.groups)
        meant = meant || is_member(groups, group, address);
    return meant;
}

bool is_in(const std::vector<Range>& ranges, uint16_t number) {
    bool in = ranges.empty();
    for (const Range& range : ranges)
        in = in || (range.first <= number && number <= range.last);
    return in;
}

bool is_met(const Rule& rule, const std::vector<AddressGroup>& groups, const Subject& subject) {
    const RuleMatch& match = *rule.match;
    bool outside = match.outside_addresses;
    return (!match.protocol || *match.protocol == subject.protocol) &&
           is_meant(match.source, outside ? subject.outside_source : subject.source, groups) &&
           is_meant(match.destination, outside ? subject.outside_destination : subject.destination,
                    groups) &&
           is_in(match.source_ports, subject.source_port) && is_in(match.services, subject.service);
}

} // namespace

const Rule* decide_plainly(const std::vector<Rule>& rules, const std::vector<AddressGroup>& groups,
                           Direction direction, const Subject& subject) {
    const Rule* best = nullptr;
    for (const Rule& rule : rules)
        if (rule.direction == direction && is_met(rule, groups, subject)) {
            bool wins = !best || rule.priority > best->priority ||
                        (rule.priority == best->priority && rule.action < best->action);
            best = wins ? &rule : best;
        }
    return best;
}

} // namespace ringfence::test
