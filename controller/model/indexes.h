// The indexes of the Model, and what each row puts into them. Who makes a Model of tables has them
// filled at once; the controller's engine calls index() for the rows that changed, in the order of
// the stages, because an entry of a later stage may be made by looking into an earlier one.
#pragma once

#include <algorithm>
#include <compare>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "controller/model/index.h"
#include "core/types/addresses.h"
#include "ovsdb/northbound.h"

namespace ringfence::model {

using ovsdb::Uuid;

// What VXLAN adds to a segment's MTU: inner Ethernet 14, outer IPv4 20 or IPv6 40, UDP 8, VXLAN 8
// (RFC 7348).
inline constexpr int64_t vxlan_overhead = 50, vxlan6_overhead = 70;
inline constexpr int64_t least_mtu = 68;      // of IPv4: RFC 791, 3.2
inline constexpr int64_t least_v6_mtu = 1280; // RFC 8200, 5
// What a guest's own tags add to a frame where its network lets them pass: two, so that 802.1ad
// fits as well as 802.1Q. An MTU counts what is behind the tags.
inline constexpr int64_t vlan_overhead = 8;

// Where an address (MAC or IP, canonical text) counts.
struct AddressKey {
    Uuid segment;
    std::string address;
    auto operator<=>(const AddressKey&) const = default;
};
struct AddressHash {
    size_t operator()(const AddressKey& key) const {
        return std::hash<Uuid>{}(key.segment) ^ std::hash<std::string>{}(key.address) * 31;
    }
};

// What a host says of itself. The controller has it from Host_Status, everybody else from what the
// controller copies to Host.reported.
struct HostFacts {
    std::set<std::string> vtep_addresses;
    std::set<std::string> held; // those that the fabric knows as its own already: controller only
    std::optional<int64_t> underlay_mtu; // bytes
    auto operator<=>(const HostFacts&) const = default;

    // Of a frame that it tunnels, over whichever family.
    int64_t overhead() const {
        auto is_v6 = [](const std::string& address) { return address.find(':') != address.npos; };
        return std::ranges::any_of(vtep_addresses, is_v6) ? vxlan6_overhead : vxlan_overhead;
    }
};

// The largest frame payload that a segment can carry over VXLAN: the smallest underlay MTU of
// the admitted hosts less what VXLAN adds there, and which host that is.
struct Limit {
    int64_t mtu = 1450;
    std::string host;         // "" = no host has reported one yet
    int64_t underlay_mtu = 0; // of that host
    auto operator<=>(const Limit&) const = default;

    // Of a segment that passes its guests' VLAN tags or not.
    int64_t mtu_of(bool vlan_transparent) const {
        return vlan_transparent ? std::max(mtu - vlan_overhead, least_mtu) : mtu;
    }
};

// Who wants to have something, the one that keeps it first: newcomers yield, of the others the one
// with the lowest UUID is believed. (Of a VTEP address whoever the fabric doesn't know by it yet is
// the newcomer.)
struct Claimant {
    bool newcomer = false;
    Uuid uuid;
    auto operator<=>(const Claimant&) const = default;
};

// The key of what there is only one of.
using Whole = std::monostate;

struct Indexes {
    explicit Indexes(Observer* observer);
    ~Indexes(); // not inline: or every file that holds a Model would compile each index

    // Stage 1: made of one row.
    Index<Whole, bool> admits_all;                        // Global.admit_hosts
    Index<int64_t, Claimant> networks_by_vni;             //
    Index<int64_t, Uuid> vni_ledger;                      // the network that it names
    Index<Uuid, std::pair<int64_t, Uuid>> vnis_of_pool;   // VNI, network: the ledger
    Index<AddressKey, Uuid, AddressHash> address_ledger;  // Address_Allocation rows
    Index<Uuid, Claimant> edges_by_network;               // that has it inside
    Index<Uuid, Uuid> untranslated;                       // vApp networks by their parent
    Index<Uuid, IpAddr> dhcp_ledger;                      // by network: of kind dhcp
    Index<Uuid, Claimant> dhcp_by_network;                // Dhcp_Options rows
    Index<std::string, HostFacts> reported;               // by the host's name
    Index<std::string, std::set<std::string>> held_vteps; // likewise
    // Stage 2: made of a row and those that it stands on.
    Index<std::string, Claimant> vtep_claims;                // by address: admitted hosts
    Index<Whole, Limit> underlays;                           // of admitted hosts
    Index<AddressKey, Claimant, AddressHash> address_claims; // NICs and edge routers
};

class Model;

// --- Stage 1 ------------------------------------------------------------------------------------
void index(Model&, const northbound::Global&, Emitter&);
void index(Model&, const northbound::OrganizationNetwork&, Emitter&);
void index(Model&, const northbound::VappNetwork&, Emitter&);
void index(Model&, const northbound::VniAllocation&, Emitter&);
void index(Model&, const northbound::AddressAllocation&, Emitter&);
void index(Model&, const northbound::EdgeRouter&, Emitter&);
void index(Model&, const northbound::DhcpOptions&, Emitter&);

// --- Stage 2 ------------------------------------------------------------------------------------
void index(Model&, const northbound::Host&, Emitter&);
void index(Model&, const northbound::Nic&, Emitter&);
void index_addresses(Model&, const northbound::EdgeRouter&, Emitter&);

} // namespace ringfence::model
