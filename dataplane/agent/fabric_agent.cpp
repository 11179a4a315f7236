#include "dataplane/agent/fabric_agent.h"

#include <algorithm>

#include "core/types/log.h"
#include "dataplane/agent/announcements.h"

namespace ringfence::agent {

namespace {

using namespace std::chrono_literals;

log::Module module("fabric");

constexpr auto heartbeat = 5s;
constexpr auto after_a_move = 2s; // frames of a NIC that moved may come from its old host as long
constexpr auto notice_period = 100ms;
constexpr auto first_frame_period = 5ms; // while one is awaited
constexpr auto picking_up = 30s;         // TCP in its middle, after a move here
constexpr auto contention = 60s;         // how long it is told that a port has sent after its move
constexpr auto advertising_period = 1s;  // how exact the times of router advertisements are
constexpr auto ageing_period = 10s;      // how exact the age of learned MACs is
constexpr auto neighbour_patience = 1s;  // a host that is up answers ARP sooner
constexpr size_t most_learned = 1024;    // MACs behind one trusted port

std::set<std::string> domains_of(const southbound::Tables& tables) {
    std::set<std::string> domains;
    for (const auto& port : tables.logical_port)
        domains.insert(port.domains.begin(), port.domains.end());
    return domains;
}

// Of a replica the fabric's state, without this host's own words.
southbound::Tables without_own_rows(const southbound::Tables& tables) {
    southbound::Tables state;
    for_each_followed([&](auto table, auto) { state.*table = tables.*table; });
    return state;
}

// A NIC's VLANs are its network's. What Port.tag or trunks would change is not built, so a NIC that
// has them passes nothing, as with the dead VLAN.
bool has_vlans(const WantedPort& port) { return port.tag.value_or(0) || !port.trunks.empty(); }

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
    log::info(module, "starting from the kept state: {} segments, {} logical ports, {} hosts",
              kept_.segment.size(), kept_.logical_port.size(), kept_.host.size());
}

void FabricAgent::keep_state_in(const std::filesystem::path& path) {
    keeper_ = std::make_unique<StateKeeper>(reactor_, path, [this] { return state(); });
}

void FabricAgent::update(const FabricSettings& settings, const WantedBridges& bridges) {
    bool other_fabric = settings.remote != settings_.remote || settings.host != settings_.host;
    if (settings.errors != settings_.errors)
        for (const std::string& error : settings.errors)
            log::warning(module, "{}", error);
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
    log::info(module, "this is host {}, southbound database {}", settings.host, settings.remote);
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
    log::error(module, "the southbound database names no host any more: it was emptied, or is a "
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

// --- What the workers saw.

void FabricAgent::take_notices() {
    auto now = std::chrono::steady_clock::now();
    bool learned = false;
    for (const Notice& notice : dataplane_.take_notices()) {
        auto port = std::ranges::find(ports_.open(), notice.port,
                                      [](const auto& entry) { return entry.second.id; });
        if (notice.kind == Notice::Kind::in_use)
            link_local_.in_use(notice.segment, *notice.address.v6(), notice.port);
        else if (notice.kind == Notice::Kind::moved_mac)
            take_moved(notice);
        else if (notice.kind == Notice::Kind::speaks)
            take_speaker(notice);
        else if (port == ports_.open().end())
            continue; // closed meanwhile
        else if (notice.kind == Notice::Kind::sends)
            take_sends(port->second);
        else if (notice.kind == Notice::Kind::claim)
            link_local_.probed(notice.port, notice.segment, *notice.address.v6(), now);
        else if (notice.kind == Notice::Kind::takes_over)
            take_over(notice, port->second);
        else if (notice.kind == Notice::Kind::foreign_address ||
                 notice.kind == Notice::Kind::foreign_mac)
            take_foreign(notice, port->second);
        else if (notice.kind == Notice::Kind::learned_mac && bridges_.has(notice.segment))
            learned |= bridges_.learned(notice, now);
        else if (notice.kind == Notice::Kind::learned_mac)
            take_learned(notice, port->second);
        else
            take_declined(notice, port->second);
    }
    bool other_claims = !link_local_.advance(now).empty();
    if (duplicates_.advance(now) || other_claims || learned)
        schedule();
}

// --- Addresses that several ports may have.

void FabricAgent::take_over(const Notice& notice, const OpenPort& port) {
    auto row = builder_.row_of(notice.segment);
    if (!row)
        return;
    SegmentAddress address{*row, notice.address};
    if (claims_.take(address, port.wanted.iface_id, builder_.virtual_entry(*row, notice.address),
                     std::chrono::steady_clock::now()))
        schedule();
}

void FabricAgent::settle_claims() {
    auto may_have = [&](const std::string& port, const SegmentAddress& address) {
        const NicEntry* nic = builder_.nic(port);
        return nic && nic->host == settings_.host && nic->segment == address.first &&
               nic->virtual_addresses.contains(address.second);
    };
    for (const auto& [uuid, entry] : builder_.virtual_entries().all()) {
        SegmentAddress address{entry.segment, entry.address};
        std::string holder = entry.port.value_or(builder_.holder(address));
        claims_.settle(address, entry, may_have(holder, address) ? holder : "");
    }
    claims_.end_unless(
        [&](const auto& address, const OwnClaim& own) { return may_have(own.port, address); });
}

// --- Addresses that two claim.

void FabricAgent::take_foreign(const Notice& notice, const OpenPort& port) {
    auto row = builder_.row_of(notice.segment);
    std::string owner = row ? owner_of(notice, *row) : "";
    if (owner.empty() || owner == "port " + port.wanted.iface_id)
        return;
    bool is_mac = notice.kind == Notice::Kind::foreign_mac;
    note({is_mac ? "MAC " + to_string(notice.mac) : to_string(notice.address),
          "port " + port.wanted.iface_id, owner});
}

// "": nobody's, and so no duplicate.
std::string FabricAgent::owner_of(const Notice& notice, const ovsdb::Uuid& row) const {
    const Segment* segment = published_->segment(notice.segment);
    if (!segment)
        return "";
    if (segment->virtual_address(notice.address)) {
        std::string holder = builder_.holder({row, notice.address});
        return holder.empty() ? "ports that share it" : "port " + holder;
    }
    bool is_mac = notice.kind == Notice::Kind::foreign_mac;
    auto mac = is_mac ? notice.mac : published_->neighbour(*segment, notice.address);
    if (!mac)
        return "";
    return segment->router(mac->to_u64()) ? "a router" : shown(row, *mac);
}

void FabricAgent::take_speaker(const Notice& notice) {
    auto row = builder_.row_of(notice.segment);
    auto now = std::chrono::steady_clock::now();
    auto other = row ? duplicates_.spoke({*row, notice.address}, notice.mac, now) : std::nullopt;
    if (other)
        note({to_string(notice.address), shown(*row, notice.mac), shown(*row, *other)});
}

// Of a port of this host check_ports() tells.
void FabricAgent::note(const Duplicates::Conflict& conflict) {
    bool is_news = duplicates_.claimed(conflict, std::chrono::steady_clock::now());
    bool is_here = std::ranges::any_of(ports_.open(), [&](const auto& port) {
        return "port " + port.second.wanted.iface_id == conflict.claimant;
    });
    if (is_news && !is_here)
        log::warning(module, "{} is claimed by {} and {}", conflict.what, conflict.claimant,
                     conflict.holder);
}

std::string FabricAgent::shown(const ovsdb::Uuid& segment, MacAddr mac) const {
    std::string port = builder_.port_with(segment, mac);
    return port.empty() ? "who has MAC " + to_string(mac) : "port " + port;
}

bool FabricAgent::is_plugged(const std::string& nic) const {
    return std::ranges::any_of(
        ports_.open(), [&](const auto& port) { return port.second.wanted.iface_id == nic; });
}

std::string FabricAgent::name_of(const SegmentAddress& address) const {
    const SegmentSettings* segment = builder_.segment(address.first);
    return fmt::format("virtual address {} of {}", to_string(address.second),
                       segment ? segment->intent : "?");
}

// By the hosts of the two ports alone: all others would say the same.
void FabricAgent::log_takeovers() {
    auto name = [](const std::string& nic) { return nic.empty() ? "nobody" : "port " + nic; };
    for (const Takeover& one : builder_.take_takeovers())
        if (is_plugged(one.from) || is_plugged(one.to))
            log::info(module, "{}: {} has it now, {} had it before",
                      name_of({one.segment, one.address}), name(one.to), name(one.from));
}

// New, moved here, or there as ever.
void FabricAgent::take_learned(const Notice& notice, const OpenPort& port) {
    auto row = builder_.row_of(notice.segment);
    if (!row)
        return;
    const LearnedEntry learned{*row, notice.mac, settings_.host, port.wanted.iface_id, false};
    size_t others = 0;
    for (const LearnedEntry& known : builder_.learned_at(settings_.host))
        others += known.port == learned.port &&
                  (known.mac != learned.mac || known.segment != learned.segment);
    if (others >= most_learned)
        return;
    learned_ages_.seen(learned, std::chrono::steady_clock::now());
    builder_.learn(learned);
    schedule();
}

// The other host can't say so itself before the row of this one is gone.
void FabricAgent::take_moved(const Notice& notice) {
    auto row = builder_.row_of(notice.segment);
    for (const LearnedEntry& known : builder_.learned_at(settings_.host))
        if (row && known.segment == *row && known.mac == notice.mac) {
            builder_.unlearn(known);
            schedule();
        }
}

void FabricAgent::age_learned() {
    auto due =
        learned_ages_.follow(builder_.learned_at(settings_.host), std::chrono::steady_clock::now());
    for (const LearnedEntry& learned : due.doubtful)
        builder_.learn(learned);
    for (const LearnedEntry& learned : due.gone)
        builder_.unlearn(learned);
    bool aged = bridges_.age(std::chrono::steady_clock::now());
    if (!due.doubtful.empty() || !due.gone.empty() || aged)
        schedule();
}

bool FabricAgent::flush_macs(const std::optional<std::string>& bridge) {
    bool known = bridges_.flush(bridge);
    if (known)
        schedule();
    return known;
}

std::string FabricAgent::macs_of(const std::optional<std::string>& bridge) const {
    return bridges_.show(bridge, ports_.open(), std::chrono::steady_clock::now());
}

void FabricAgent::take_declined(const Notice& notice, const OpenPort& port) {
    auto told = builder_.dhcp_of(port.wanted.iface_id);
    if (!declined_.note(told, notice.kind == Notice::Kind::declined6))
        return;
    log::warning(module,
                 "{}: its DHCP client has found {} in use; not offered until its row "
                 "changes, or ovs-appctl ringfence/dhcp clear {}",
                 port.wanted.iface_id, declined_.of(told), port.wanted.name);
    schedule();
}

bool FabricAgent::clear_declined(const std::string& iface_id) {
    bool cleared = declined_.clear(iface_id);
    if (cleared)
        schedule();
    return cleared;
}

// By what the workers forward by already: a change is told when it holds.
void FabricAgent::advertise() {
    if (!quiescent())
        return;
    auto due = advertisements_.due(*published_, std::chrono::steady_clock::now());
    if (!due.empty())
        dataplane_.advertise(due);
}

// What is known of a port goes with it.
void FabricAgent::forget_ports() {
    std::set<std::string> plugged;
    for (const auto& [name, port] : ports_.open())
        plugged.insert(port.wanted.iface_id);
    for (const LearnedEntry& learned : builder_.learned_at(settings_.host))
        if (!plugged.contains(learned.port))
            builder_.unlearn(learned);
    for (auto* nics : {&whole_, &ready_, &moves_.active, &moves_.elsewhere})
        std::erase_if(*nics, [&](const std::string& nic) { return !plugged.contains(nic); });
    std::erase_if(moves_.contends, [&](const auto& one) { return !plugged.contains(one.first); });
    follow_claimants();
}

// Link-local addresses are a NIC's, not a port's: they end with its plug, and after a restart they
// come back with it.
void FabricAgent::follow_claimants() {
    std::map<PortId, std::string> plugged;
    for (const auto& [name, port] : ports_.open())
        plugged.emplace(port.id, port.wanted.iface_id);
    for (const auto& [id, nic] : claimants_)
        if (auto now = plugged.find(id); now == plugged.end() || now->second != nic)
            link_local_.forget(id);
    claimants_ = std::move(plugged);
    for (const auto& [id, nic] : claimants_)
        if (auto kept = kept_link_local_.find(nic); kept != kept_link_local_.end())
            if (auto binding = builder_.binding(nic); binding && binding->segment) {
                link_local_.restore(id, *binding->segment, kept->second);
                kept_link_local_.erase(kept);
            }
}

// --- What follows for the ports.

void FabricAgent::follow_network_mtus() {
    std::vector<std::pair<std::string, std::optional<unsigned>>> mtus;
    for (const auto& [name, port] : ports_.open())
        if (auto binding = builder_.binding(port.wanted.iface_id); binding && binding->mtu)
            mtus.emplace_back(name, binding->mtu);
    for (const auto& [name, mtu] : mtus)
        ports_.set_network_mtu(name, mtu);
}

void FabricAgent::check_ports() {
    std::map<std::string, std::string> errors;
    for (const auto& [name, port] : ports_.open()) {
        if (!port.wanted.iface_id.empty() && has_vlans(port.wanted) && !is_dead_vlan(port.wanted)) {
            errors[name] = fmt::format("tag and trunks of a NIC's port are not built yet, so it "
                                       "passes nothing: ovs-vsctl clear port {} tag trunks",
                                       name);
            continue;
        }
        if (!port.is_shadow && !port.wanted.limits_trouble.empty()) {
            errors[name] = port.wanted.limits_trouble;
            continue;
        }
        auto binding = builder_.binding(port.wanted.iface_id);
        if (!binding)
            continue;
        if (moves_.contends.contains(port.wanted.iface_id))
            errors[name] =
                fmt::format("logical port {} has moved to host {}, and sends from here, "
                            "host {}, too; unplug one of the two",
                            port.wanted.iface_id, binding->host.value_or("?"), settings_.host);
        else if (binding->host && *binding->host != settings_.host &&
                 binding->candidate != settings_.host)
            errors[name] =
                fmt::format("logical port {} is bound to host {}; it stays there until that host "
                            "lets go",
                            port.wanted.iface_id, *binding->host);
        else if (port.wanted.mtu_request && binding->mtu &&
                 *port.wanted.mtu_request > *binding->mtu)
            errors[name] = fmt::format("mtu_request {} exceeds its segment's MTU, {}",
                                       *port.wanted.mtu_request, *binding->mtu);
    }
    for (const auto& [conflict, when] : duplicates_.current())
        for (const auto& [name, port] : ports_.open())
            if ("port " + port.wanted.iface_id == conflict.claimant)
                errors.emplace(name, fmt::format("{} is claimed by {} and {}", conflict.what,
                                                 conflict.claimant, conflict.holder));
    if (errors != errors_) {
        for (const auto& [name, error] : errors)
            if (!errors_.contains(name) || errors_.at(name) != error)
                log::warning(module, "{}: {}", name, error);
        errors_ = errors;
    }
    changed_();
}

// --- NICs that move between hosts (DESIGN §5).

// By the rows: what is here now, and what was another host's until now.
void FabricAgent::follow_moves() {
    bool awaited = false;
    for (const auto& [name, port] : ports_.open()) {
        const std::string& nic = port.wanted.iface_id;
        auto binding = builder_.binding(nic);
        if (!binding || !binding->host)
            continue;
        bool is_here = *binding->host == settings_.host;
        if (!is_here)
            moves_.elsewhere.insert(nic);
        else if (moves_.elsewhere.erase(nic))
            pick_up(nic);
        if (is_here)
            moves_.contends.erase(nic);
        awaited |= !is_here && binding->candidate == settings_.host && !moves_.active.contains(nic);
    }
    if (!awaited)
        first_frames_ = {};
    else if (!first_frames_)
        first_frames_ = reactor_.every(first_frame_period, [this] { take_notices(); });
}

// A port of which another host has the NIC. One that is to move here is here from now on; any other
// was left behind, or is somebody's who should not have it.
void FabricAgent::take_sends(const OpenPort& port) {
    const std::string& nic = port.wanted.iface_id;
    auto binding = builder_.binding(nic);
    if (!binding || !binding->host || *binding->host == settings_.host)
        return;
    if (binding->candidate != settings_.host) {
        moves_.contends[nic] = reactor_.after(contention, [this, nic] {
            reactor_.post([this, nic] {
                moves_.contends.erase(nic);
                schedule();
            });
        });
    } else if (moves_.active.insert(nic).second) {
        log::info(module, "{} is here now: it has sent, and was on host {}", nic, *binding->host);
        pick_up(nic);
    }
    schedule();
}

// Its TCP connections go on, of which this host knows nothing.
void FabricAgent::pick_up(const std::string& nic) {
    moves_.picking_up[nic] = reactor_.after(picking_up, [this, nic] {
        reactor_.post([this, nic] {
            moves_.picking_up.erase(nic);
            schedule();
        });
    });
}

HostReport::Claim FabricAgent::claim_of(const std::string& interface,
                                        const std::string& nic) const {
    auto binding = builder_.binding(nic);
    bool is_here = binding && binding->host == settings_.host;
    return {interface, is_ready(nic), is_here || moves_.active.contains(nic),
            moves_.contends.contains(nic)};
}

void FabricAgent::forget_later(const std::vector<Move>& moves) {
    for (const Move& move : moves)
        old_moves_[move] = reactor_.after(after_a_move, [this, move] {
            builder_.forget(move);
            schedule();
            reactor_.post([this, move] { old_moves_.erase(move); });
        });
}

// --- What the southbound database is told.

void FabricAgent::report() {
    if (!link_ || !link_->settled())
        return;
    if (reporting_) {
        report_again_ = true;
        return;
    }
    auto now = std::chrono::system_clock::now().time_since_epoch();
    auto transaction =
        host_rows(link_->tables(), host_report(), std::exchange(new_beats_, 0),
                  std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    if (transaction.empty())
        return;
    reporting_ = true;
    link_->commit(transaction, [this](const Result<ovsdb::Committed>& result) {
        reporting_ = false;
        if (!result)
            log::warning(module, "reporting to the southbound database: {}", result.error().text);
        else if (std::exchange(report_again_, false))
            report();
        // After a failure the next heartbeat tries again.
    });
}

HostReport FabricAgent::host_report() const {
    HostReport report;
    report.host = settings_.host;
    report.applied = applied_;
    report.vtep_addresses = settings_.vtep_addresses;
    report.underlay_mtu = facts().underlay_mtu;
    report.bridge_mappings = settings_.bridge_mappings;
    report.version = version_;
    report.query = settings_.query;
    report.trouble = trouble();
    report.addresses = claims_.all();
    report.learned = builder_.learned_at(settings_.host);
    for (const auto& [name, port] : ports_.open())
        if (!port.wanted.iface_id.empty())
            report.claims[port.wanted.iface_id] = claim_of(name, port.wanted.iface_id);
    return report;
}

// What an earlier run of this daemon has said stands until this one knows: taken back for a moment,
// it would unbind the port everywhere.
bool FabricAgent::is_ready(const std::string& nic) const {
    if (ready_.contains(nic))
        return true;
    bool knows = !scheduled_ && quiescent();
    return !knows && std::ranges::any_of(link_->tables().port_claim, [&](const auto& claim) {
        return claim.host == settings_.host && claim.port == nic && claim.ready;
    });
}

std::map<std::string, std::string> FabricAgent::trouble() const {
    auto trouble = builder_.trouble();
    for (const auto& [name, error] : errors_)
        trouble["interface " + name] = error;
    for (const std::string& error : settings_.errors)
        trouble[error.substr(0, error.find(": "))] = error;
    if (emptied_)
        trouble["southbound database"] = "names no host any more; forwarding by the last state";
    if (link_ && link_->settled()) {
        for (const std::string& row : link_->unreadable_rows())
            trouble["row " + row.substr(0, row.find(": "))] = row;
        for (const std::string& port : builder_.without_segment())
            trouble["port " + port] = "its segment is not there";
    }
    for (const auto& [name, port] : ports_.open())
        if (auto used = declined_.of(builder_.dhcp_of(port.wanted.iface_id)); !used.empty())
            trouble["DHCP of port " + port.wanted.iface_id] = "its client found in use: " + used;
    for (const auto& [conflict, when] : duplicates_.current())
        trouble[conflict.what + " of " + conflict.claimant] =
            "claimed by " + conflict.holder + " too";
    for (const auto& [address, when] : claims_.restless(std::chrono::steady_clock::now()))
        trouble[name_of(address)] = "moves too often: several ports believe that they have it";
    if (!underlay_)
        return trouble;
    for (const IpAddr& address : settings_.vtep_addresses) {
        auto link = underlay_->link_of(address);
        auto port = link ? ports_.open().find(link->name) : ports_.open().end();
        if (!link)
            trouble["VTEP " + to_string(address)] = "no device has this address";
        else if (port == ports_.open().end() || !port->second.is_shadow)
            trouble["VTEP " + to_string(address)] =
                fmt::format("{} has this address and is the tap of no uplink", link->name);
    }
    for (const std::string& host : builder_.out_of_reach(settings_.host, settings_.vtep_addresses))
        trouble["host " + host] = "none of its VTEP addresses is of a family that this host has "
                                  "(external_ids:ringfence-encap-ip)";
    for (const IpAddr& vtep : wanted_vteps()) {
        auto paths = underlay_->resolve(vtep);
        if (!paths)
            trouble["VTEP " + to_string(vtep)] = paths.error().text;
        for (const UnderlayPath& path : paths.value_or(UnderlayPaths()))
            if (auto port = ports_.open().find(path.interface);
                port == ports_.open().end() || !port->second.is_shadow)
                trouble["VTEP " + to_string(vtep)] =
                    fmt::format("is reached by {}, which is the tap of no uplink", path.interface);
    }
    return trouble;
}

State FabricAgent::state() const {
    State state;
    state.host = settings_.host;
    state.applied = applied_;
    state.vtep_addresses = settings_.vtep_addresses;
    state.ids = ids_;
    state.link_local = kept_link_local_;
    for (const auto& [id, nic] : claimants_)
        if (auto granted = link_local_.granted(id); !granted.empty())
            state.link_local[nic] = granted;
    state.southbound = follows_database() ? without_own_rows(link_->tables()) : kept_;
    return state;
}

std::string FabricAgent::summary() const {
    size_t ports = 0, segments = 0, hops = 0, resolved = 0, macs = 0;
    published_->for_each_port([&](const LocalPort&) { ++ports; });
    published_->for_each_segment([&](const Segment& segment) {
        ++segments;
        macs += segment.macs().size();
    });
    published_->for_each_next_hop([&](const NextHop& hop) {
        ++hops;
        resolved += hop.resolved();
    });
    std::string text = fmt::format(
        "host {}, southbound {}\napplied change {}\n{} ports, {} segments, {} MACs, {} next hops "
        "({} resolved), publication {}\n",
        settings_.host.empty() ? "(no system-id)" : settings_.host,
        !link_               ? "not configured"
        : link_->settled()   ? "connected"
        : link_->connected() ? "loading"
                             : "not connected",
        applied_, ports, segments, macs, hops, resolved, publications_);
    for (const auto& [object, what] : trouble())
        text += fmt::format("trouble: {}: {}\n", object, what);
    return text;
}

} // namespace ringfence::agent
