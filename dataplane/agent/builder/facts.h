// What this host knows by itself, beside the southbound rows: its ports, its place in the underlay.
// Plain values, input of the builder.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/ids.h"
#include "dataplane/agent/limits.h"
#include "dataplane/agent/southbound/rows.h"
#include "dataplane/fabric/destination.h"
#include "dataplane/fabric/local_port.h"
#include "dataplane/fabric/next_hop.h"
#include "dataplane/fabric/segment.h"
#include "dataplane/fabric/tunnel_settings.h"

namespace ringfence::agent {

struct PortFacts {
    explicit PortFacts(PortId port_id) : id(port_id) {}

    PortId id;
    PortKind kind = PortKind::unbound;
    unsigned worker = 0;
    std::string iface_id;                     // nic: Logical_Port.name
    BridgePort bridge;                        // bridged
    std::vector<PortId> received_to, sent_to; // of mirrors
    bool dead_vlan = false;
    std::optional<PortId> peer;                // uplink, shadow
    std::vector<IpAddr> vtep_addresses;        // uplink: that its shadow carries
    std::vector<Ipv6Addr> link_local;          // nic: claimed by its own probes
    bool activated = false;                    // nic: has sent here while it was to move here
    bool picks_up = false;                     // nic: moved here lately
    bool declined4 = false, declined6 = false; // nic: it found the address of its DHCP in use
    WantedLimits limits;                       // by the host's own database
    bool operator==(const PortFacts&) const = default;
};

// Of a bridge without a fabric.
struct BridgeSegment {
    SegmentSettings settings;
    std::vector<PortId> members;
    bool operator==(const BridgeSegment&) const = default;
};
// There a MAC was seen, or moved, or is forgotten (an unknown place).
struct StationChange {
    SegmentId segment;
    MacAddr mac;
    Destination place;
    bool operator==(const StationChange&) const = default;
};

struct LocalFacts {
    std::string host;                       // this host's name, Open_vSwitch external_ids:system-id
    std::map<std::string, PortFacts> ports; // by Interface name
    std::map<IpAddr, std::vector<UnderlayPath>> paths; // of other hosts' VTEPs, as far as resolved
    std::optional<unsigned> underlay_mtu;              // the smallest of our VTEPs' devices
    bool has_vtep6 = false; // some of our VTEPs is at an IPv6 address: larger outer headers
    TunnelSettings tunnel;
    PortLimits limits; // of ports of which nothing else is said
    std::map<SegmentAddress, OwnClaim> claims;
    std::map<SegmentId, BridgeSegment> bridge_segments;
    bool operator==(const LocalFacts&) const = default;
};

} // namespace ringfence::agent
