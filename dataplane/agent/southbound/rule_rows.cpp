// Firewall and Address_Group rows.
#include <algorithm>
#include <charconv>
#include <limits>

#include "core/packet/icmp_ports.h"
#include "core/wire/ip.h"
#include "dataplane/agent/southbound/router_rows.h"

namespace ringfence::agent {

namespace {

std::optional<uint16_t> number(std::string_view text, uint16_t most) {
    uint16_t value = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool good = bad == std::errc() && end == text.data() + text.size() && value <= most;
    return good ? std::optional(value) : std::nullopt;
}

// "80" or "8000-8080".
Result<Range> ports_from(const std::string& text) {
    auto dash = text.find('-');
    auto first = number(std::string_view(text).substr(0, dash), UINT16_MAX);
    auto last =
        dash == text.npos ? first : number(std::string_view(text).substr(dash + 1), UINT16_MAX);
    if (!first || !last || *last < *first)
        return fail("\"{}\" is neither a port nor a range of ports", text);
    return Range{*first, *last};
}

// "8", or "3/4" with a code.
Result<Range> icmp_types_from(const std::string& text) {
    auto slash = text.find('/');
    auto type = number(std::string_view(text).substr(0, slash), UINT8_MAX);
    auto code = slash == text.npos ? std::optional<uint16_t>(0)
                                   : number(std::string_view(text).substr(slash + 1), UINT8_MAX);
    if (!type || !code)
        return fail("\"{}\" is neither an ICMP type nor a type and a code", text);
    auto first = icmp_service(static_cast<uint8_t>(*type), static_cast<uint8_t>(*code));
    return Range{first, slash == text.npos ? static_cast<uint16_t>(first | 0xff) : first};
}

template <class Texts, class Value>
Result<> read_all(const Texts& texts, Result<Value> (*read)(const std::string&),
                  std::vector<Value>& values) {
    for (const std::string& text : texts) {
        auto value = read(text);
        if (!value)
            return tl::unexpected(value.error());
        values.push_back(*value);
    }
    return {};
}

Result<IpPrefix> prefix_from(const std::string& text) { return IpPrefix::from(text); }

Result<> check_parts(const southbound::Firewall& row) {
    if (row.protocol && (*row.protocol < 0 || *row.protocol > UINT8_MAX))
        return fail("protocol {} is outside 0 to 255", *row.protocol);
    const auto protocol = static_cast<uint8_t>(row.protocol.value_or(0));
    if ((!row.source_ports.empty() || !row.destination_ports.empty()) && !has_ports(protocol))
        return fail("ports need a protocol that has them");
    if (!row.icmp_types.empty() && !is_icmp(protocol))
        return fail("ICMP types need the protocol ICMP or ICMPv6");
    if (row.priority < 0 || row.priority >= std::numeric_limits<uint32_t>::max())
        return fail("priority {} is out of range", row.priority);
    if (!row.stateful)
        return fail(ErrorKind::unsupported, "stateless rules are not built yet");
    return {};
}

Result<> read_match(const southbound::Firewall& row, RuleMatch& match) {
    if (row.protocol)
        match.protocol = static_cast<uint8_t>(*row.protocol);
    match.source.any = row.source.empty() && row.source_groups.empty();
    match.destination.any = row.destination.empty() && row.destination_groups.empty();
    for (const Result<>& read : {read_all(row.source, prefix_from, match.source.prefixes),
                                 read_all(row.destination, prefix_from, match.destination.prefixes),
                                 read_all(row.source_ports, ports_from, match.source_ports),
                                 read_all(row.destination_ports, ports_from, match.services),
                                 read_all(row.icmp_types, icmp_types_from, match.services)})
        if (!read)
            return read;
    return {};
}

Result<Action> action_from(const std::string& text) {
    for (Action action : {Action::drop, Action::reject, Action::allow})
        if (text == to_string(action))
            return action;
    return fail("action \"{}\" is unknown", text);
}

// "192.0.2.1:514", "[2001:db8::1]:514"
Result<LogServer> log_server_from(const std::string& text) {
    auto colon = text.rfind(':');
    std::string host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    auto address = IpAddr::from(host);
    auto port = colon == text.npos ? std::nullopt
                                   : number(std::string_view(text).substr(colon + 1), UINT16_MAX);
    if (!address || !port || *port == 0)
        return fail("log-server \"{}\" is not ADDRESS:PORT", text);
    return LogServer{*address, *port};
}

Result<> read_options(const southbound::Firewall& row, Rule& rule, RuleMatch& match) {
    for (const auto& [key, value] : row.options) {
        if (key == "addresses" && (value == "inside" || value == "outside")) {
            match.outside_addresses = value == "outside";
        } else if (key == "log-server") {
            auto server = log_server_from(value);
            if (!server)
                return tl::unexpected(server.error());
            rule.log_server = *server;
        } else {
            return fail(ErrorKind::unsupported, "option {}={} of rules is not built yet", key,
                        value);
        }
    }
    return {};
}

Direction direction_of(const southbound::Firewall& row) {
    return row.direction == "out" ? Direction::out : Direction::in;
}

} // namespace

Result<RuleEntry> read_row(const southbound::Firewall& row) {
    RuleEntry entry;
    entry.policy = row.policy;
    Rule& rule = entry.rule;
    RuleMatch match;
    if (row.direction != "in" && row.direction != "out")
        return fail("direction \"{}\" is unknown", row.direction);
    auto action = action_from(row.action);
    if (!action)
        return tl::unexpected(action.error());
    for (const Result<>& read :
         {check_parts(row), read_match(row, match), read_options(row, rule, match)})
        if (!read)
            return tl::unexpected(read.error());
    rule.match = std::move(match);
    rule.direction = direction_of(row);
    rule.priority = static_cast<uint32_t>(row.priority);
    rule.action = *action;
    rule.log = row.log;
    rule.intent = row.intent;
    entry.source_groups.assign(row.source_groups.begin(), row.source_groups.end());
    entry.destination_groups.assign(row.destination_groups.begin(), row.destination_groups.end());
    return entry;
}

std::optional<RuleEntry> instead_of(const southbound::Firewall& row) {
    RuleEntry entry;
    entry.policy = row.policy;
    entry.rule.direction = direction_of(row);
    entry.both_directions = row.direction != to_string(entry.rule.direction);
    entry.rule.priority = std::numeric_limits<uint32_t>::max();
    entry.rule.intent = row.intent;
    return entry;
}

Result<GroupEntry> read_row(const southbound::AddressGroup& row) {
    GroupEntry group{row.domain, row.name, {}, false, row.outside, {}};
    if (auto read = read_all(row.prefixes, prefix_from, group.prefixes); !read)
        return tl::unexpected(read.error());
    if (auto read = read_all(row.hidden, prefix_from, group.hidden); !read)
        return tl::unexpected(read.error());
    return group;
}

std::string name_of(const southbound::Firewall& row) {
    return fmt::format("rule {} {} of {}", row.direction, row.priority,
                       row.intent.empty() ? row.policy : row.intent);
}
std::string name_of(const southbound::AddressGroup& row) {
    return fmt::format("address group {}", row.intent.empty() ? row.name : row.intent);
}

} // namespace ringfence::agent
