// The bridges of this host that forward by themselves, and mirrors: what the Open_vSwitch database
// wants of them and what their ports have sent becomes facts for the builder. For FabricAgent; one
// thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dataplane/agent/bridges/plan.h"
#include "dataplane/agent/bridges/stations.h"
#include "dataplane/agent/local/wanted.h"
#include "dataplane/agent/ports/port_set.h"
#include "dataplane/worker/notice.h"

namespace ringfence::agent {

// What the database wants of all bridges.
struct WantedBridges {
    std::vector<WantedBridge> bridges;
    std::vector<WantedMirror> mirrors;
};

class Bridges {
public:
    explicit Bridges(Ids& ids) : ids_(ids) {}

    // The database wants something else, or other ports are open.
    void update(const WantedBridges& wanted, const std::map<std::string, OpenPort>& ports);
    // Adds segments, and to the ports that are there what they are in them and for mirrors.
    void describe(LocalFacts& facts) const;

    bool has(SegmentId segment) const { return bridge_of_.contains(segment); }
    // These three: true where the builder has something to take.
    bool learned(const Notice& notice, Stations::Time now);
    bool age(Stations::Time now);
    // All that one bridge, or all of them, have learned is forgotten; false: there is none.
    bool flush(const std::optional<std::string>& bridge);
    std::vector<StationChange> take_changes();

    // ovs-appctl's columns, a line a MAC; of one bridge, or of all.
    std::string show(const std::optional<std::string>& bridge,
                     const std::map<std::string, OpenPort>& ports, Stations::Time now) const;

private:
    struct Copies {
        std::vector<PortId> received_to, sent_to;
    };
    void keep_stations(const WantedBridges& wanted);
    void plan_mirrors(const std::vector<WantedMirror>& mirrors,
                      const std::map<std::string, OpenPort>& ports);

    Ids& ids_;
    BridgePlan plan_;
    std::map<SegmentId, std::string> bridge_of_;
    std::map<std::string, Stations> stations_; // by bridge
    std::map<PortId, Copies> copies_;          // of what ports receive and are sent
};

} // namespace ringfence::agent
