// The host's part in the fabric: southbound rows, local ports and the kernel's underlay become the
// Fabric that the workers forward by, and the database is told what is applied here. One control
// thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "dataplane/agent/address_claims.h"
#include "dataplane/agent/advertisements.h"
#include "dataplane/agent/bridges/bridges.h"
#include "dataplane/agent/builder/builder.h"
#include "dataplane/agent/dataplane.h"
#include "dataplane/agent/declined.h"
#include "dataplane/agent/duplicates.h"
#include "dataplane/agent/firewall_log.h"
#include "dataplane/agent/learned_ages.h"
#include "dataplane/agent/local/wanted.h"
#include "dataplane/agent/ports/port_set.h"
#include "dataplane/agent/southbound/host_rows.h"
#include "dataplane/agent/southbound/link.h"
#include "dataplane/agent/southbound/pending.h"
#include "dataplane/agent/state/state_file.h"
#include "dataplane/agent/underlay.h"
#include "dataplane/fabric/link_local_claims.h"
#include "ovsdb/reactor.h"

namespace ringfence::agent {

class FabricAgent {
public:
    // changed: errors(), or a port's MTU, may be others now.
    FabricAgent(ovsdb::Reactor& reactor, Dataplane& dataplane, PortSet& ports, Ids& ids,
                std::string version, std::function<void()> changed);
    ~FabricAgent();

    // Follows the kernel's tables; without it no VTEP is ever resolved.
    [[nodiscard]] Result<> open_underlay();
    // Rows to forward by until the southbound database is there, if it ever is.
    void start_from(const State& state);
    // Where state is kept from now on.
    void keep_state_in(const std::filesystem::path& path);
    // Settings or ports have changed.
    void update(const FabricSettings& settings, const WantedBridges& bridges);

    // Ports that have trouble with the fabric, by Interface name.
    const std::map<std::string, std::string>& errors() const { return errors_; }
    const std::string& host() const { return settings_.host; } // its name in the fabric
    const std::shared_ptr<const Fabric>& fabric() const { return published_; }
    std::string summary() const; // ringfence/fabric
    // How often a rule of the Fabric has decided since it came into it.
    uint64_t hits(RuleId rule) const;
    std::string name_of_group(GroupId group) const { return builder_.name_of_group(group); }
    // Where firewalls log to; without it nowhere.
    void log_firewalls_to(const std::filesystem::path& file);
    void reopen_firewall_log();
    // What the NIC's client has found in use may be offered again. False where there is nothing.
    bool clear_declined(const std::string& iface_id);
    // What a bridge without a fabric has learned, or all of them: lines for fdb/show; forgotten,
    // where there is such a bridge.
    std::string macs_of(const std::optional<std::string>& bridge) const;
    bool flush_macs(const std::optional<std::string>& bridge);
    // The workers forward by the latest Fabric.
    bool quiescent() const { return quiescent_ == publications_; }

private:
    void connect(const FabricSettings& settings);
    void take_all(const southbound::Tables& tables);
    void take(const southbound::Changes& changes);
    void take_pending();
    void hold_on();
    bool follows_database() const; // else kept_ is what is forwarded by
    void schedule();
    void rebuild();
    void note_what_is_whole();
    LocalFacts facts() const;
    void add_underlay(LocalFacts& facts) const;
    void take_sends(const OpenPort& port);
    void follow_moves();
    void follow_plugs();
    void forget_moves(const std::string& nic);
    void pick_up(const std::string& nic);
    HostReport::Claim claim_of(const WantedPort& port) const;
    IpAddr source_of(const UnderlayPath& path) const;
    std::set<IpAddr> wanted_vteps() const;
    bool waits_for_neighbours();
    void take_notices();
    void take_declined(const Notice& notice, const OpenPort& port);
    void take_over(const Notice& notice, const OpenPort& port);
    void take_foreign(const Notice& notice, const OpenPort& port);
    void take_speaker(const Notice& notice);
    void note(const Duplicates::Conflict& conflict);
    std::string owner_of(const Notice& notice, const ovsdb::Uuid& segment) const;
    std::string shown(const ovsdb::Uuid& segment, MacAddr mac) const;
    void settle_claims();
    void log_takeovers();
    bool is_plugged(const std::string& nic) const;
    std::string name_of(const SegmentAddress& address) const;
    void take_learned(const Notice& notice, const OpenPort& port);
    void take_moved(const Notice& notice);
    void age_learned();
    void forget_ports();
    void follow_claimants();
    void follow_network_mtus();
    void check_ports();
    std::optional<std::string> error_of(const OpenPort& port) const;
    void publish(std::shared_ptr<const Fabric> fabric);
    void open_new_rules();
    void take_firewall_events();
    void advertise();
    void reached_quiescence();
    void forget_later(const std::vector<Move>& moves);
    void report();
    HostReport host_report() const;
    bool is_ready(const std::string& nic) const;
    std::map<std::string, std::string> trouble() const;
    State state() const;

    ovsdb::Reactor& reactor_;
    Dataplane& dataplane_;
    PortSet& ports_;
    Ids& ids_;
    std::string version_;
    std::function<void()> changed_;

    FabricSettings settings_;
    FabricBuilder builder_;
    Bridges bridges_;
    std::unique_ptr<Underlay> underlay_;
    std::unique_ptr<SouthboundLink> link_;
    std::unique_ptr<StateKeeper> keeper_;
    std::unique_ptr<FirewallLog> firewall_log_;
    std::map<RuleId, uint64_t> hits_before_; // of rules whose number was another's
    southbound::Tables kept_;                // forwarded by, until the database's first whole view
    Pending pending_;                        // of the database, until the view is whole again
    bool emptied_ = false; // the database lost all that it had; kept_ is what it was

    std::shared_ptr<const Fabric> published_;
    uint64_t publications_ = 0, quiescent_ = 0;
    // Once the last publication is quiescent: the number that is applied, and logical ports that
    // may be bound here.
    std::optional<int64_t> to_apply_;
    std::set<std::string> whole_;
    int64_t applied_ = 0, new_beats_ = 0;
    std::set<std::string> ready_; // logical ports that may be bound here
    std::map<std::string, std::string> errors_;
    std::map<Move, ovsdb::Handle> old_moves_;
    // NICs that move, of those that are plugged here, by Logical_Port.name.
    struct {
        std::map<std::string, ovsdb::Uuid> plugs; // the Interface row; nil: not known yet
        std::set<std::string> active;             // have sent here while they were to move here
        std::set<std::string> elsewhere;          // were another host's by the latest rows
        std::set<std::string> had;                // were this host's by the plug that they have
        std::map<std::string, ovsdb::Handle> picking_up; // have moved here lately
        std::map<std::string, ovsdb::Handle> contends;   // have sent lately, and moved away
    } moves_;
    LinkLocalClaims link_local_;
    DeclinedAddresses declined_;
    LearnedAges learned_ages_;
    AddressClaims claims_;
    Duplicates duplicates_;
    Advertisements advertisements_;
    std::map<PortId, std::string> claimants_;                      // who has each port
    std::map<std::string, std::vector<Ipv6Addr>> kept_link_local_; // of NICs not plugged again yet
    std::map<IpAddr, std::chrono::steady_clock::time_point> unresolved_since_;
    bool scheduled_ = false, reporting_ = false, report_again_ = false;
    ovsdb::Handle soon_, heart_, notices_, first_frames_, again_, advertiser_, ager_;
};

} // namespace ringfence::agent
