#include "dataplane/agent/fabric_agent.h"

#include <algorithm>

#include "dataplane/agent/announcements.h"
#include "dataplane/agent/fabric_agent_parts.h"

namespace ringfence::agent {

namespace {

using namespace std::chrono_literals;

constexpr auto heartbeat = 5s;
constexpr auto notice_period = 100ms;
constexpr auto advertising_period = 1s; // how exact the times of router advertisements are
constexpr auto ageing_period = 10s;     // how exact the age of learned MACs is
constexpr auto neighbour_patience = 1s; // a host that is up answers ARP sooner

std::set<std::string> domains_of(const southbound::Tables& tables) {
    std::set<std::string> domains;
    for (const auto& port : tables.logical_port)
        domains.insert(port.domains.begin(), port.domains.end());
    return domains;
}

// A fabric has hosts. A database that named some and names none is no intent but an accident: a
// host that obeyed it would cut off every VM (DESIGN §2, hosts fail static).
bool is_emptied(const southbound::Tables& before, const southbound::Tables& now) {
    return !before.host.empty() && now.host.empty();
}

template <class Row>
void undo(ovsdb::Table<Row>& table, const std::vector<ovsdb::Change<Row>>& changes) {
    for (const auto& change : changes)
        if (change.before)
            table.replace(*change.before);
        else
            table.erase(change.after->uuid);
}

// The fabric's state as it was before the changes, of the tables that a host follows.
southbound::Tables as_before(const southbound::Tables& now, const southbound::Changes& changes) {
    southbound::Tables before = without_own_rows(now);
    for_each_followed([&](auto table, auto list) { undo(before.*table, changes.*list); });
    return before;
}

} // namespace

southbound::Tables without_own_rows(const southbound::Tables& tables) {
    southbound::Tables state;
    for_each_followed([&](auto table, auto) { state.*table = tables.*table; });
    return state;
}

FabricAgent::FabricAgent(ovsdb::Reactor& reactor, Dataplane& dataplane, PortSet& ports, Ids& ids,
                         std::string version, std::function<void()> changed)
    : reactor_(reactor), dataplane_(dataplane), ports_(ports), ids_(ids),
      version_(std::move(version)), changed_(std::move(changed)), builder_(ids), bridges_(ids),
      published_(builder_.finish()) {
    heart_ = reactor_.every(heartbeat, [this] {
        ++new_beats_;
        report();
    });
    notices_ = reactor_.every(notice_period, [this] {
        take_notices();
        take_firewall_events();
    });
    advertiser_ = reactor_.every(advertising_period, [this] { advertise(); });
    ager_ = reactor_.every(ageing_period, [this] { age_learned(); });
}

// The keeper's last writing asks for the state: all that it is made of must still be there.
FabricAgent::~FabricAgent() { keeper_.reset(); }

Result<> FabricAgent::open_underlay() {
    auto underlay = Underlay::open(reactor_, [this](const std::vector<IpAddr>&) { schedule(); });
    if (!underlay)
        return tl::unexpected(underlay.error());
    underlay_ = std::move(*underlay);
    return {};
}

void FabricAgent::start_from(const State& state) {
    kept_ = state.southbound;
    applied_ = state.applied;
    builder_.reload(kept_);
    kept_link_local_ = state.link_local;
    log::info(fabric_log, "starting from the kept state: {} segments, {} logical ports, {} hosts",
              kept_.segment.size(), kept_.logical_port.size(), kept_.host.size());
}

void FabricAgent::keep_state_in(const std::filesystem::path& path) {
    keeper_ = std::make_unique<StateKeeper>(reactor_, path, [this] { return state(); });
}

void FabricAgent::update(const FabricSettings& settings, const WantedBridges& bridges) {
    bool other_fabric = settings.remote != settings_.remote || settings.host != settings_.host;
    if (settings.errors != settings_.errors)
        for (const std::string& error : settings.errors)
            log::warning(fabric_log, "{}", error);
    settings_ = settings;
    bridges_.update(bridges, ports_.open());
    if (other_fabric)
        connect(settings);
    if (link_) {
        std::set<std::string> iface_ids;
        for (const auto& [name, port] : ports_.open())
            if (!port.wanted.iface_id.empty())
                iface_ids.insert(port.wanted.iface_id);
        link_->set_iface_ids(iface_ids);
    }
    rebuild();
    report();
}

void FabricAgent::connect(const FabricSettings& settings) {
    if (follows_database()) // forwarded by, and kept on disk, until another view is whole
        kept_ = without_own_rows(link_->tables());
    link_.reset(); // a report under way is never answered
    pending_.clear();
    reporting_ = report_again_ = false;
    if (settings.remote.empty() || settings.host.empty())
        return;
    log::info(fabric_log, "this is host {}, southbound database {}", settings.host,
              settings.remote);
    SouthboundLink::Events events;
    events.loaded = [this](const southbound::Tables& tables) {
        if (is_emptied(kept_, tables))
            return hold_on();
        take_all(tables);
    };
    // Not before it is settled, so that no domain is forwarded by in part.
    events.changed = [this](const southbound::Changes& changes) { take(changes); };
    events.settled = [this] {
        if (emptied_ && !link_->tables().host.empty())
            take_all(link_->tables());
        take_pending();
        schedule();
    };
    link_ = std::make_unique<SouthboundLink>(reactor_, settings.remote, settings.host,
                                             domains_of(kept_), std::move(events));
}

void FabricAgent::take_all(const southbound::Tables& tables) {
    emptied_ = false;
    pending_.clear();
    builder_.reload(tables);
    kept_ = {};
    schedule();
}

void FabricAgent::take(const southbound::Changes& changes) {
    if (emptied_)
        return; // until it names hosts again, and is whole
    if (link_->tables().host.empty() && !changes.host.empty()) {
        kept_ = as_before(link_->tables(), changes);
        return hold_on();
    }
    pending_.add(changes);
    if (link_->settled())
        take_pending();
}

void FabricAgent::take_pending() {
    pending_.flush(link_->tables(), [this](const southbound::Changes& changes) {
        builder_.apply(changes);
        schedule();
    });
}

bool FabricAgent::follows_database() const { return link_ && link_->loaded() && !emptied_; }

void FabricAgent::hold_on() {
    emptied_ = true;
    pending_.clear();
    log::error(fabric_log,
               "the southbound database names no host any more: it was emptied, or is a "
               "new one; forwarding goes on by the last state");
}

// Many changes of one moment make one Fabric.
void FabricAgent::schedule() {
    if (std::exchange(scheduled_, true))
        return;
    soon_ = reactor_.after(0s, [this] { rebuild(); });
}

void FabricAgent::rebuild() {
    scheduled_ = false;
    soon_ = {};
    if (underlay_)
        underlay_->want(wanted_vteps());
    forget_ports();
    follow_moves();
    settle_claims();
    builder_.set_facts(facts());
    builder_.take_stations(bridges_.take_changes());
    publish(builder_.finish());
    log_takeovers();
    forget_later(builder_.take_moves());
    follow_network_mtus();
    check_ports();
    if (link_ && link_->settled())
        note_what_is_whole();
    if (quiescent())
        reached_quiescence();
}

// What may be said once every worker forwards by what was just published. Rows that come in
// meanwhile are in the next Fabric, and count then.
void FabricAgent::note_what_is_whole() {
    for (const auto& [name, port] : ports_.open())
        if (auto binding = builder_.binding(port.wanted.iface_id); binding && binding->mtu)
            whole_.insert(port.wanted.iface_id);
    if (!waits_for_neighbours())
        for (const auto& config : link_->tables().host_config)
            if (config.host == settings_.host)
                to_apply_ = config.number;
}

void FabricAgent::publish(std::shared_ptr<const Fabric> fabric) {
    open_new_rules();
    if (fabric == published_)
        return;
    auto news = announcements(*published_, *fabric);
    published_ = std::move(fabric);
    uint64_t number = ++publications_;
    dataplane_.publish(published_, [this, number, news = std::move(news)] {
        dataplane_.announce(news);
        quiescent_ = std::max(quiescent_, number);
        if (quiescent())
            reached_quiescence();
    });
    if (keeper_)
        keeper_->changed();
}

// Before it is published: its rules are counted from 0.
void FabricAgent::open_new_rules() {
    for (RuleId rule : builder_.take_new_rules()) {
        dataplane_.open_rule(rule);
        hits_before_.erase(rule);
        if (uint64_t before = dataplane_.hits(rule))
            hits_before_[rule] = before;
    }
}

uint64_t FabricAgent::hits(RuleId rule) const {
    auto before = hits_before_.find(rule);
    return dataplane_.hits(rule) - (before == hits_before_.end() ? 0 : before->second);
}

void FabricAgent::log_firewalls_to(const std::filesystem::path& file) {
    firewall_log_ = std::make_unique<FirewallLog>(file);
}

void FabricAgent::reopen_firewall_log() {
    if (firewall_log_)
        firewall_log_->reopen();
}

void FabricAgent::take_firewall_events() {
    auto events = dataplane_.take_firewall_events();
    if (firewall_log_ && !events.empty())
        firewall_log_->write(events, *published_, settings_.host);
}

// Every worker forwards by the latest Fabric: what the database asked for is done.
void FabricAgent::reached_quiescence() {
    if (to_apply_) {
        if (applied_ != *to_apply_ && keeper_)
            keeper_->changed();
        applied_ = *to_apply_;
        to_apply_.reset();
    }
    ready_.merge(std::exchange(whole_, {}));
    report();
}

// --- What this host knows by itself.

LocalFacts FabricAgent::facts() const {
    LocalFacts facts;
    facts.host = settings_.host;
    facts.tunnel = settings_.tunnel;
    facts.limits = settings_.limits;
    facts.claims = claims_.all();
    for (const auto& [name, port] : ports_.open()) {
        PortFacts fact(port.id);
        fact.worker = port.worker;
        fact.kind = port.is_shadow                       ? PortKind::shadow
                    : !port.wanted.uplink_shadow.empty() ? PortKind::uplink
                    : !port.wanted.iface_id.empty()      ? PortKind::nic
                    : port.wanted.is_bridged             ? PortKind::bridged
                                                         : PortKind::unbound;
        fact.iface_id = port.wanted.iface_id;
        fact.dead_vlan =
            port.wanted.is_bridged ? is_dead_vlan(port.wanted) : has_vlans(port.wanted);
        fact.peer = port.peer;
        if (!port.is_shadow)
            fact.limits = port.wanted.limits;
        fact.link_local = link_local_.granted(port.id);
        fact.activated = moves_.active.contains(fact.iface_id);
        fact.picks_up = moves_.picking_up.contains(fact.iface_id);
        auto told = builder_.dhcp_of(fact.iface_id);
        fact.declined4 = declined_.is_declined(told, false);
        fact.declined6 = declined_.is_declined(told, true);
        facts.ports.emplace(name, std::move(fact));
    }
    bridges_.describe(facts);
    if (underlay_)
        add_underlay(facts);
    return facts;
}

void FabricAgent::add_underlay(LocalFacts& facts) const {
    for (const IpAddr& address : settings_.vtep_addresses) {
        auto link = underlay_->link_of(address);
        if (!link)
            continue;
        facts.has_vtep6 = facts.has_vtep6 || !address.is_v4();
        facts.underlay_mtu = std::min(facts.underlay_mtu.value_or(link->mtu), link->mtu);
        if (auto shadow = facts.ports.find(link->name);
            shadow != facts.ports.end() && shadow->second.kind == PortKind::shadow)
            for (auto& [name, port] : facts.ports)
                if (port.kind == PortKind::uplink && port.id == shadow->second.peer)
                    port.vtep_addresses.push_back(address);
    }
    for (const IpAddr& vtep : wanted_vteps())
        for (const UnderlayPath& path : underlay_->resolve(vtep).value_or(UnderlayPaths())) {
            auto shadow = facts.ports.find(path.interface);
            if (shadow == facts.ports.end() || shadow->second.kind != PortKind::shadow)
                continue; // reached by a device that is no uplink: trouble() says so
            facts.paths[vtep].push_back({.uplink = *shadow->second.peer,
                                         .source_mac = path.source_mac,
                                         .destination_mac = path.next_hop_mac,
                                         .source = source_of(path),
                                         .mtu = static_cast<uint16_t>(std::min(path.mtu, 65535u))});
        }
}

std::set<IpAddr> FabricAgent::wanted_vteps() const {
    return builder_.wanted_vteps(settings_.host, settings_.vtep_addresses);
}

// The other hosts know us by our VTEP addresses and by no other that the tap may carry, whichever
// the kernel would prefer.
IpAddr FabricAgent::source_of(const UnderlayPath& path) const {
    std::vector<IpAddr> own;
    std::ranges::copy_if(settings_.vtep_addresses, std::back_inserter(own),
                         [&](const IpAddr& one) { return one.is_v4() == path.source.is_v4(); });
    if (own.empty() || std::ranges::count(own, path.source))
        return path.source;
    auto is_there = [&](const IpAddr& address) {
        auto link = underlay_->link_of(address);
        return link && link->name == path.interface;
    };
    auto found = std::ranges::find_if(own, is_there);
    return found != own.end() ? *found : own.front();
}

// A change is applied when its packets arrive, so a host that has just become known is given the
// time to answer ARP.
bool FabricAgent::waits_for_neighbours() {
    if (!underlay_)
        return false;
    auto now = std::chrono::steady_clock::now();
    std::map<IpAddr, std::chrono::steady_clock::time_point> unresolved;
    bool waits = false;
    for (const IpAddr& vtep : wanted_vteps()) {
        if (underlay_->resolve(vtep))
            continue;
        auto known = unresolved_since_.find(vtep);
        auto since = known == unresolved_since_.end() ? now : known->second;
        unresolved.emplace(vtep, since);
        waits = waits || now - since < neighbour_patience;
    }
    unresolved_since_ = std::move(unresolved);
    if (waits)
        again_ = reactor_.after(neighbour_patience, [this] { schedule(); });
    return waits;
}

} // namespace ringfence::agent
