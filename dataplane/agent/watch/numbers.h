// What this host counts, at one moment: the one source of what `ovs-appctl`, network-ctl,
// Prometheus and DPDK's telemetry show. Read on demand, never on the packets' way. Pure but for
// read(), which asks the forwarding side.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/agent/dataplane.h"
#include "dataplane/agent/ports/port_set.h"

namespace ringfence::agent {

struct PortNumbers {
    std::string name; // of its Interface
    std::string nic;  // external_ids:iface-id; "" = none
    std::string type;
    unsigned worker = 0;
    bool up = false;
    ports::PortStatistics device; // as the port sees it: what it gave us is rx
    CounterSums counters;         // what became of what it gave us
};

struct Numbers {
    std::string host;                // system-id
    std::chrono::nanoseconds time{}; // monotonic: for the difference of two
    std::vector<PortNumbers> ports;  // by name
    CounterSums total;               // of all ports, those that have gone included
    std::vector<WorkerNumbers> workers;
    Dataplane::Buffers buffers{};
};

// visit(Verdict, packets) of counters that are not 0.
template <class Visit> void each_counter(const CounterSums& counters, Visit visit) {
    for (size_t i = 0; i < verdict_count; ++i)
        if (auto verdict = static_cast<Verdict>(i); uint64_t packets = counters[verdict])
            visit(verdict, packets);
}

Numbers read(const Dataplane& dataplane, const PortSet& ports, const std::string& host);

// The port of that name or with that NIC alone; nothing where there is none.
std::optional<Numbers> only(const Numbers& all, const std::string& port);

// ringfence/drops: a line a counter, with what it means.
std::string show_counters(const CounterSums& counters);
std::string show_drops(const Numbers& numbers);
// ringfence/ports: a paragraph a port.
std::string show_ports(const Numbers& numbers);
// ringfence/top: a line a port, what passed in a second between the two, busiest first.
std::string show_rates(const Numbers& before, const Numbers& now);
// One object with all of it; zero counters are left out. Names end in what they count.
std::string to_json(const Numbers& numbers);

} // namespace ringfence::agent
