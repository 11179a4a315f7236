// Rows of routers, of what they hold and of firewalls as checked values. As in rows.h what is not
// understood is an error of its row; but a row that this version cannot obey is not forwarded by in
// part: instead_of() says what is, which lets less pass, never more. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/result.h"
#include "edge-router/firewall/policy.h"
#include "edge-router/routing/router.h"
#include "ovsdb/southbound.h"

namespace ringfence::agent {

struct RouterEntry {
    std::string name;
    std::string intent;
    bool fence = false;
    Translation translation = Translation::none;
    std::vector<IpAddr> outside_addresses;
    bool operator==(const RouterEntry&) const = default;
};

struct InterfaceEntry {
    std::string router; // Router.name
    std::string domain;
    ovsdb::Uuid segment{};
    MacAddr mac;
    std::vector<InterfaceAddress> addresses;
    bool outside = false;
    std::vector<std::string> policies; // Firewall.policy
    bool operator==(const InterfaceEntry&) const = default;
};

struct RouteEntry {
    std::string router;
    IpPrefix prefix;
    ovsdb::Uuid interface {};
    std::optional<IpAddr> next_hop;
    bool operator==(const RouteEntry&) const = default;
};

// An outside address that a router holds for a NIC behind it.
struct HeldEntry {
    std::string router;
    ovsdb::Uuid segment{};
    IpAddr outside, inside;
    std::string owner; // Logical_Port.name of the NIC at the end
    std::optional<std::string> host, candidate;
    bool operator==(const HeldEntry&) const = default;
};

struct RuleEntry {
    std::string policy;
    Rule rule;                    // without its id, and the ids of groups
    bool both_directions = false; // it stands for two rules, of each direction one
    std::vector<std::string> source_groups, destination_groups; // Address_Group.name
    bool operator==(const RuleEntry&) const = default;
};

struct GroupEntry {
    std::string domain, name;
    std::vector<IpPrefix> prefixes;
    bool is_broken = false; // its row can't be read
    // The domain whose group of this name it has, too, but for those that are hidden.
    std::optional<std::string> outside{};
    std::vector<IpPrefix> hidden{};
    bool operator==(const GroupEntry&) const = default;
};

[[nodiscard]] Result<RouterEntry> read_row(const southbound::Router& row);
[[nodiscard]] Result<InterfaceEntry> read_row(const southbound::RouterInterface& row);
[[nodiscard]] Result<RouteEntry> read_row(const southbound::Route& row);
[[nodiscard]] Result<HeldEntry> read_row(const southbound::Nat& row);
[[nodiscard]] Result<RuleEntry> read_row(const southbound::Firewall& row);
[[nodiscard]] Result<GroupEntry> read_row(const southbound::AddressGroup& row);

// For a row that is refused as unsupported: no router, route or held address, so that what needs
// one is dropped; a rule that denies all in its direction (of one that nobody knows, in both),
// before any other; a group because of which the policies that name it deny.
inline std::optional<RouterEntry> instead_of(const southbound::Router&) { return std::nullopt; }
inline std::optional<RouteEntry> instead_of(const southbound::Route&) { return std::nullopt; }
inline std::optional<HeldEntry> instead_of(const southbound::Nat&) { return std::nullopt; }
std::optional<RuleEntry> instead_of(const southbound::Firewall& row);
inline std::optional<GroupEntry> instead_of(const southbound::AddressGroup& row) {
    return GroupEntry{row.domain, row.name, {}, true};
}

// A row that can't be read is no longer forwarded by as it was before, either: who changed a rule
// wants it changed.
template <class Row> inline constexpr bool fails_closed = false;
template <> inline constexpr bool fails_closed<southbound::Firewall> = true;
template <> inline constexpr bool fails_closed<southbound::AddressGroup> = true;
// A row that names policies, and of which a column can't even be decoded, is as good as not there:
// which firewalls would have to be asked is not known.
template <class Row> inline constexpr bool names_policies = requires(const Row& row) {
    row.policies;
};

std::string name_of(const southbound::Router& row);
std::string name_of(const southbound::RouterInterface& row);
std::string name_of(const southbound::Route& row);
std::string name_of(const southbound::Nat& row);
std::string name_of(const southbound::Firewall& row);
std::string name_of(const southbound::AddressGroup& row);

} // namespace ringfence::agent
