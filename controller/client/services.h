// What networks do for their NICs beside carrying frames, as values like those of objects.h: DHCP,
// the firewall, limits.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "controller/client/objects.h"

namespace ringfence::client {

// --- DHCP ---------------------------------------------------------------------------------------
// What DHCP tells the NICs of one network. It is answered on the NIC's own host, without a server.
struct Dhcp {
    Path path{}; // the network's
    bool enabled = true;
    TextMap options{}; // those that were set; names and values as in Dhcp_Options
    Texts addresses{}; // of its own, in subnets without a router
    std::string status{};
};
struct DhcpChange {
    std::optional<bool> enabled{};
    std::map<std::string, std::optional<std::string>> options{}; // without a value: as if never set
    std::optional<std::string> address{}; // to answer from, in a subnet without a router
};

// --- Firewall -----------------------------------------------------------------------------------
// NICs that share firewall rules. It is the organization's: NICs of all its vApps may be in it.
struct SecurityGroup {
    Path path{};
    std::string default_in{}; // "allow" or "drop": what no rule decides
    std::string default_out{};
    bool log_default = false;
    int64_t rules = 0;
    int64_t nics = 0;
    std::string status{};
};
struct NewSecurityGroup {
    Path path{};
    std::string default_in = "drop";
    std::string default_out = "allow";
    bool log_default = false;
    bool may_exist = false;
};
struct SecurityGroupChange {
    std::optional<std::string> name{};
    std::optional<std::string> default_in{};
    std::optional<std::string> default_out{};
    std::optional<bool> log_default{};
};

// A rule's owner: an edge router by its path ("acme/main", "acme/shop/front"), or a security group
// ("group:acme/web"). Rules have numbers; of those that match the one with the lowest decides, the
// provider's before all of the tenant's.
struct RuleName {
    std::string owner{};
    int64_t number = 0;
    std::string tier = "tenant"; // or "provider"
};
// What connections it is about. Words of source and destination: addresses, prefixes, "group:NAME"
// (or "group:ORG/NAME"), "nic:PORT", of an edge's rule "internal" and "external"; no word: all.
struct Match {
    std::string direction = "in"; // or "out"
    Texts source{};
    Texts source_ports{}; // "80", "8000-8099"
    Texts destination{};
    Texts destination_ports{};
    std::string protocol{};  // "tcp", "47"; "" = all
    Texts icmp_types{};      // "8", "3/4"
    bool translated = false; // the addresses outside are compared, not those inside
};
struct FirewallRule {
    RuleName name{};
    Match match{};
    std::string action{}; // "allow", "drop" or "reject"
    bool enabled = true;
    bool log = false;
    std::string path{}; // as logs and traces name it: org/acme/edge/main/firewall/10
    std::string status{};
};
struct NewFirewallRule {
    std::string owner{};
    std::string tier = "tenant";
    std::optional<int64_t> number{}; // unset = behind all others: the next multiple of 10
    Match match{};
    std::string action = "allow";
    bool enabled = true;
    bool log = false;
};
struct FirewallRuleChange {
    std::optional<Texts> source{};
    std::optional<Texts> source_ports{};
    std::optional<Texts> destination{};
    std::optional<Texts> destination_ports{};
    std::optional<std::string> protocol{};
    std::optional<Texts> icmp_types{};
    std::optional<bool> translated{};
    std::optional<std::string> action{};
    std::optional<bool> enabled{};
    std::optional<bool> log{};
};
// What becomes of what no rule decides: of a security group, or of the networks inside an edge
// router (in only).
struct FirewallDefault {
    std::optional<std::string> in{}; // "allow" or "drop"
    std::optional<std::string> out{};
    std::optional<bool> log{};
};

// --- Limits -------------------------------------------------------------------------------------
// By name: bandwidth-in, bandwidth-out (bit/s; in = towards the VM), burst-in, burst-out (bytes),
// broadcast, slow-path (packets/s), connections.
using LimitMap = std::map<std::string, int64_t>;
using LimitChange = std::map<std::string, std::optional<int64_t>>; // without a value: none

// --- Addresses that NICs share ------------------------------------------------------------------
// One of them has it at a time, and any may take it over (VRRP, keepalived).
struct NewVirtualAddress {
    std::string nic{};
    std::string address{};
    std::string mac{};   // "" = the NIC's own
    std::string owner{}; // what it is for; "" = the NIC's vApp
};

} // namespace ringfence::client
