// OpenFlow port numbers, which clients take as the sign that a port works. Nothing here forwards by
// them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "dataplane/agent/local/wanted.h"

namespace ringfence::agent {

constexpr uint16_t bridge_ofport = 65534; // OFPP_LOCAL: the bridge's own port
constexpr uint16_t last_ofport = 65279;   // above are OpenFlow's reserved numbers (OFPP_MAX)

// A number for every wanted port, unique within its bridge. A port keeps the number that its row
// holds, unless it or another asks for one by ofport_request; new ones get the lowest free.
std::map<std::string, uint16_t> assign_ofports(const std::map<std::string, WantedPort>& ports);

} // namespace ringfence::agent
