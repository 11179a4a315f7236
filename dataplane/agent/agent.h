// The agent: makes the host's ports and its part of the fabric what the databases ask for. Owned by
// main; everything runs on the Reactor's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/agent/arguments.h"
#include "dataplane/agent/dataplane.h"
#include "dataplane/agent/fabric_agent.h"
#include "dataplane/agent/local/database.h"
#include "dataplane/agent/ports/port_set.h"
#include "dataplane/agent/show/connections.h"
#include "dataplane/agent/watch/captures.h"
#include "dataplane/agent/watch/numbers.h"
#include "dataplane/agent/watch/telemetry.h"
#include "dataplane/agent/watch/watch.h"
#include "ovsdb/unixctl/server.h"

namespace ringfence::agent {

class Agent {
public:
    using OtherConfig = std::map<std::string, std::string>; // of the Open_vSwitch row
    struct Hooks {
        // Starts DPDK and the workers; called once, when other_config is known.
        std::function<Result<std::unique_ptr<Dataplane>>(const OtherConfig&)> start_dataplane;
        std::function<void()> in_service;               // once: the first reconfiguration is done
        std::function<void(const Error& error)> failed; // can't start, or can't go on
    };

    Agent(ovsdb::Reactor& reactor, const Arguments& arguments, std::string version, Hooks hooks);
    ~Agent();

    // Connects; the rest follows by itself.
    [[nodiscard]] Result<> start();
    // Closes all ports; closed() is called when they are gone. for_good: no other daemon of ours
    // follows, so netdevs of others become the host's again.
    void close(bool for_good, std::function<void()> closed);
    void reopen_logs(); // after they were rotated
    // alive() is called once every worker has come round since; never, when one hangs.
    void ask_workers(std::function<void()> alive);
    // Adds what can be asked of this daemon; once, before start(). The server dies after this.
    void add_commands(unixctl::Server& server);

private:
    void reconfigure();
    bool start_dataplane(const OtherConfig& other_config);
    void refresh_statistics(bool only_new);
    void write_report();
    Report make_report(const Wanted& wanted) const;
    vswitch::Interface row_of(const OpenPort& port, uint16_t ofport) const;
    void mention_controllers(const Wanted& wanted);
    // Of all ports, or of one, by its name or its NIC's.
    Result<Numbers> numbers(const unixctl::Arguments& words) const;
    Result<std::string> drops(unixctl::Arguments words) const;
    Result<std::string> port_numbers(unixctl::Arguments words) const;
    std::string top();
    void add_pmd_commands(unixctl::Server& server);
    void apply_watch(Wanted& wanted);
    Result<std::string> dhcp(const unixctl::Arguments& words) const;
    Result<std::string> connections(unixctl::Arguments words) const;
    Result<std::string> connection_counts(Format format) const;
    Result<std::string> firewall(unixctl::Arguments words) const;

    ovsdb::Reactor& reactor_;
    const Arguments& arguments_;
    std::string version_;
    Hooks hooks_;
    std::optional<State> given_; // --state
    State kept_;

    Ids ids_;
    std::unique_ptr<Dataplane> dataplane_;
    std::unique_ptr<PortSet> ports_;
    std::unique_ptr<FabricAgent> fabric_;
    std::unique_ptr<Captures> captures_;
    std::unique_ptr<Telemetry> telemetry_;
    std::vector<WorkerNumbers> cleared_; // pmd-stats-clear
    std::optional<Numbers> last_top_;    // ringfence/top
    std::unique_ptr<LocalDatabase> local_;
    std::unique_ptr<Watch> watch_;

    int64_t cur_cfg_ = 0;
    bool in_service_ = false, first_done_ = false, closing_ = false, controllers_mentioned_ = false;
    std::map<std::string, std::map<std::string, int64_t>> statistics_; // as last written, by port
    std::function<void()> closed_;
    ovsdb::Handle poll_, statistics_timer_, lock_grace_, soon_;
};

} // namespace ringfence::agent
