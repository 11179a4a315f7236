// Rule sets and packets for the benchmarks of firewalls: the same for every run and every
// classifier.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types/addresses.h"
#include "edge-router/firewall/policy.h"

namespace ringfence::perf {

inline IpAddr host(uint32_t n) { return Ipv4Addr{0x0a000000 + n}; }
inline Range one_port(uint16_t port) { return {port, port}; }

// As people write them: a protocol, a port, and at either end a prefix, a group or anybody.
std::vector<Rule> plain_rules(uint32_t count);
// The same without groups.
std::vector<Rule> prefix_rules(uint32_t count);
// Each range lies in the one before it, so that all of them are around the middle.
std::vector<Rule> nested_rules(uint32_t count);

// Those that plain rules name; addresses 0 to 4,095 are each in two of them.
AddressGroups some_groups();

// 4,096 of them, at `addresses` addresses and to `ports` ports.
std::vector<Subject> packets(uint32_t addresses, uint32_t ports);

} // namespace ringfence::perf
