// A port of this host, as the workers see it. A plain value, made by the agent.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/box.h"
#include "core/types/ids.h"
#include "dataplane/fabric/bridge_port.h"
#include "dataplane/fabric/port_limits.h"
#include "dataplane/fabric/virtual_address.h"
#include "edge-router/dhcp/binding.h"

namespace ringfence {

enum class PortKind : uint8_t {
    unbound, // has no iface-id, nor a bridge of its own: passes nothing (`admit.unbound`)
    nic,     // a logical port, bound by its iface-id
    bridged, // of a bridge without a fabric
    uplink,  // carries the underlay: VXLAN and, for the kernel, all else
    shadow,  // the tap that stands in for an uplink in the kernel
};

// What a NIC may claim to be (DESIGN §6).
enum class PortSecurity : uint8_t {
    strict,  // its MAC and its addresses
    mac,     // its MAC; the addresses are not known to the provider
    trusted, // any MAC that is not another logical port's
};

struct LocalPort {
    LocalPort(PortId port_id, PortKind port_kind) : id(port_id), kind(port_kind) {}

    PortId id; // below Destination::max_ports, stable over restarts
    PortKind kind;
    unsigned worker = 0; // index of the worker that polls it, and alone transmits on it
    std::string name;    // the Interface's
    std::string intent;  // path of the northbound object, for traces

    // nic. Without a segment the port waits for one and drops all (`admit.not_ready`).
    std::optional<SegmentId> segment;
    // Its NIC is another host's, and it is no segment's: that it sends is told (Notice::sends). It
    // may be to move here, and does with its first frame; or it has moved away.
    bool is_elsewhere = false;
    bool picks_up = false;  // moved here lately: TCP connections may be met in their middle
    bool dead_vlan = false; // Port.tag = 4095: nothing in, nothing out
    PortSecurity security = PortSecurity::strict;
    MacAddr mac;
    std::vector<Ipv4Addr> ip4;
    std::vector<Ipv6Addr> ip6;
    // Link-locals that the port claimed by its own unanswered DAD probes, at most two
    // (LinkLocalClaims decides). The EUI-64 one of its MAC is always its own and not listed.
    std::vector<Ipv6Addr> link_local;
    std::vector<AllowedAddress> virtual_addresses; // that it may have; few
    std::vector<PolicyId> policies;                // its own firewalls
    DomainId domain{0};                            // where the groups that they name are looked up
    PortLimits limits;
    // What this host tells it; none: its requests go where its segment takes them.
    std::shared_ptr<const Dhcp4Binding> dhcp4;
    std::shared_ptr<const Dhcp6Binding> dhcp6;
    bool declined4 = false, declined6 = false; // it has found the address in use
    bool trusted_relay = false;                // it may ask through DHCP relays
    bool dhcp_server = false;                  // it may serve: DHCP, DHCPv6, advertisements

    Box<BridgePort> bridge; // bridged

    // uplink: the VTEP addresses that stand on it; uplink <-> shadow.
    std::vector<Ipv4Addr> vtep_ip4;
    std::vector<Ipv6Addr> vtep_ip6;
    std::optional<PortId> peer;

    // Mirrors: ports that get copies of what comes from this one, and of what it is sent.
    std::vector<PortId> received_to, sent_to;

    bool operator==(const LocalPort&) const = default;
};

} // namespace ringfence
