// Makes the Fabric: southbound rows and local facts in, the next Fabric out. It does no I/O and
// asks no clock. The work of a change is proportional to the rows that it touches: each row's
// effect on the Fabric (its Placement) is remembered, taken back and made anew.
//
//     builder.apply(changes);             // any number of these, in any order,
//     builder.set_facts(facts);
//     auto fabric = builder.finish();     // then once: all of it, or nothing
//
// A row that can't be read keeps its last good value, one that this version can't obey, or that
// says whom firewalls stop, lets nothing pass (trouble() names both); the others go on. Each table
// has a part of its own, in the files beside this one; Known is what they share.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/agent/builder/bridges.h"
#include "dataplane/agent/builder/held.h"
#include "dataplane/agent/builder/hosts.h"
#include "dataplane/agent/builder/known.h"
#include "dataplane/agent/builder/learned.h"
#include "dataplane/agent/builder/nics.h"
#include "dataplane/agent/builder/policies.h"
#include "dataplane/agent/builder/ports.h"
#include "dataplane/agent/builder/routers.h"
#include "dataplane/agent/builder/segments.h"
#include "dataplane/agent/builder/virtual_addresses.h"
#include "dataplane/fabric/fabric.h"
#include "ovsdb/southbound.h"

namespace ringfence::agent {

// What the southbound database says of the logical port that an iface-id names.
struct Binding {
    std::optional<std::string> host;      // that has it
    std::optional<std::string> candidate; // that it moves to
    std::optional<unsigned> mtu;          // of its segment, once that is known
    std::optional<SegmentId> segment;     // the same
};

class FabricBuilder {
public:
    explicit FabricBuilder(Ids& ids) : known_(ids), fabric_(std::make_shared<const Fabric>()) {}

    void apply(const southbound::Changes& changes);
    // All rows there are; what is not among them is gone. Of rows that are the same nothing is
    // touched, so a reconnect changes nothing in the Fabric.
    void reload(const southbound::Tables& tables);
    void set_facts(LocalFacts facts) { known_.set_facts(std::move(facts)); }
    // A MAC that a trusted port of this host sends from. Of one (segment, MAC) the last word
    // counts.
    void learn(const LearnedEntry& learned) {
        known_.put(uuid_of(learned), std::optional(learned));
    }
    void unlearn(const LearnedEntry& learned) {
        known_.put(uuid_of(learned), std::optional<LearnedEntry>());
    }
    // What bridges without a fabric have learned.
    void take_stations(std::vector<StationChange> changes) { bridges_.take(std::move(changes)); }
    std::optional<Uuid> row_of(SegmentId segment) const { return segments_.row_of(segment); }
    // Address_Group.name
    std::string name_of_group(GroupId group) const { return policies_.name_of_group(group); }
    // Firewall rules that got their number since the last call.
    std::vector<RuleId> take_new_rules() { return policies_.take_new_rules(); }
    // What the trusted ports of a host sent from, rows and own observations alike.
    std::vector<LearnedEntry> learned_at(const std::string& host) const {
        return learned_.learned_at(host);
    }

    // The Fabric of all that was applied; the same pointer when nothing has changed.
    std::shared_ptr<const Fabric> finish();

    // nullopt when no row has this name.
    std::optional<Binding> binding(const std::string& iface_id) const;
    // What the logical port is told by DHCP and advertisements.
    DhcpEntry dhcp_of(const std::string& iface_id) const { return known_.dhcp_of(iface_id); }
    // Addresses to keep resolved in the underlay: every other host's.
    std::set<IpAddr> wanted_vteps(const std::string& own_host,
                                  const std::vector<IpAddr>& own) const {
        return hosts_.wanted_vteps(own_host, own);
    }
    // Those that none of them stands for: hosts with VTEPs of the other family alone.
    std::set<std::string> out_of_reach(const std::string& own_host,
                                       const std::vector<IpAddr>& own) const {
        return hosts_.out_of_reach(own_host, own);
    }
    // Object -> what is wrong with its row, or with what it asks for.
    std::map<std::string, std::string> trouble() const;
    // Logical ports whose segment is not there (yet).
    std::vector<std::string> without_segment() const { return nics_.without_segment(); }
    // Moves since the last call; give each back to forget() two seconds later.
    std::vector<Move> take_moves() { return std::exchange(known_.moves, {}); }
    void forget(const Move& move) { over_.insert(move); }
    // Virtual addresses that are another port's since the last call.
    std::vector<Takeover> take_takeovers() { return std::exchange(known_.takeovers, {}); }
    // Nullptr: no row.
    const VirtualEntry* virtual_entry(const Uuid& segment, const IpAddr& address) const {
        return known_.virtual_entry(segment, address);
    }
    const KnownTable<VirtualEntry>& virtual_entries() const { return known_.virtual_addresses; }
    // "": nobody has it now.
    std::string holder(const SegmentAddress& address) const {
        auto found = known_.holders.find(address);
        return found == known_.holders.end() ? "" : found->second;
    }
    std::string port_with(const Uuid& segment, MacAddr mac) const {
        return known_.port_with(segment, mac);
    }
    const SegmentSettings* segment(const Uuid& row) const { return known_.segments.find(row); }
    // The logical port's row; nullptr: none.
    const NicEntry* nic(const std::string& name) const { return known_.nic(name); }

private:
    template <class Row> void take(const Row& row);
    template <class Row> void take_changes(const std::vector<ovsdb::Change<Row>>& changes);
    template <class Row, class Entry>
    void take_table(const ovsdb::Table<Row>& rows, const KnownTable<Entry>& entries);
    void finish_moves(FabricEdit& edit);

    Known known_;
    HostPart hosts_{known_};
    SegmentPart segments_{known_};
    PolicyPart policies_{known_};
    RouterPart routers_{known_};
    HeldPart held_{known_};
    NicPart nics_{known_};
    VirtualAddressPart virtual_addresses_{known_};
    LearnedPart learned_{known_};
    PortPart ports_{known_};
    BridgePart bridges_{known_};
    std::shared_ptr<const Fabric> fabric_;
    std::set<Move> over_;
    struct BadRow {
        std::string object, why; // it is not its latest value
    };
    std::map<Uuid, BadRow> bad_rows_;
};

// Everything in it, sorted, a line an object: for comparison in tests and `ringfence/fabric dump`.
std::string dump(const Fabric& fabric);

} // namespace ringfence::agent
