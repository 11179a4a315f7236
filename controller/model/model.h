// The northbound rows as the controller and its clients think of them: the rows, and the few
// questions that cross tables (who has this VNI, which segment does this NIC stand on). It is a
// view: the tables must outlive it and must not change under it. (The controller's follows its
// tables: whoever gives an Observer fills the indexes, and keeps them; see indexes.h.)
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "controller/model/indexes.h"
#include "controller/model/rows.h"
#include "core/types/result.h"
#include "ovsdb/northbound.h"

namespace ringfence::model {

using Facts = std::map<std::string, HostFacts, std::less<>>; // by the host's name

// Rows of the tables that nobody has written yet: they yield to all others.
using Newcomers = std::unordered_set<Uuid>;

// Host.reported, there and back.
std::map<std::string, std::string> to_reported(const HostFacts& facts);
Facts reported_facts(const northbound::Tables& rows);

class Model {
public:
    Model(const northbound::Tables& rows) : Model(rows, reported_facts(rows)) {} // NOLINT: wanted
    Model(const northbound::Tables& rows, const Facts& facts, Newcomers newcomers = {});
    // With empty indexes.
    Model(const northbound::Tables& rows, Observer& observer);

    const Rows& rows() const { return rows_; }
    // Whole tables, for clients: no Observer is told what is read here.
    const northbound::Tables& tables() const { return tables_; }
    Indexes& indexes() { return indexes_; }
    const Indexes& indexes() const { return indexes_; }

    std::optional<HostFacts> facts(const std::string& host) const; // none: it never dialed in

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
    // The vApp networks without translation that have this organization network for a parent.
    const std::multiset<Uuid>& untranslated_of(const Uuid& organization_network) const {
        return indexes_.untranslated.all(organization_network);
    }
    // Where DHCP answers come from on this segment, as its ledger has it.
    const std::multiset<IpAddr>& dhcp_addresses_of(const Uuid& network) const {
        return indexes_.dhcp_ledger.all(network);
    }
    bool is_newcomer(const Uuid& row) const { return newcomers_.contains(row); }
    // Not in the tables, or there as one that yields.
    bool is_newcomer(const northbound::VappNetwork& network) const;
    // Which network may keep this VNI, by the same rule.
    std::optional<Uuid> vni_holder(int64_t vni) const;
    // Which host may keep this VTEP address: the one that the fabric knows by it, else the one with
    // the lowest UUID. Null when nobody has it.
    const northbound::Host* vtep_holder(const std::string& address) const;
    // The VNIs that the ledger says were drawn from the pool: the lowest and the highest, each with
    // its network.
    using DrawnVni = std::pair<int64_t, Uuid>;
    const DrawnVni* lowest_vni(const Uuid& pool) const { return indexes_.vnis_of_pool.first(pool); }
    const DrawnVni* highest_vni(const Uuid& pool) const { return indexes_.vnis_of_pool.last(pool); }

    Limit underlay() const;
    bool is_admitted(const northbound::Host& host) const;

private:
    void fill(const Facts& facts);

    const northbound::Tables& tables_;
    Rows rows_;
    Newcomers newcomers_;
    Indexes indexes_;
};

} // namespace ringfence::model
