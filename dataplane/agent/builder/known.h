// What the builder's parts share: the last good values of the southbound rows, the ways from one
// row to those that depend on it, what this host knows by itself, and what was touched since the
// last Fabric. FabricBuilder puts rows and facts in; each part takes the touched rows of its own
// table, reads all the rest, and touches what depends on it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dataplane/agent/builder/facts.h"
#include "dataplane/agent/builder/move.h"
#include "dataplane/agent/southbound/dhcp_rows.h"
#include "dataplane/agent/southbound/router_rows.h"
#include "dataplane/agent/southbound/rows.h"
#include "dataplane/agent/state/ids.h"
#include "dataplane/fabric/destination.h"
#include "dataplane/fabric/segment.h"

namespace ringfence::agent {

using ovsdb::Uuid;

// The rows of one table.
template <class Entry> class KnownTable {
public:
    const std::unordered_map<Uuid, Entry>& all() const { return rows_; }
    const Entry* find(const Uuid& uuid) const {
        auto found = rows_.find(uuid);
        return found == rows_.end() ? nullptr : &found->second;
    }

    struct Replaced {
        bool changed = false;
        std::optional<Entry> before;
    };
    // The row's new value, or that it is gone.
    Replaced put(const Uuid& uuid, const std::optional<Entry>& row) {
        Replaced replaced;
        auto known = rows_.find(uuid);
        if (known != rows_.end())
            replaced.before = known->second;
        replaced.changed = replaced.before != row;
        if (replaced.changed && row)
            rows_.insert_or_assign(uuid, *row);
        else if (replaced.changed)
            rows_.erase(known);
        return replaced;
    }

private:
    std::unordered_map<Uuid, Entry> rows_;
};

// Rows by something that they name.
template <class Key> class Index {
public:
    void set(const Key& key, const Uuid& row, bool there) {
        if (there) {
            rows_[key].insert(row);
            return;
        }
        auto found = rows_.find(key);
        if (found != rows_.end() && found->second.erase(row) && found->second.empty())
            rows_.erase(found);
    }
    const std::set<Uuid>& of(const Key& key) const {
        static const std::set<Uuid> none;
        auto found = rows_.find(key);
        return found == rows_.end() ? none : found->second;
    }

private:
    std::map<Key, std::set<Uuid>> rows_;
};

// What has to be looked at for the next Fabric. Each part takes its own.
struct Touched {
    bool hosts = false; // rows, or the ways to them
    std::set<Uuid> segments, nics, learned, held;
    std::set<Uuid> virtual_addresses;        // of these segments
    std::set<std::string> ports;             // by Interface name
    std::set<std::string> routers, policies; // by Router.name, by Firewall.policy
    std::set<std::string> grouped;           // domains whose groups are others
    // What had rows, and may have none any more.
    std::set<std::string> left_domains, left_groups; // by Address_Group.name
    std::set<Uuid> left_rules;
    bool operator==(const Touched&) const = default;
};

class Known {
public:
    explicit Known(Ids& all_ids) : ids(all_ids) {}

    // A row's new good value, or that it is gone; touches what depends on it.
    void put(const Uuid& uuid, const std::optional<HostEntry>& host);
    void put(const Uuid& uuid, const std::optional<SegmentSettings>& segment);
    void put(const Uuid& uuid, const std::optional<NicEntry>& nic);
    void put(const Uuid& uuid, const std::optional<VirtualEntry>& entry);
    void put(const Uuid& uuid, const std::optional<LearnedEntry>& entry);
    void put(const Uuid& uuid, const std::optional<RouterEntry>& router);
    void put(const Uuid& uuid, const std::optional<InterfaceEntry>& interface);
    void put(const Uuid& uuid, const std::optional<RouteEntry>& route);
    void put(const Uuid& uuid, const std::optional<HeldEntry>& entry);
    void put(const Uuid& uuid, const std::optional<GroupEntry>& group);
    void put(const Uuid& uuid, const std::optional<RuleEntry>& rule);
    void put(const Uuid& uuid, const std::optional<DhcpEntry>& entry);
    void set_facts(LocalFacts latest);

    void touch_host(const std::string& host); // what stands on it
    void touch_segment(const Uuid& segment);  // what stands in it
    void touch_port_of(const std::string& nic);
    void touch_learned_by(const NicEntry& nic);
    void touch_all_learned();
    void touch_learned(const Uuid& segment, MacAddr mac);
    void touch_virtual_addresses(const Uuid& segment); // where there are any

    const NicEntry* nic(const std::string& name) const;
    const RouterEntry* router(const std::string& name) const;
    // Rows of a router, in an order that stays as long as they do.
    const std::set<Uuid>& interfaces_of(const std::string& router) const;
    const std::set<Uuid>& routes_of(const std::string& router) const;
    const std::set<Uuid>& rules_of(const std::string& policy) const;
    const std::set<Uuid>& groups_in(const std::string& domain) const;
    const GroupEntry* group(const std::string& domain, const std::string& name) const;
    // What the logical port is told, of both families.
    DhcpEntry dhcp_of(const std::string& port) const;
    // NICs on the segment that may have virtual addresses; what a row says of one.
    const std::set<Uuid>& sharing_nics_on(const Uuid& segment) const;
    const VirtualEntry* virtual_entry(const Uuid& segment, const IpAddr& address) const;
    // A NIC or a router has it as its own.
    bool has_mac(const Uuid& segment, MacAddr mac) const;
    // The logical port that has the MAC, or behind which it was learned; "": none.
    std::string port_with(const Uuid& segment, MacAddr mac) const;
    // True where a row speaks of it: its id is still needed.
    bool is_router_named(const std::string& router) const;
    bool is_policy_named(const std::string& policy) const;
    bool is_group_named(const std::string& group) const;
    bool is_domain_named(const std::string& domain) const; // by interfaces, NICs or groups

    // The interface that the logical port is plugged into here; nullptr: it is not.
    const PortFacts* port_of(const std::string& nic) const;
    // Where the frames of a logical port go: to a port here, to another host, or nowhere (yet).
    Destination place_on(const std::optional<std::string>& host, const std::string& nic,
                         bool learned_there = false) const;
    // The same of a NIC's row, or of one about what it owns: a NIC that is to move here is here
    // from its first frame on.
    std::optional<std::string> host_of(const NicEntry& nic) const {
        return host_now(nic.name, nic.host, nic.candidate);
    }
    std::optional<std::string> host_of(const HeldEntry& entry) const {
        return host_now(entry.owner, entry.host, entry.candidate);
    }
    // Another host, known here, that it moves to.
    std::optional<NextHopId> hop_to(const std::optional<std::string>& candidate) const;
    std::optional<SegmentId> id_of_segment(const Uuid& segment) const;
    std::vector<PolicyId> ids_of(const std::vector<std::string>& policies);
    DomainId id_of_domain(const std::string& domain);

    Ids& ids;
    LocalFacts facts;
    KnownTable<HostEntry> hosts;
    KnownTable<SegmentSettings> segments;
    KnownTable<NicEntry> nics;
    KnownTable<VirtualEntry> virtual_addresses;
    KnownTable<LearnedEntry> learned;
    KnownTable<RouterEntry> routers;
    KnownTable<InterfaceEntry> interfaces;
    KnownTable<RouteEntry> routes;
    KnownTable<HeldEntry> held;
    KnownTable<GroupEntry> groups;
    KnownTable<RuleEntry> rules;
    KnownTable<DhcpEntry> dhcp;
    std::map<std::pair<Uuid, MacAddr>, Uuid> learned_by_mac; // of a segment
    std::map<std::string, NextHopId> next_hops;              // by Host name, as in the Fabric
    Touched touched;
    std::vector<Move> moves;                       // since they were last taken
    std::map<SegmentAddress, std::string> holders; // Logical_Port.name, as in the Fabric
    std::vector<Takeover> takeovers;               // since they were last taken
    std::set<std::string> misplaced_nics; // by name, whose MAC is a router's in their segment

private:
    std::optional<std::string> host_now(const std::string& nic,
                                        const std::optional<std::string>& host,
                                        const std::optional<std::string>& candidate) const;
    // A row comes in (add) or goes: the ways to it, and what it touches.
    void follow(const Uuid& uuid, const NicEntry& nic, bool add);
    void follow(const Uuid& uuid, const VirtualEntry& entry, bool add);
    void follow(const Uuid& uuid, const LearnedEntry& entry, bool add);
    void follow(const Uuid& uuid, const RouterEntry& router, bool add);
    void follow(const Uuid& uuid, const InterfaceEntry& interface, bool add);
    void follow(const Uuid& uuid, const RouteEntry& route, bool add);
    void follow(const Uuid& uuid, const HeldEntry& entry, bool add);
    void follow(const Uuid& uuid, const GroupEntry& group, bool add);
    void follow(const Uuid& uuid, const RuleEntry& rule, bool add);
    void follow(const Uuid& uuid, const DhcpEntry& entry, bool add);
    template <class Entry>
    bool replace(KnownTable<Entry>& table, const Uuid& uuid, const std::optional<Entry>& row);
    void name_domain(const Uuid& uuid, const std::string& domain, bool add);
    void name_policies(const Uuid& uuid, const std::vector<std::string>& policies, bool add);

    std::map<std::string, std::string> port_by_iface_id_; // -> Interface name
    Index<std::string> nics_by_name_, nics_by_host_, learned_by_port_;
    Index<Uuid> nics_by_segment_, learned_by_segment_;
    Index<std::pair<Uuid, MacAddr>> nics_by_mac_; // in a segment
    Index<Uuid> sharing_nics_by_segment_;
    Index<SegmentAddress> virtual_by_address_;
    Index<std::string> routers_by_name_, interfaces_by_router_, routes_by_router_;
    Index<std::string> held_by_router_, held_by_owner_, held_by_host_;
    Index<Uuid> interfaces_by_segment_, held_by_segment_;
    Index<std::string> dhcp_by_port_;
    Index<std::string> rules_by_policy_, namers_of_policy_; // namers: interfaces, logical ports
    Index<std::string> groups_by_domain_, groups_by_name_, rules_by_group_, namers_of_domain_;
    using GroupPlace = std::pair<std::string, std::string>; // domain, name
    Index<GroupPlace> groups_by_place_, groups_by_outside_;
};

} // namespace ringfence::agent
