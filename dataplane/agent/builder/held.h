// Nat rows -> addresses that routers hold in their outside segments, for NICs behind them.
#pragma once

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class HeldPart {
public:
    explicit HeldPart(Known& known) : known_(known) {}

    // As NicPart's. What stays where it is, its owner's host excepted, is not taken out: a move
    // changes no decision.
    void retract(FabricEdit& edit);
    void place(FabricEdit& edit);
    // Rows whose address another row has already.
    std::map<std::string, std::string> trouble() const;

private:
    struct Placement {
        SegmentId segment;
        IpAddr outside;
        RouterId router;
        IpAddr inside;
        bool operator==(const Placement&) const = default;
    };
    std::optional<Placement> wanted(const Uuid& uuid);
    void forbid_candidate(FabricEdit& edit, const Uuid& uuid);
    void note_move(FabricEdit& edit, Segment& segment, const Placement& placement,
                   Destination owner);

    Known& known_;
    std::unordered_map<Uuid, Placement> placements_;
    std::unordered_map<Uuid, Move> candidates_; // hosts that they may come from, too
    std::set<Uuid> to_place_, conflicts_;
};

} // namespace ringfence::agent
