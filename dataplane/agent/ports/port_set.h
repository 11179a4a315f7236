// The ports of this host: opens, changes and closes devices until they are what is wanted. For the
// agent; runs on the control thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dataplane/agent/dataplane.h"
#include "dataplane/agent/local/wanted.h"
#include "dataplane/agent/state/ids.h"
#include "dataplane/ports/port.h"

namespace ringfence::agent {

// One device that forwards. An uplink's shadow tap is one too, under the tap's name.
struct OpenPort {
    WantedPort wanted; // of a shadow: only the tap's name
    PortId id;
    unsigned worker;
    std::shared_ptr<ports::Port> port;
    bool is_shadow = false;
    std::optional<PortId> peer;          // uplink <-> shadow
    std::optional<unsigned> network_mtu; // of the segment that it is in
    std::optional<std::string> trouble;  // what could not be changed while it runs
    uint64_t weighed = 0;                // frames received, when ports were last spread by that
    uint64_t plugging = 0; // another number once it is another device, or has another iface-id
};

class PortSet {
public:
    // changed: a device has closed at last; ask for apply() again. Sockets on which we listen are
    // made in `run_folder`.
    PortSet(Dataplane& dataplane, Ids& ids, std::filesystem::path run_folder,
            std::function<void()> changed)
        : dataplane_(dataplane), ids_(ids), run_folder_(std::move(run_folder)),
          changed_(std::move(changed)) {}

    // Closes what is not wanted any more, opens what is new, changes MACs and MTUs. False: a device
    // is still closing, whose netdev is there and whose name may be wanted again; `changed` will
    // say when to go on.
    bool apply(const std::map<std::string, WantedPort>& wanted);
    // A tap or internal port gets the MTU of the segment that it is plugged into, unless
    // mtu_request says otherwise.
    void set_network_mtu(const std::string& name, std::optional<unsigned> mtu);
    // Netdevs of others stay as they are, guarded, and those of bridges, with what the host has
    // configured there; `give_back`: the first become the host's again, the others go.
    // closing() says until when it takes.
    void close_all(bool give_back = false) {
        if (!give_back) {
            guarded_.clear();
            staying_.clear();
        }
        apply({});
    }
    // Spreads the ports over the workers anew, so that each has as much of what was received since
    // the last time. Takes effect with the next Fabric.
    void rebalance();
    // A netdev behind a system port has gone, or one that was missed is there: apply() again.
    bool netdevs_came_or_went() const;

    const std::map<std::string, OpenPort>& open() const { return open_; }
    // Ports that could not be opened, and why, by name.
    const std::map<std::string, std::string>& failed() const { return failed_; }
    bool closing() const { return !closing_.empty(); }

private:
    using Device = std::shared_ptr<ports::Port>;
    ports::PortSettings settings_of(const WantedPort& wanted) const;
    void open_wanted(const WantedPort& wanted);
    Result<> open_uplink(const WantedPort& wanted);
    Result<> add(const WantedPort& wanted, const Device& device);
    void close(const std::string& name);
    void adjust(OpenPort& port);
    // A bridge's own port looks to the host as the bridge's devices do, as ovs-vswitchd's: the
    // lowest MAC that a maker gave, unless it is told another, and the smallest MTU.
    void adopt_devices();
    void give_back_unplugged(const std::map<std::string, WantedPort>& wanted);
    unsigned least_loaded_worker() const;
    std::vector<unsigned> ports_by_worker() const;
    void even_out();
    void give(OpenPort& port, const std::string& name, unsigned worker);

    Dataplane& dataplane_;
    Ids& ids_;
    std::filesystem::path run_folder_;
    std::function<void()> changed_;
    std::map<std::string, OpenPort> open_;
    std::map<std::string, std::string> failed_;
    std::set<std::string> staying_; // bridges' netdevs, to be let go when their port closes
    std::set<std::string> guarded_; // netdevs of system ports, to be given back when unplugged
    std::set<std::string> absent_;  // system ports that failed while their netdev was not there
    std::set<std::string> closing_;
    uint64_t pluggings_ = 0;
};

} // namespace ringfence::agent
