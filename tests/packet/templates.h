// One valid frame of every kind, for tests that damage them: truncation and fuzzing. Those of a NIC
// are admitted by the port of test::configure_host(), those of the wire are from its VTEP.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/packet/lab.h"

namespace ringfence::test {

// nic 1 (strict), nic 2, nic 3 (trusted, VLAN-transparent segment 2), uplink 10, shadow 11.
void configure_host(Lab& lab);

std::vector<std::vector<uint8_t>> nic_templates();
std::vector<std::vector<uint8_t>> wire_templates();

// UDP payloads of DHCP and DHCPv6 clients, of every kind; ICMPv6 messages of neighbour discovery.
std::vector<std::vector<uint8_t>> dhcp_templates();
std::vector<std::vector<uint8_t>> dhcp6_templates();
std::vector<std::vector<uint8_t>> nd_templates();

// IP packets that are ICMP errors, whole and cut as routers cut their quotes.
std::vector<std::vector<uint8_t>> error_templates();

} // namespace ringfence::test
