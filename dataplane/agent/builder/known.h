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

#include "dataplane/agent/builder/facts.h"
#include "dataplane/agent/southbound/rows.h"
#include "dataplane/agent/state/ids.h"
#include "dataplane/fabric/destination.h"
#include "dataplane/fabric/segment.h"

namespace ringfence::agent {

using ovsdb::Uuid;

// The rows of one table, and those that its part has yet to look at.
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
        if (!replaced.changed)
            return replaced;
        touched.insert(uuid);
        if (row)
            rows_.insert_or_assign(uuid, *row);
        else
            rows_.erase(known);
        return replaced;
    }
    void touch(const std::set<Uuid>& rows) { touched.insert(rows.begin(), rows.end()); }
    std::set<Uuid> take_touched() { return std::exchange(touched, {}); }

    std::set<Uuid> touched;

private:
    std::unordered_map<Uuid, Entry> rows_;
};

// Rows by something that they name.
template <class Key> class Index {
public:
    void add(const Key& key, const Uuid& row) { rows_[key].insert(row); }
    void remove(const Key& key, const Uuid& row) {
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

class Known {
public:
    explicit Known(Ids& all_ids) : ids(all_ids) {}

    // A row's new good value, or that it is gone; touches what depends on it.
    void put(const Uuid& uuid, const std::optional<HostEntry>& host);
    void put(const Uuid& uuid, const std::optional<SegmentSettings>& segment);
    void put(const Uuid& uuid, const std::optional<NicEntry>& nic);
    void put(const Uuid& uuid, const std::optional<LearnedEntry>& learned);
    void set_facts(LocalFacts facts);

    void touch_host(const std::string& host); // what stands on it
    void touch_segment(const Uuid& segment);  // what stands in it
    void touch_nic(const std::string& name);
    void touch_port_of(const NicEntry& nic);
    void touch_learned_by(const NicEntry& nic);
    void touch_all_learned();
    bool is_touched() const;

    const NicEntry* nic(const std::string& name) const;
    // The interface that the logical port is plugged into here; nullptr: it is not.
    const PortFacts* port_of(const std::string& nic) const;
    // Where the frames of a logical port go: to a port here, to another host, or nowhere (yet).
    Destination place_on(const std::optional<std::string>& host, const std::string& nic,
                         bool learned = false) const;
    std::optional<SegmentId> id_of_segment(const Uuid& segment) const;

    Ids& ids;
    LocalFacts facts;
    KnownTable<HostEntry> hosts;
    bool paths_touched = false; // facts about the ways to hosts
    KnownTable<SegmentSettings> segments;
    KnownTable<NicEntry> nics;
    KnownTable<LearnedEntry> learned;
    std::map<std::pair<Uuid, MacAddr>, Uuid> learned_by_mac; // of a segment
    std::set<std::string> ports_touched;                     // Interface names
    std::map<std::string, NextHopId> next_hops;              // by Host name, as in the Fabric

private:
    std::map<std::string, std::string> port_by_iface_id_; // -> Interface name
    Index<std::string> nics_by_name_, nics_by_host_, learned_by_port_;
    Index<Uuid> nics_by_segment_, learned_by_segment_;
};

} // namespace ringfence::agent
