// Segments of bridges without a fabric, and what they have learned -> the Fabric.
#pragma once

#include <map>
#include <vector>

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class BridgePart {
public:
    explicit BridgePart(Known& known) : known_(known) {}

    void take(std::vector<StationChange> changes) {
        changes_.insert(changes_.end(), changes.begin(), changes.end());
    }
    bool has_news() const { return !changes_.empty() || placed_ != known_.facts.bridge_segments; }
    void finish(FabricEdit& edit);

private:
    Known& known_;
    std::vector<StationChange> changes_;
    std::map<SegmentId, BridgeSegment> placed_;
};

} // namespace ringfence::agent
