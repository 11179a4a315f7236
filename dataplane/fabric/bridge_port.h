// How a port of a bridge without a fabric meets that bridge's VLANs (DESIGN §8). Every VLAN that a
// port of the bridge names is a segment of its own, VLAN 0 is what has no tag; all others are one
// segment together, which keeps the tags. A plain value, made by the agent.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/types/ids.h"

namespace ringfence {

// Port.vlan_mode of ovs-vswitchd.conf.db(5).
enum class VlanMode : uint8_t { access, trunk, native_tagged, native_untagged };

struct BridgePort {
    VlanMode mode = VlanMode::trunk;
    uint16_t tag = 0; // access, native: the VLAN of what comes without one
    std::vector<std::pair<uint16_t, SegmentId>> vlans; // that it carries, by number
    std::optional<SegmentId> others;                   // where the rest goes; none: nowhere

    // Where a frame goes that came with this tag (IEEE 802.1Q, 6.9; 0 is a priority alone), or
    // without one; none: the port does not carry it.
    std::optional<SegmentId> segment_of(uint16_t vlan) const {
        if (vlan == 0 && mode != VlanMode::trunk)
            vlan = tag;
        else if (mode == VlanMode::access)
            return std::nullopt;
        auto found =
            std::ranges::lower_bound(vlans, vlan, {}, &std::pair<uint16_t, SegmentId>::first);
        return found != vlans.end() && found->first == vlan ? found->second : others;
    }
    // Whether what it sends of the VLAN has a tag.
    bool sends_tagged(uint16_t vlan) const {
        return vlan != 0 && mode != VlanMode::access &&
               !(mode == VlanMode::native_untagged && vlan == tag);
    }
    bool operator==(const BridgePort&) const = default;
};

} // namespace ringfence
