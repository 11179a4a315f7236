// What the files of FabricAgent share, and nobody else needs: fabric_agent.cpp (what it follows,
// and what it publishes), fabric_agent_notices.cpp (what the workers saw), fabric_agent_moves.cpp
// (NICs that come from another host) and fabric_agent_report.cpp (what it says of itself).
#pragma once

#include <chrono>

#include "core/types/log.h"
#include "dataplane/agent/fabric_agent.h"

namespace ringfence::agent {

inline log::Module fabric_log("fabric");

constexpr std::chrono::seconds picking_up{30}; // TCP in its middle, after a move here

// A NIC's VLANs are its network's. What Port.tag or trunks would change is not built, so a NIC that
// has them passes nothing, as with the dead VLAN.
inline bool has_vlans(const WantedPort& port) {
    return port.tag.value_or(0) || !port.trunks.empty();
}

// Of a replica the fabric's state, without this host's own words.
southbound::Tables without_own_rows(const southbound::Tables& tables);

} // namespace ringfence::agent
