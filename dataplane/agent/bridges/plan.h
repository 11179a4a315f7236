// The segments of bridges without a fabric (DESIGN §8), and how their ports meet them: a segment
// for each VLAN that some port of the bridge names and for what has no tag, one more for all other
// VLANs where some port carries all. Pure.
//
// MACs are learned for each of these segments by itself; VLANs that nobody names share their MACs.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "dataplane/agent/builder/facts.h"
#include "dataplane/agent/state/ids.h"
#include "dataplane/fabric/bridge_port.h"

namespace ringfence::agent {

// A port of a bridge, as its Port row has it.
struct BridgeMember {
    PortId id;
    std::string bridge;
    VlanMode mode = VlanMode::trunk;
    uint16_t tag = 0;          // access, native
    std::set<uint16_t> trunks; // none: all, where the mode is not access
};

struct BridgePlan {
    std::map<PortId, BridgePort> ports;
    std::map<SegmentId, BridgeSegment> segments;
};

// Numbers for the segments are taken from `ids`; those that are not needed any more go back.
BridgePlan plan_bridges(const std::vector<BridgeMember>& members, Ids& ids);

} // namespace ringfence::agent
