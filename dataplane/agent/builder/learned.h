// Learned_Mac rows and what this host's own trusted ports sent from -> MACs of their segments.
#pragma once

#include <vector>

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class LearnedPart {
public:
    explicit LearnedPart(Known& known) : known_(known) {}

    // After the NICs: what was learned counts only where no logical port has the MAC.
    void finish(FabricEdit& edit);
    std::vector<LearnedEntry> learned_at(const std::string& host) const;

private:
    struct Placement {
        SegmentId segment;
        MacAddr mac;
        Destination place;
    };
    void retract(FabricEdit& edit, const Uuid& uuid);
    void place(FabricEdit& edit, const Uuid& uuid, const LearnedEntry& learned);
    bool may_have_learned(const LearnedEntry& learned) const;

    Known& known_;
    std::unordered_map<Uuid, Placement> placements_;
};

} // namespace ringfence::agent
