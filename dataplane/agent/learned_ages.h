// When the MACs behind this host's trusted ports were seen last, so that those that are gone are
// forgotten, as a bridge does (IEEE 802.1Q, 8.8.3). Packets are not looked at for that: a MAC that
// was not heard of for half of its life becomes doubtful in the Fabric (Destination::doubtful), and
// the next frame from it is told to the agent as if it were new. Pure; one thread.
#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "dataplane/agent/southbound/rows.h"

namespace ringfence::agent {

class LearnedAges {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds lifetime{300}, doubt_after{150};

    void seen(const LearnedEntry& learned, Time now) { seen_[uuid_of(learned)] = now; }

    struct Due {
        std::vector<LearnedEntry> doubtful; // marked so; the same ones again until they are seen
        std::vector<LearnedEntry> gone;
    };
    // known: all that there is now. Of what is new here, from a file or a database, age begins.
    Due follow(const std::vector<LearnedEntry>& known, Time now);

private:
    std::map<ovsdb::Uuid, Time> seen_;
};

} // namespace ringfence::agent
