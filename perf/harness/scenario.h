// The scenarios of the benchmarks: what the fabric holds, and what comes in by which port. Port
// security, counters and drop accounting are on in all of them, as a user has them.
//
//     l2     a segment behind two trusted local ports, frames from each to the other
//     encap  NICs of this host (strict) to NICs of other hosts, out in VXLAN
//     decap  the reverse
//     fw     the same, each NIC of this host behind a stateful firewall of its own
//     nat    1,000 NICs of this host behind a router that translates one to one
//     fence  the same, and the organization's edge behind it: two routers
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/fabric/fabric.h"
#include "perf/harness/flows.h"

namespace ringfence::perf {

struct Scenario {
    std::shared_ptr<const Fabric> fabric;
    std::vector<PortId> ports;       // all that the fabric has
    std::vector<FlowWriter> sources; // polled in turn
};

// `macs` behind the two ports, half and half; a frame a pair of MACs.
Scenario l2(uint32_t macs);

// 16 local NICs, 1,000 remote ones behind 64 VTEPs, in one segment. `flows` in all.
Scenario encap(uint32_t flows);
Scenario decap(uint32_t flows);

// The same, each local NIC in a segment and tenant of its own: 1,000 of them with 64 remote NICs.
Scenario encap_tenants(uint32_t flows);

enum class Way { out, in }; // of this host
Scenario fw(Way way, uint32_t flows);
Scenario nat(Way way, uint32_t flows);
Scenario fence(Way way, uint32_t flows);

} // namespace ringfence::perf
