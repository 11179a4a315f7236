// Firewall rules as the rows have them: the words of their two sides, ports and ICMP types. For the
// checks, the clients and the compiler, so that all three think alike.
//
// A rule is an edge router's or a security group's. Its sides (`source`, `destination`) hold words,
// of which any one will do; no word means anybody:
//
//     10.0.0.5, 10.0.0.0/8, 2001:db8::/32   addresses
//     group:UUID                            the NICs of a security group
//     nic:UUID                              a NIC, whatever its addresses
//     internal, external                    of an edge router's rule: its inside networks, all else
//
// People write group:NAME and nic:PORT; clients look those up. Words that name what does not exist
// (any more) match nobody.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controller/model/model.h"
#include "core/types/addresses.h"

namespace ringfence::model {

inline constexpr std::string_view group_word = "group:";
inline constexpr std::string_view nic_word = "nic:";
inline constexpr std::string_view internal_word = "internal";
inline constexpr std::string_view external_word = "external";

inline constexpr int64_t last_rule_number = 1'000'000; // their numbers: 0 to this

// One side of a rule.
struct Side {
    std::vector<IpPrefix> prefixes;
    std::set<Uuid> groups; // Security_Group rows
    std::set<Uuid> nics;
    bool internal = false;
    bool external = false;

    // The error quotes the word that is none.
    [[nodiscard]] static Result<Side> from(const std::set<std::string>& words);
    // No word: everybody.
    bool is_any() const {
        return prefixes.empty() && groups.empty() && nics.empty() && !internal && !external;
    }
};

// "22", or "8000-8099", first <= last.
struct PortRange {
    int64_t first = 0;
    int64_t last = 0;
    [[nodiscard]] static Result<PortRange> from(std::string_view text);
};

// "8", or "3/4".
struct IcmpType {
    int64_t type = 0;
    std::optional<int64_t> code;
    [[nodiscard]] static Result<IcmpType> from(std::string_view text);
};

// IP protocols by name: those that people speak of. Null: it has no name here.
const char* protocol_name(int64_t protocol);
std::optional<int64_t> protocol_from(std::string_view name_or_number);
bool has_ports(int64_t protocol);
bool is_icmp(int64_t protocol);

// "192.0.2.9:514", "[2001:db8::9]:514": a syslog server.
bool is_log_server(std::string_view text);

} // namespace ringfence::model
