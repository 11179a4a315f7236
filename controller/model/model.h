// The northbound rows as the controller and its clients think of them: the rows, and the few
// questions that cross tables (who has this VNI, which segment does this NIC stand on). It is a
// view: the tables must outlive it and must not change under it.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/types/result.h"
#include "ovsdb/northbound.h"

namespace ringfence::model {

using ovsdb::Uuid;

// What VXLAN over IPv4 adds to a segment's MTU: inner Ethernet 14, outer IPv4 20, UDP 8, VXLAN 8
// (RFC 7348).
inline constexpr int64_t vxlan_overhead = 50;
inline constexpr int64_t least_mtu = 68; // of IPv4: RFC 791, 3.2
// What a guest's own tags add to a frame where its network lets them pass: two, so that 802.1ad
// fits as well as 802.1Q. An MTU counts what is behind the tags.
inline constexpr int64_t vlan_overhead = 8;

// What a host says of itself. The controller has it from Host_Status, everybody else from what the
// controller copies to Host.reported.
struct HostFacts {
    std::set<std::string> vtep_addresses;
    std::set<std::string> held; // those that the fabric knows as its own already: controller only
    std::optional<int64_t> underlay_mtu; // bytes
    bool operator==(const HostFacts&) const = default;
};
using Facts = std::map<std::string, HostFacts, std::less<>>; // by the host's name

// Rows of the tables that nobody has written yet: they yield to all others.
using Newcomers = std::unordered_set<Uuid>;

// Host.reported, there and back.
std::map<std::string, std::string> to_reported(const HostFacts& facts);
Facts reported_facts(const northbound::Tables& rows);

class Model {
public:
    Model(const northbound::Tables& rows) : Model(rows, reported_facts(rows)) {} // NOLINT: wanted
    Model(const northbound::Tables& rows, Facts facts, Newcomers newcomers = {});

    const northbound::Tables& rows() const { return *rows_; }
    const HostFacts* facts(std::string_view host) const; // null: it never dialed in

    // The network whose segment the NIC stands on: its own, or the parent of a bridged vApp
    // network.
    std::optional<Uuid> segment_of(const northbound::Nic& nic) const;
    // Where a vApp network's frames go: itself, or its parent when it is bridged.
    std::optional<Uuid> segment_of(const northbound::VappNetwork& network) const;

    // Whether the network is the NIC's to attach to: of its vApp, or of its organization.
    bool may_attach(const northbound::Nic& nic) const;

    // Which NIC or edge router may keep this address (MAC or IP text) on this segment: the one that
    // the ledger names, else the one with the lowest UUID. A NIC's outside addresses are on the
    // parent's segment.
    std::optional<Uuid> holder(const Uuid& segment, std::string_view address) const;
    // What the ledger says of it, newcomers' rows left out.
    const northbound::AddressAllocation* entry(const Uuid& segment, std::string_view address) const;

    // The edge router of a vApp network, or the organization's edge that an organization network is
    // attached to: of several the one with the lowest UUID. Null when there is none.
    const northbound::EdgeRouter* edge_of(const Uuid& network) const;
    // The vApp networks that have this organization network for a parent.
    const std::vector<Uuid>& children_of(const Uuid& organization_network) const;
    // Not in the tables, or there as one that yields.
    bool is_newcomer(const northbound::VappNetwork& network) const;
    // Which network may keep this VNI, by the same rule.
    std::optional<Uuid> vni_holder(int64_t vni) const;
    // Which host may keep this VTEP address: the one that the fabric knows by it, else the one with
    // the lowest UUID. Null when nobody has it.
    const northbound::Host* vtep_holder(std::string_view address) const;
    // Every VNI that the ledger or a network holds.
    const std::map<int64_t, std::vector<Uuid>>& vnis() const { return vnis_; }

    // The largest frame payload that a segment can carry over VXLAN: the smallest underlay MTU of
    // the admitted hosts less vxlan_overhead, and which host that is.
    struct Limit {
        int64_t mtu = 1450;
        std::string host; // "" = no host has reported one yet

        // Of a segment that passes its guests' VLAN tags or not.
        int64_t mtu_of(bool vlan_transparent) const {
            return vlan_transparent ? std::max(mtu - vlan_overhead, least_mtu) : mtu;
        }
    };
    const Limit& underlay() const { return underlay_; }
    bool is_admitted(const northbound::Host& host) const;

private:
    struct AddressKey {
        Uuid segment;
        std::string address;
        bool operator==(const AddressKey&) const = default;
    };
    struct AddressHash {
        size_t operator()(const AddressKey& key) const;
    };
    void index_hosts();
    void index_vteps(const northbound::Host& host);
    void index_vnis();
    void index_networks();
    void index_edges();
    void index_ledger();
    void index_addresses();
    void claim(const Uuid& segment, std::string address, const Uuid& claimant);
    void claim_of(const northbound::Nic& nic);
    void claim_of(const northbound::EdgeRouter& edge);
    void rank(std::vector<Uuid>& claimants, const Uuid* in_ledger) const;

    const northbound::Tables* rows_;
    Facts facts_;
    Newcomers newcomers_;
    std::unordered_map<AddressKey, std::vector<Uuid>, AddressHash>
        holders_; // the first one keeps it
    std::unordered_map<AddressKey, const northbound::AddressAllocation*, AddressHash> ledger_;
    std::unordered_map<Uuid, std::vector<Uuid>> edges_; // by network; the first one keeps it
    std::unordered_map<Uuid, std::vector<Uuid>> children_;
    std::map<int64_t, std::vector<Uuid>> vnis_; // likewise
    std::map<std::string, const northbound::Host*, std::less<>> vteps_;
    Limit underlay_;
    bool admit_all_ = false;
};

} // namespace ringfence::model
