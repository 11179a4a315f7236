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
    std::string log_server{}; // ADDRESS:PORT of the provider's syslog server for it; "" = none
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
    std::optional<std::string> log_server{}; // "" = none
};

struct DataCenter {
    Path path{};
    bool all_hosts = true; // all that are admitted, or those below
    Texts hosts{};
    std::string network_pool{};
    std::map<std::string, int64_t> limits{}; // of each of its NICs that says nothing else
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
    std::map<std::string, std::optional<int64_t>> limits{}; // without a value: none
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
    // What becomes of connections that begin outside its edge router: "deny" (also when it is ""),
    // or "allow".
    std::string inbound{};
    bool log_default = false; // what that decides is logged
};
struct SegmentChange {
    Setting<int64_t> mtu{};
    std::optional<Texts> subnets{};
    std::optional<Texts> gateways{};
    std::optional<Texts> ranges{};
    std::optional<std::string> unknown_unicast{};
    std::optional<bool> vlan_transparent{};
    std::optional<std::string> inbound{};
    std::optional<bool> log_default{};
};

struct Network {
    Path path{};
    std::string data_center{};
    std::string mode{}; // "isolated", or "routed" by the edge router that it is attached to
    std::string edge{}; // that one's path; "" = none
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

// How it meets its parent: "isolated" (not at all), "bridged" (one segment with it), "nat-routed"
// (a subnet of its own behind an edge router), "fenced" (the parent's subnet on both sides of an
// edge router; each NIC has an outside address there).
struct VappNetwork {
    Path path{};
    std::string mode{};
    std::string parent{};         // the organization network that it meets; "" = none
    std::string translation{};    // "none" or "one-to-one"; "" = it has no edge router
    Texts edge_addresses{};       // its edge router's own on the parent
    std::optional<int64_t> vni{}; // none when bridged: it is its parent's segment
    Segment segment{};
    std::string status{}; // or its edge router's
};
// An edge router is made with one that is nat-routed or fenced. A nat-routed one without gateways
// gets the first address of each of its subnets.
struct NewVappNetwork {
    Path path{};
    std::string mode = "isolated";
    std::string parent{};      // a network of the same organization
    std::string translation{}; // of a nat-routed one; "" = "one-to-one"
    std::optional<int64_t> vni{};
    Segment segment{};
    bool may_exist = false;
};
struct VappNetworkChange {
    std::optional<std::string> name{};
    std::optional<std::string> mode{};
    std::optional<std::string> parent{}; // "" = none
    std::optional<std::string> translation{};
    SegmentChange segment{};
    bool cascade =
        false; // another mode may delete rules, routes and DHCP settings that it can't have
};

// --- Edge routers, addresses --------------------------------------------------------------------
// An organization's (acme/main), which connects its networks, or a vApp network's
// (acme/shop/front), which goes with it.
struct Edge {
    Path path{};
    std::string translation{};
    TextMap addresses{}; // network -> its own there, with commas
    int64_t routes = 0;  // static ones
    std::string status{};
};
struct NewEdge {
    Path path{};
    bool may_exist = false;
};
// An organization network is attached to one edge router at most, and is routed by it then.
struct NewAttachment {
    std::string network{};
    Texts addresses{}; // none = the network's gateways
    bool may_exist = false;
};

struct Route {
    Path edge{};
    std::string prefix{};
    Texts next_hops{};
    std::string status{};
};
struct NewRoute {
    Path edge{};
    std::string prefix{}; // or "default": 0.0.0.0/0 or ::/0, as the next hops are
    Texts next_hops{};
    bool may_exist = false; // with these next hops
};

// A MAC or IP address that is taken on a network.
struct Address {
    Path network{};
    std::string address{};
    // "mac", "nic", "outside", "router", "gateway", "dhcp" or "reserved"
    std::string kind{};
    std::string nic{};   // the port name of the NIC that has it; "" = none
    std::string owner{}; // for people
};
struct AddressCounts {
    Path network{};
    Texts ranges{};   // those to give out
    int64_t size = 0; // addresses in them
    int64_t free = 0; // of those
    int64_t used = 0; // of all addresses of the network, but for MACs
    int64_t macs = 0;
    std::map<std::string, int64_t> kinds{}; // used, by kind
};
struct NewReservation {
    Path network{};
    std::string address{};
    std::string owner = "reserved"; // what for
    bool may_exist = false;
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
    bool deployed = true;
    bool may_exist = false;
};
struct VappChange {
    std::optional<std::string> name{};
};

// Networks, VMs, NICs, edge routers and routes are copied. MACs and addresses stay as they are
// inside isolated, nat-routed and fenced networks; on a segment that is shared with the source NICs
// get new ones from its ranges.
struct NewClones {
    Path source{};
    Path path{};
    std::optional<int64_t> count{}; // 1 to 1000: PATH-1, PATH-2 and so on; none: PATH alone
    bool deployed = true;
};
struct Clones {
    std::vector<Vapp> vapps{};
    Texts notes{}; // what can't be the same in them
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
    // What stands for them on the parent of a fenced or one-to-one translated network.
    Texts outside_addresses{};
    std::string allocation{};    // "pool", "dhcp" (bound beforehand), "manual" or "none"
    std::string port_security{}; // "strict", "mac" (addresses unknown) or "trusted"
    std::string hostname{};      // that DHCP tells it; "" = its VM's name
    bool trusted_relay = false;  // a DHCP relay stands there
    bool dhcp_server = false;    // it may serve where the network's own DHCP is off
    Texts security_groups{};     // paths
    TextMap virtual_addresses{}; // that it may take over, each with its MAC
    Texts held_addresses{};      // those of them that it has now
    std::map<std::string, int64_t> limits{};           // its own
    std::map<std::string, int64_t> effective_limits{}; // with those of its data center
    std::string foreign_host{}; // bound there by hand; "" = plugged wherever its iface-id appears
    std::string bound_host{};   // where it is; "" = nowhere
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
    Texts security_groups{}; // of its organization
    std::string mac{};       // "" = a free, locally administered one
    // Unset: "manual" where there are addresses, else "none". "pool" and "dhcp" take a free address
    // of each family that the network has ranges of.
    std::optional<std::string> allocation{};
    Texts addresses{};                          // none: allocation "none", port security "mac"
    std::optional<std::string> port_security{}; // unset = "strict" where there are addresses
    std::string port_name{};                    // "" = ORG/VAPP/VM/NUMBER
    bool may_exist = false;                     // with a number or a port name only
};
struct NicChange {
    std::optional<std::string> hostname{}; // "" = its VM's name
    std::optional<bool> trusted_relay{};
    std::optional<bool> dhcp_server{};
    std::optional<Texts> security_groups{}; // instead of all that there were
    Texts join{};                           // beside them
    Texts leave{};
    std::map<std::string, std::optional<int64_t>> limits{}; // without a value: as if never set
    std::optional<std::string> mac{};
    std::optional<std::string> allocation{};
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
