// What the host's Open_vSwitch database asks for, as plain values: rows in, wanted ports and
// settings out. Pure; the agent compares the result with what is there.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/result.h"
#include "dataplane/agent/limits.h"
#include "dataplane/agent/local/watching.h"
#include "dataplane/fabric/bridge_port.h"
#include "dataplane/fabric/tunnel_settings.h"
#include "ovsdb/uuid.h"
#include "ovsdb/vswitch.h"

namespace ringfence::agent {

enum class PortType { tap, internal, system, dpdk, vhost_user, vhost_user_client };

const char* to_string(PortType type); // Interface.type's words

// One Interface row that can be built.
struct WantedPort {
    ovsdb::Uuid interface {}; // its row; nil for a port of a state file
    std::string name;
    std::string bridge;
    PortType type = PortType::tap;
    bool is_bridge = false; // the bridge's own internal port
    // dpdk: options:dpdk-devargs; vhost_user_client: options:vhost-server-path; vhost_user: its
    // socket below the run folder, such as "vhu1" or, by other_config:vhost-sock-dir, "vm/vhu1".
    std::string device;
    std::string iface_id;      // external_ids:iface-id; "" = none
    std::string uplink_shadow; // external_ids:ringfence-uplink: the tap's name; "" = no uplink
    std::optional<MacAddr> mac;
    std::optional<unsigned> mtu_request;
    std::optional<uint16_t> tag;
    std::set<uint16_t> trunks;
    VlanMode vlan_mode = VlanMode::trunk; // as said, or as `tag` implies
    bool is_bridged = false;       // no NIC's, nor of the fabric: its bridge forwards by itself
    bool is_mirror_output = false; // carries what a mirror copies, and nothing else
    WantedLimits limits;
    std::string limits_trouble;             // what is wrong with them; the rest holds
    std::optional<uint16_t> ofport;         // that the row holds: re-used after a restart
    std::optional<uint16_t> ofport_request; // by the operator
    bool operator==(const WantedPort&) const = default;
};

struct WantedBridge {
    ovsdb::Uuid row{};
    std::string name;
    std::string datapath_id; // other_config:datapath-id, if it is one
    std::optional<MacAddr> hwaddr;
    size_t most_macs = 8192;            // other_config:mac-table-size
    std::chrono::seconds mac_life{300}; // other_config:mac-aging-time
    bool operator==(const WantedBridge&) const = default;
};

struct WantedMirror {
    ovsdb::Uuid row{};
    std::string output; // Interface names, all of wanted ports
    std::set<std::string> received, sent;
    bool operator==(const WantedMirror&) const = default;
};

// external_ids of the Open_vSwitch row: where this host stands in the fabric.
struct FabricSettings {
    std::string host;                                   // system-id
    std::string remote;                                 // ringfence-remote; "" = no southbound
    std::vector<IpAddr> vtep_addresses;                 // ringfence-encap-ip
    std::map<std::string, std::string> bridge_mappings; // ringfence-bridge-mappings
    TunnelSettings tunnel;           // ringfence-encap-port; ringfence-encap-dscp
    PortLimits limits;               // other_config: of ports of which nothing else is said
    std::string query{};             // where this host is asked: "ssl:ADDRESS:PORT"; "" = nowhere
    std::vector<std::string> errors; // a sentence each; the rest is good
    bool operator==(const FabricSettings&) const = default;
};

struct Wanted {
    ovsdb::Uuid root{};   // the Open_vSwitch row; nil = there is none yet
    int64_t next_cfg = 0; // what cur_cfg becomes once all this is done
    FabricSettings fabric;
    WatchSettings watch;
    std::map<std::string, std::string> other_config;
    std::vector<WantedBridge> bridges;       // by name
    std::map<std::string, WantedPort> ports; // by name
    std::vector<WantedMirror> mirrors;
    std::map<ovsdb::Uuid, std::string> refused; // Interface rows that can't be built, and why
    std::set<ovsdb::Uuid> controllers;          // Controller rows; nobody speaks OpenFlow here
};

Wanted wanted_from(const vswitch::Tables& tables);
FabricSettings fabric_settings_from(const std::map<std::string, std::string>& external_ids);

// Port.tag or trunks say 4095, with which os-vif and Neutron isolate a port: nothing passes.
bool is_dead_vlan(const WantedPort& port);

// "" when a network device may have this name, else what is wrong with it.
std::string trouble_with_device_name(const std::string& name);

} // namespace ringfence::agent
