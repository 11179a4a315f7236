#include "edge-router/firewall/rule.h"

#include <fmt/format.h>

#include "core/wire/ip.h"

namespace ringfence {

namespace {

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

std::string text_of(const AddressMatch& match, const std::function<std::string(GroupId)>& name_of) {
    std::vector<std::string> words;
    for (const IpPrefix& prefix : match.prefixes)
        words.push_back(to_string(prefix));
    for (GroupId group : match.groups)
        words.push_back(name_of ? name_of(group) : fmt::format("group {}", group.value()));
    return words.empty() ? "nobody" : joined(words);
}

std::string ports_text(const std::vector<Range>& ranges) {
    std::vector<std::string> words;
    for (const Range& range : ranges)
        words.push_back(range.first == range.last ? fmt::format("{}", range.first)
                                                  : fmt::format("{}-{}", range.first, range.last));
    return joined(words);
}

// "8" for all codes of a type, "3/4" for one.
std::string icmp_text(const std::vector<Range>& ranges) {
    std::vector<std::string> words;
    for (const Range& range : ranges)
        words.push_back(range.first == range.last
                            ? fmt::format("{}/{}", range.first >> 8, range.first & 0xff)
                            : fmt::format("{}", range.first >> 8));
    return joined(words);
}

} // namespace

const char* to_string(Direction direction) { return direction == Direction::in ? "in" : "out"; }

const char* to_string(Action action) {
    switch (action) {
    case Action::drop:
        return "drop";
    case Action::reject:
        return "reject";
    case Action::allow:
        break;
    }
    return "allow";
}

std::string to_string(const RuleMatch& match, const std::function<std::string(GroupId)>& name_of) {
    std::string text = match.protocol ? protocol_name(*match.protocol) : "any";
    if (!match.source.any)
        text += " from " + text_of(match.source, name_of);
    if (!match.source_ports.empty())
        text += " port " + ports_text(match.source_ports);
    if (!match.destination.any)
        text += " to " + text_of(match.destination, name_of);
    if (!match.services.empty())
        text += is_icmp(match.protocol.value_or(0)) ? " type " + icmp_text(match.services)
                                                    : " service " + ports_text(match.services);
    return text + (match.outside_addresses ? " by outside addresses" : "");
}

} // namespace ringfence
