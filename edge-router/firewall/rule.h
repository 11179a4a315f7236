// A rule of a firewall as a value, and what it is held against. A rule that names groups of
// addresses or several prefixes is one rule, whatever they come to.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/box.h"
#include "core/types/ids.h"

namespace ringfence {

// As the network or NIC sees it that the policy protects: towards it, or from it.
enum class Direction : uint8_t { in, out };

// Of several rules with the highest priority the one decides whose action comes first here.
enum class Action : uint8_t { drop, reject, allow };

// Both ends included.
struct Range {
    uint16_t first = 0, last = 0xffff;
    constexpr bool contains(uint16_t number) const { return first <= number && number <= last; }
    auto operator<=>(const Range&) const = default;
};

// `any`, or whoever has an address of one of the prefixes or groups; of none, nobody.
struct AddressMatch {
    bool any = true;
    std::vector<IpPrefix> prefixes;
    std::vector<GroupId> groups;
    auto operator<=>(const AddressMatch&) const = default;
};

// Every part must match.
struct RuleMatch {
    std::optional<uint8_t> protocol; // of IPv4, or the end of IPv6's chain
    AddressMatch source, destination;
    // Alternatives; none: any. Of a protocol that has them, which `protocol` names.
    std::vector<Range> source_ports;
    std::vector<Range> services; // destination ports; of ICMP and ICMPv6 icmp_service(type, code)
    // Addresses are compared as they are outside of the translation that protects, not inside.
    bool outside_addresses = false;
    auto operator<=>(const RuleMatch&) const = default;
};

// Where the provider has an organization's firewall log sent, besides the host's own file.
struct LogServer {
    IpAddr address;
    uint16_t port = 514;
    auto operator<=>(const LogServer&) const = default;
};

struct Rule {
    RuleId id{0};
    Direction direction = Direction::in;
    uint32_t priority = 0; // the highest decides
    Action action = Action::drop;
    Box<RuleMatch> match; // a default's matches all
    bool log = false;
    std::optional<LogServer> log_server; // of what is logged
    std::string intent;                  // path of the northbound object, for traces and logs
    bool operator==(const Rule&) const = default;
};

// The packet that begins a connection.
struct Subject {
    IpAddr source, destination;                 // as the protected side knows them
    IpAddr outside_source, outside_destination; // as the other side of a translation does
    uint8_t protocol = 0;
    uint16_t source_port = 0;
    uint16_t service = 0; // destination port; of ICMP icmp_service(type, code)
};

// Whether the one decides where both match.
inline bool outranks(const Rule& one, const Rule& other) {
    return one.priority != other.priority ? one.priority > other.priority
                                          : one.action < other.action;
}

const char* to_string(Direction direction);
const char* to_string(Action action);
// "tcp from 10.0.0.0/8, group 3 to 10.1.0.0/16 service 80-90"; of a rule for all packets "any".
// Groups are called what name_of says.
std::string to_string(const RuleMatch& match,
                      const std::function<std::string(GroupId)>& name_of = nullptr);

} // namespace ringfence
