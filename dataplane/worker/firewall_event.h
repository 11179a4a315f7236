// What a firewall rule with logging has decided about a packet that would begin a connection. Best
// effort: what is too much, or finds the queue full, is counted in the next one.
#pragma once

#include <cstdint>

#include "core/types/addresses.h"
#include "core/types/ids.h"
#include "edge-router/firewall/rule.h"

namespace ringfence {

struct FirewallEvent {
    RuleId rule{0};
    PortId port{0}; // whose connection it would be: here at the sending or receiving end
    // Initiator first, as the port knows them; ports, or of ICMP what the tuple has (tuple.h).
    IpAddr source, destination;
    uint16_t source_port = 0, destination_port = 0;
    uint8_t protocol = 0;
    uint32_t suppressed = 0; // events of the port before this one that were not kept
};

} // namespace ringfence
