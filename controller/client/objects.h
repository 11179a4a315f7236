// What a cloud is made of, as values: what a call takes (New...: what to make, ...Change: what to
// change; an unset field is left as it is) and what it answers (Host, Organization, ...: what
// stands in the northbound database, with references as paths).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/client/path.h"

namespace ringfence::client {

using Texts = std::set<std::string>;
using TextMap = std::map<std::string, std::string>;

// An optional setting in a ...Change: not given, given as "none" (the inner one is empty), or
// given.
template <class T> using Setting = std::optional<std::optional<T>>;

// --- The fabric as a whole ----------------------------------------------------------------------
struct Global {
    int64_t change = 0;       // the last change asked for
    int64_t compiled = 0;     // every change up to this one is in the flow tables
    bool admit_hosts = false; // hosts that dial in are admitted by themselves (labs)
};
struct GlobalChange {
    std::optional<bool> admit_hosts{};
};

// --- Hosts --------------------------------------------------------------------------------------
struct Host {
    std::string name{}; // its system-id
    std::string
        kind; // "ringfence", or "foreign": a kernel or OVS VTEP, its ports are bound by hand
    bool admitted = false;
    Texts vtep_addresses{};
    int64_t required = 0; // the number of the last change that touches it, and
    int64_t applied = 0;  // the last one that it forwards by
    TextMap reported{};   // what it says of itself: VTEP addresses, underlay MTU, bridge mappings
    TextMap trouble{};    // object -> what is wrong with it there
    std::string status{}; // "" = nothing is wrong
};
struct NewHost {
    std::string name{};
    std::string kind = "foreign";
    Texts vtep_addresses{}; // a foreign host's; others report their own
    bool may_exist = false;
};
struct HostChange {
    std::optional<bool> admitted{};
    std::optional<Texts> vtep_addresses{};
};

// --- Organizations, virtual data centers, network pools -----------------------------------------
struct Organization {
    std::string name{};
    std::string description{};
    bool enabled = true;
    std::string status{};
};
// Comes with a virtual data center "default" (all admitted hosts), on the network pool "default"
// (VNIs 5000-65535), which is made when it is missing.
struct NewOrganization {
    std::string name{};
    std::string description{};
    bool may_exist = false;
};
struct OrganizationChange {
    std::optional<std::string> name{};
    std::optional<std::string> description{};
    std::optional<bool> enabled{};
};

struct DataCenter {
    Path path{};
    bool all_hosts = true; // all that are admitted, or those below
    Texts hosts{};
    std::string network_pool{};
    std::string status{};
};
struct NewDataCenter {
    Path path{};
    Texts hosts{}; // none = all that are admitted
    std::string network_pool = "default";
    bool may_exist = false;
};
struct DataCenterChange {
    std::optional<std::string> name{};
    std::optional<Texts> hosts{}; // an empty set = all that are admitted
    std::optional<std::string> network_pool{};
};

struct NetworkPool {
    std::string name{};
    int64_t first_vni = 0;
    int64_t last_vni = 0; // included
    int64_t used = 0;     // VNIs given out
    std::string status{};
};
struct NewNetworkPool {
    std::string name{};
    int64_t first_vni = 0; // 1 to 16777215
    int64_t last_vni = 0;
    bool may_exist = false;
};
struct NetworkPoolChange {
    std::optional<std::string> name{};
    std::optional<int64_t> first_vni{};
    std::optional<int64_t> last_vni{};
};

// --- Networks -----------------------------------------------------------------------------------
// What organization networks and vApp networks have in common.
struct Segment {
    std::optional<int64_t> mtu{};          // bytes of IP; unset = what the underlay leaves
    Texts subnets{};                       // "10.0.0.0/24"
    Texts gateways{};                      // addresses
    Texts ranges{};                        // "10.0.0.10-10.0.0.99"
    std::string unknown_unicast = "flood"; // or "drop"
    bool vlan_transparent = false;         // tagged frames pass
};
struct SegmentChange {
    Setting<int64_t> mtu{};
    std::optional<Texts> subnets{};
    std::optional<Texts> gateways{};
    std::optional<Texts> ranges{};
    std::optional<std::string> unknown_unicast{};
    std::optional<bool> vlan_transparent{};
};

struct Network {
    Path path{};
    std::string data_center{};
    std::string mode{};
    int64_t vni = 0;
    Segment segment{};
    std::string status{};
};
struct NewNetwork {
    Path path{};
    std::string data_center = "default";
    std::string mode = "isolated";
    std::optional<int64_t> vni{}; // unset = a free one of the data center's network pool
    Segment segment{};
    bool may_exist = false;
};
struct NetworkChange {
    std::optional<std::string> name{};
    SegmentChange segment{};
};

struct VappNetwork {
    Path path{};
    std::string mode{};
    std::string parent{};         // the organization network that it meets; "" = none
    std::optional<int64_t> vni{}; // none when bridged: it is its parent's segment
    Segment segment{};
    std::string status{};
};
struct NewVappNetwork {
    Path path{};
    std::string mode = "isolated";
    std::string parent{}; // a network of the same organization
    std::optional<int64_t> vni{};
    Segment segment{};
    bool may_exist = false;
};
struct VappNetworkChange {
    std::optional<std::string> name{};
    SegmentChange segment{};
};

// --- vApps, virtual machines, NICs --------------------------------------------------------------
struct Vapp {
    Path path{};
    std::string data_center{};
    bool deployed = true;
    std::string status{};
};
struct NewVapp {
    Path path{};
    std::string data_center = "default";
    bool may_exist = false;
};
struct VappChange {
    std::optional<std::string> name{};
};

struct Vm {
    Path path{};
    std::string status{};
};
struct NewVm {
    Path path{};
    bool may_exist = false;
};
struct VmChange {
    std::optional<std::string> name{};
};

struct Nic {
    Path path{};             // the last name is its number
    std::string port_name{}; // the logical port: the iface-id to plug with
    std::string network{};   // path of an organization or a vApp network
    std::string mac{};
    Texts addresses{};
    std::string allocation{};    // "manual" (addresses by hand) or "none"
    std::string port_security{}; // "strict", "mac" (addresses unknown) or "trusted"
    std::string foreign_host{};  // bound there by hand; "" = plugged wherever its iface-id appears
    std::string bound_host{};    // where it is; "" = nowhere
    std::string status{};
};
// Makes the vApp and the VM when they are missing.
struct NicNetwork {
    std::string network{};      // an organization network's name, or
    std::string vapp_network{}; // a vApp network's of the same vApp: exactly one of the two
};
struct NewNic {
    Path vm{};
    std::optional<int64_t> number{}; // unset = the lowest free one
    NicNetwork network{};
    std::string mac{};                          // "" = a free, locally administered one
    Texts addresses{};                          // none: allocation "none", port security "mac"
    std::optional<std::string> port_security{}; // unset = "strict" where there are addresses
    std::string port_name{};                    // "" = ORG/VAPP/VM/NUMBER
    bool may_exist = false;                     // with a number or a port name only
};
struct NicChange {
    std::optional<std::string> mac{};
    std::optional<Texts> addresses{};
    std::optional<std::string> port_security{};
};

// --- What happened ------------------------------------------------------------------------------
struct Event {
    int64_t time = 0; // milliseconds since 1970, UTC
    std::string kind{};
    Texts objects{};
    Texts hosts{};
    std::string text{};
};

} // namespace ringfence::client
