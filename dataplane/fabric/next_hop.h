// A VTEP of another host, and how the underlay reaches it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence {

// One of the kernel's ways to a VTEP address (dataplane/agent/underlay.h).
struct UnderlayPath {
    PortId uplink;
    MacAddr source_mac, destination_mac;
    IpAddr source;
    uint16_t mtu; // of the IP packet, bytes
    bool operator==(const UnderlayPath&) const = default;
};

// What the agent says of a host's tunnel end point.
struct NextHopSettings {
    std::string host;              // Host.name, for traces
    std::vector<IpAddr> addresses; // all that its packets may come from; the first is sent to
    // To the first, each from an address of its family. Each takes an equal share of the inner
    // flows; none: not resolved yet (`tunnel.no_neighbour`).
    std::vector<UnderlayPath> paths;
    bool operator==(const NextHopSettings&) const = default;
};

// Outer headers, prepared (RFC 7348, figures 1 and 2): over IPv4 in one cache line. Lengths,
// DSCP/ECN, source port and VNI are 0 in them.
struct alignas(64) OuterTemplate {
    uint32_t max_frame = 0; // inner bytes that fit the underlay's MTU
    // IPv4: of its header's words, those that do not change; the header's own checksum is 0. IPv6:
    // of UDP's pseudo-header, all but the length.
    uint32_t partial_checksum = 0;
    uint16_t uplink = 0;
    bool is_v6 = false;
    std::array<uint8_t, 70> headers{};
};

// The same, ready for the workers.
class NextHop {
public:
    // Ethernet, IPv4 or IPv6, UDP, VXLAN.
    static constexpr size_t overhead = 14 + 20 + 8 + 8, overhead6 = overhead + 20;

    NextHop(NextHopId id, NextHopSettings settings, uint16_t udp_port);

    NextHopId id() const { return id_; }
    const NextHopSettings& settings() const { return settings_; }

    // False: `tunnel.no_neighbour`.
    bool resolved() const { return has_one_way() || !ways_.empty(); }
    // As nearly every host is reached: by one way, over IPv4.
    bool has_one_way() const { return only_.max_frame != 0; }
    const OuterTemplate& only_way() const { return only_; } // where it has one
    // Otherwise, where resolved: that of a flow, by its hash.
    const OuterTemplate& way(uint64_t flow) const {
        return ways_[(flow & UINT32_MAX) * ways_.size() >> 32];
    }

private:
    OuterTemplate only_;
    std::vector<OuterTemplate> ways_; // empty where only_ is all
    NextHopId id_;
    NextHopSettings settings_;
};

} // namespace ringfence
