// Makes the Fabric: southbound rows and local facts in, the next Fabric out. It does no I/O and
// asks no clock. The work of a change is proportional to the rows that it touches: each row's
// effect on the Fabric (its Placement) is remembered, taken back and made anew.
//
//     builder.apply(changes);             // any number of these, in any order,
//     builder.set_facts(facts);
//     auto fabric = builder.finish();     // then once: all of it, or nothing
//
// A row that can't be read keeps its last good value (trouble() says so); the others go on.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dataplane/agent/southbound/facts.h"
#include "dataplane/agent/southbound/rows.h"
#include "dataplane/agent/state/ids.h"
#include "dataplane/fabric/fabric.h"
#include "ovsdb/southbound.h"

namespace ringfence::agent {

// What the southbound database says of the logical port that an iface-id names.
struct Binding {
    std::optional<std::string> host;  // that has it
    std::optional<unsigned> mtu;      // of its segment, once that is known
    std::optional<SegmentId> segment; // the same
};

// For some time after a NIC moved away from a VTEP, its frames may still come from there.
struct Move {
    SegmentId segment;
    MacAddr mac;
    NextHopId from;
    auto operator<=>(const Move&) const = default;
};

class FabricBuilder {
public:
    using Uuid = ovsdb::Uuid;

    explicit FabricBuilder(Ids& ids) : ids_(ids), fabric_(std::make_shared<const Fabric>()) {}

    void apply(const southbound::Changes& changes);
    // All rows there are; what is not among them is gone. Of rows that are the same nothing is
    // touched, so a reconnect changes nothing in the Fabric.
    void reload(const southbound::Tables& tables);
    void set_facts(LocalFacts facts);
    // A MAC that a trusted port of this host sends from. Of one (segment, MAC) the last word
    // counts.
    void learn(const LearnedEntry& learned);
    void unlearn(const LearnedEntry& learned);
    std::optional<Uuid> row_of(SegmentId segment) const;
    // What the trusted ports of a host sent from, rows and own observations alike.
    std::vector<LearnedEntry> learned_at(const std::string& host) const;

    // The Fabric of all that was applied; the same pointer when nothing has changed.
    std::shared_ptr<const Fabric> finish();

    // nullopt when no row has this name.
    std::optional<Binding> binding(const std::string& iface_id) const;
    // Addresses to keep resolved in the underlay: every other host's.
    std::set<Ipv4Addr> wanted_vteps(const std::string& own_host) const;
    // Object -> what is wrong with its row, or with what it asks for.
    std::map<std::string, std::string> trouble() const;
    // Logical ports whose segment is not there (yet).
    std::vector<std::string> without_segment() const;
    // Moves since the last call; give each back to forget() two seconds later.
    std::vector<Move> take_moves() { return std::exchange(moves_, {}); }
    void forget(const Move& move) { over_.insert(move); }

private:
    // What a logical port put into its segment.
    struct Placement {
        SegmentId segment;
        Uuid segment_row;
        MacAddr mac;
        std::vector<IpAddr> addresses;
        Destination place;
        bool flooded = false; // a local port that gets floods
        bool trusted = false; // a VTEP with a trusted port
    };
    struct LearnedPlacement {
        SegmentId segment;
        MacAddr mac;
        Destination place;
    };
    // How many placements in a segment give a VTEP its part in it.
    struct Shares {
        unsigned ports = 0, trusted = 0;
    };

    template <class Row> void take(const Row& row);
    template <class Row, class Entry>
    void take_table(const ovsdb::Table<Row>& rows, const std::unordered_map<Uuid, Entry>& entries);
    // A row's new good value, or that it is gone. Touches what depends on it, if it is different.
    void put(const Uuid& uuid, const std::optional<HostEntry>& host);
    void put(const Uuid& uuid, const std::optional<SegmentSettings>& segment);
    void put(const Uuid& uuid, const std::optional<NicEntry>& nic);
    void put(const Uuid& uuid, const std::optional<LearnedEntry>& learned);
    void touch_nic(const std::string& name);
    void touch_nics_of_host(const std::string& host);
    void touch_learned(const Uuid& segment, MacAddr mac);
    void touch_learned_by(const NicEntry& nic);

    void finish_hosts(FabricEdit& edit);
    void finish_segments(FabricEdit& edit);
    void finish_nics(FabricEdit& edit);
    void finish_learned(FabricEdit& edit);
    void finish_ports(FabricEdit& edit);
    void finish_moves(FabricEdit& edit);

    std::optional<SegmentId> id_of_segment(const Uuid& segment) const;
    Destination place_on(const std::string& host, const std::string& nic, bool learned) const;
    void place(FabricEdit& edit, const Uuid& uuid, const NicEntry& nic, const Placement* before);
    void retract(FabricEdit& edit, const Uuid& uuid);
    void share(Segment* segment, const Placement& placement, int by);
    bool may_have_learned(const LearnedEntry& learned) const;
    void retract_learned(FabricEdit& edit, const Uuid& uuid);
    void place_learned(FabricEdit& edit, const Uuid& uuid, const LearnedEntry& learned);
    LocalPort local_port(const std::string& name, const PortFacts& facts) const;

    Ids& ids_;
    std::shared_ptr<const Fabric> fabric_;
    LocalFacts facts_;
    std::unordered_map<std::string, std::string> port_by_iface_id_; // -> Interface name

    // Last good values of the rows.
    std::unordered_map<Uuid, HostEntry> hosts_;
    std::unordered_map<Uuid, SegmentSettings> segments_;
    std::unordered_map<Uuid, NicEntry> nics_;
    std::unordered_map<Uuid, LearnedEntry> learned_;
    std::unordered_map<std::string, Uuid> nic_by_name_;
    std::unordered_map<std::string, std::set<Uuid>> nics_by_host_;
    std::unordered_map<Uuid, std::set<Uuid>> nics_by_segment_;
    std::map<std::pair<Uuid, MacAddr>, Uuid> learned_by_mac_; // of a segment

    // What they came to.
    std::map<std::string, PortId> ports_;        // by Interface name
    std::map<std::string, NextHopId> next_hops_; // by Host name
    std::unordered_map<Uuid, Placement> placements_;
    std::unordered_map<Uuid, LearnedPlacement> learned_placements_;
    std::map<std::pair<SegmentId, NextHopId>, Shares> shares_;

    // Touched since the last finish().
    bool hosts_touched_ = false;
    std::set<Uuid> segments_touched_, nics_touched_, learned_touched_;
    std::set<std::string> ports_touched_;
    std::set<Move> over_;

    std::vector<Move> moves_;
    std::map<std::string, std::string> bad_rows_;      // object -> why it is not its latest value
    std::map<std::string, std::string> address_taken_; // host -> whose its VTEP address is already
    std::map<Uuid, std::string> conflicts_;            // NIC -> whose its address is already
    std::set<Uuid> homeless_;                          // NICs without their segment
};

// Everything in it, sorted, a line an object: for comparison in tests and `ringfence/fabric dump`.
std::string dump(const Fabric& fabric);

} // namespace ringfence::agent
