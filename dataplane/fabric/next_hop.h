// A VTEP of another host, and how the underlay reaches it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence {

// The kernel's answer for one VTEP address (room ports: dataplane/agent/underlay.h).
struct UnderlayPath {
    PortId uplink;
    MacAddr source_mac, destination_mac;
    Ipv4Addr source;
    uint16_t mtu; // of the IP packet, bytes
    bool operator==(const UnderlayPath&) const = default;
};

// What the agent says of a host's tunnel end point.
struct NextHopSettings {
    std::string host;                 // Host.name, for traces
    std::vector<Ipv4Addr> addresses;  // all that its packets may come from; the first is sent to
    std::optional<UnderlayPath> path; // none: not resolved yet (`tunnel.no_neighbour`)
    bool operator==(const NextHopSettings&) const = default;
};

// The same, ready for the workers: the outer headers lie prepared in one cache line.
class NextHop {
public:
    // Ethernet, IPv4, UDP, VXLAN (RFC 7348, figure 1).
    static constexpr size_t overhead = 14 + 20 + 8 + 8;

    NextHop(NextHopId id, NextHopSettings settings, uint16_t udp_port);

    NextHopId id() const { return id_; }
    const NextHopSettings& settings() const { return settings_; }

    // For encapsulate. Lengths, DSCP/ECN, source port and VNI are 0 in the headers, the IPv4
    // checksum is not there yet: partial_checksum() is the sum of the words that do not change.
    bool resolved() const { return max_frame_ != 0; }
    const uint8_t* headers() const { return headers_.data(); }
    uint32_t partial_checksum() const { return partial_checksum_; }
    PortId uplink() const { return PortId(uplink_); }
    uint32_t max_frame() const { return max_frame_; } // inner bytes that fit the underlay's MTU

private:
    alignas(64) std::array<uint8_t, overhead> headers_{};
    uint16_t uplink_ = 0;
    uint32_t max_frame_ = 0;
    uint32_t partial_checksum_ = 0;
    NextHopId id_;
    NextHopSettings settings_;
};

} // namespace ringfence
