#include "dataplane/agent/builder/bridges.h"

#include <utility>

namespace ringfence::agent {

void BridgePart::finish(FabricEdit& edit) {
    const auto& wanted = known_.facts.bridge_segments;
    for (const auto& [id, segment] : placed_)
        if (!wanted.contains(id))
            edit.erase_segment(id);
    for (const auto& [id, wish] : wanted) {
        auto old = placed_.find(id);
        if (old != placed_.end() && old->second == wish)
            continue;
        Segment& segment = edit.segment(id, wish.settings);
        if (old != placed_.end())
            for (PortId port : old->second.members)
                segment.erase_flood(port);
        for (PortId port : wish.members)
            segment.add_flood(port);
    }
    placed_ = wanted;
    for (const StationChange& change : std::exchange(changes_, {})) {
        Segment* segment = edit.segment(change.segment);
        if (!segment || segment->settings().vni)
            continue; // gone, and its number perhaps another's
        if (change.place == Destination())
            segment->erase_mac(change.mac);
        else
            segment->set_mac(change.mac, change.place);
    }
}

} // namespace ringfence::agent
