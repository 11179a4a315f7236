// What one bridge without a fabric has learned: which MAC was last seen at which port, and when. As
// in ovs-vswitchd the table is bounded, and who fills it up displaces what he has brought himself
// (Bridge.other_config:mac-table-size, mac-aging-time). Pure; one thread.
//
// Packets are not looked at for their age: a MAC that was not heard of for half of its life becomes
// doubtful in the Fabric (Destination::doubtful), and its next frame is told as if it were new.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/ids.h"
#include "dataplane/agent/builder/facts.h"

namespace ringfence::agent {

class Stations {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Key = std::pair<SegmentId, MacAddr>;
    struct Station {
        PortId port;
        Time seen;
        bool doubtful = false;
    };

    // How many at most, at least one; seconds.
    void set_limits(size_t most, std::chrono::seconds lifetime);
    void saw(const Key& key, PortId port, Time now);
    bool age(Time now); // true where something is doubtful now, or gone
    // Keeps those for which keeps(SegmentId, PortId).
    template <class Keeps> void keep(Keeps keeps) {
        for (auto next = stations_.begin(); next != stations_.end();)
            next = keeps(next->first.first, next->second.port) ? std::next(next) : forget(next);
    }

    const std::map<Key, Station>& all() const { return stations_; }
    // What became of MACs since the last call, in order.
    std::vector<StationChange> take_changes() { return std::exchange(changes_, {}); }

private:
    using Stored = std::map<Key, Station>::iterator;
    void place(const Key& key, const Station& station);
    Stored forget(Stored station);
    void make_room();

    size_t most_ = 8192;
    std::chrono::seconds lifetime_{300};
    std::map<Key, Station> stations_;
    std::map<PortId, size_t> counts_; // of each port
    std::vector<StationChange> changes_;
};

} // namespace ringfence::agent
