// Segment rows -> segments, still without anybody in them.
#pragma once

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class SegmentPart {
public:
    explicit SegmentPart(Known& known) : known_(known) {}

    // Touches what stands in segments that came or went.
    void finish(FabricEdit& edit);
    std::optional<Uuid> row_of(SegmentId segment) const;
    // Those that the underlay is too narrow for.
    std::map<std::string, std::string> trouble() const;

private:
    Known& known_;
};

} // namespace ringfence::agent
