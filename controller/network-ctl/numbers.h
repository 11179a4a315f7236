// What a host counts, as its daemon says it (`ringfence/ports --format=json`), and how that is
// printed. Pure; the daemon may be anybody's, so nothing is taken for granted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "controller/network-ctl/format.h"
#include "core/types/result.h"

namespace ringfence::ctl {

using Counts = std::map<std::string, int64_t>;

struct PortNumbers {
    std::string port, nic, type, link;
    int64_t worker = 0;
    Counts device;   // "rx_packets", ...: as the port sees it, what it gave the host is rx
    Counts counters; // what became of that, by verdict
};

struct HostNumbers {
    std::string host;
    int64_t time_ns = 0; // of its own clock, for differences
    std::vector<PortNumbers> ports;
    Counts counters; // of all ports
    struct Meaning {
        std::string kind, meaning;
    };
    std::map<std::string, Meaning> meanings; // of the verdicts that are counted
};

[[nodiscard]] Result<HostNumbers> numbers_from(const std::string& text);

// Of one host, or of many: then a line says of which.
using Hosts = std::vector<HostNumbers>;
Listing list_ports(const Hosts& hosts);
// What was lost and why, most first; `all`: every counter.
Listing list_drops(const Hosts& hosts, bool all);
// Rates between two readings, busiest first; of hosts that gave both.
Listing list_rates(const Hosts& before, const Hosts& now);

} // namespace ringfence::ctl
