// Logical_Port rows -> MACs, neighbours and receivers of floods of their segments.
#pragma once

#include <vector>

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class NicPart {
public:
    explicit NicPart(Known& known) : known_(known) {}

    // All that was touched and leaves its place is taken out before anything is put in, so that
    // addresses can be swapped. What stays is not: that a NIC moved changes no decision.
    void retract(FabricEdit& edit);
    void place(FabricEdit& edit);

    // NICs with an address that is somebody else's already.
    std::map<std::string, std::string> trouble() const;
    // Logical ports whose segment is not there (yet).
    std::vector<std::string> without_segment() const;

private:
    // What a logical port put into its segment.
    struct Placement {
        SegmentId segment;
        Uuid segment_row;
        MacAddr mac;
        std::vector<IpAddr> addresses;
        Destination place;
        bool flooded = false;                 // a local port that gets floods
        bool trusted = false;                 // a VTEP with a trusted port
        std::optional<NextHopId> candidate{}; // that it may come from, too
    };
    // How many placements in a segment give a VTEP its part in it.
    struct Shares {
        unsigned ports = 0, trusted = 0;
    };

    bool stays(const NicEntry* nic, const Placement& placement) const;
    void retract(FabricEdit& edit, const NicEntry* nic, const Placement& placement);
    void place(FabricEdit& edit, const Uuid& uuid, const NicEntry& nic);
    void place_addresses(Segment& segment, const Uuid& uuid, const NicEntry& nic,
                         Placement& placement);
    void note_move(FabricEdit& edit, Segment& segment, const Placement& before,
                   const Placement& now);
    void share(Segment* segment, const Placement& placement, int by);
    void touch_learned(const Placement& placement);

    Known& known_;
    std::set<Uuid> retracted_; // to be placed
    std::unordered_map<Uuid, Placement> placements_, before_;
    std::map<std::pair<SegmentId, NextHopId>, Shares> shares_;
    std::map<Uuid, std::string> conflicts_; // NIC -> whose its address is already
    std::set<Uuid> homeless_;               // NICs without their segment
};

} // namespace ringfence::agent
