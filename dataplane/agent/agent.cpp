#include "dataplane/agent/agent.h"

#include <cctype>

#include "core/types/log.h"
#include "dataplane/agent/local/ofports.h"

namespace ringfence::agent {

namespace {

using namespace std::chrono_literals;

log::Module module("agent");

// A daemon that has just been stopped may hold the lock for a moment.
constexpr auto lock_grace = 3s;
constexpr auto poll_period = 1s; // of link states
constexpr auto min_statistics_period = 5000ms;

std::string value_of(const std::map<std::string, std::string>& map, const char* key) {
    auto found = map.find(key);
    return found == map.end() ? std::string() : found->second;
}

std::chrono::milliseconds statistics_period(const std::map<std::string, std::string>& config) {
    std::string text = value_of(config, "stats-update-interval");
    std::chrono::milliseconds period(text.empty() ? 0 : std::strtol(text.c_str(), nullptr, 10));
    return std::max(period, min_statistics_period);
}

// The eight counters that libvirt reads, from the port's own point of view: what it gave us is rx.
std::map<std::string, int64_t> statistics_of(const OpenPort& port, const CounterSums& counters) {
    ports::PortStatistics seen = port.port->statistics();
    auto number = [](uint64_t value) { return static_cast<int64_t>(value); };
    return {{"rx_packets", number(seen.rx_packets)},
            {"rx_bytes", number(seen.rx_bytes)},
            {"rx_errors", number(seen.rx_errors)},
            {"rx_dropped", number(seen.rx_missed + counters.drops())},
            {"tx_packets", number(seen.tx_packets)},
            {"tx_bytes", number(seen.tx_bytes)},
            {"tx_errors", number(seen.tx_errors)},
            {"tx_dropped", 0}}; // what a port's queue refuses is a drop of the port it came from
}

std::map<std::string, std::string> status_of(const OpenPort& port, const ports::LinkState& link) {
    std::map<std::string, std::string> status{{"driver_name", port.port->driver()}};
    if (port.wanted.type == PortType::vhost_user_client) {
        status["mode"] = "client";
        status["socket"] = port.wanted.device;
        status["status"] = link.up ? "connected" : "disconnected";
    }
    return status;
}

} // namespace

Agent::Agent(ovsdb::Reactor& reactor, const Arguments& arguments, std::string version, Hooks hooks)
    : reactor_(reactor), arguments_(arguments), version_(std::move(version)),
      hooks_(std::move(hooks)) {}

Agent::~Agent() = default;

Result<> Agent::start() {
    if (arguments_.given_state) {
        auto given = read_state(*arguments_.given_state);
        if (!given)
            return tl::unexpected(given.error());
        given_ = kept_ = std::move(*given);
    } else if (auto kept = read_state(arguments_.kept_state)) {
        kept_ = std::move(*kept);
    } else if (kept.error().kind != ErrorKind::not_found) {
        log::error(module, "{}; starting without it", kept.error().text);
    }
    ids_ = kept_.ids;

    if (given_ && given_->wanted_ports) {
        soon_ = reactor_.after(0s, [this] { reconfigure(); });
        return {};
    }
    LocalDatabase::Events events;
    events.changed = [this] { reconfigure(); };
    events.written = [this] {
        if (first_done_ && !std::exchange(in_service_, true))
            hooks_.in_service();
    };
    events.lost_lock = [this] {
        if (ports_)
            ports_->close_all();
    };
    local_ = std::make_unique<LocalDatabase>(reactor_, arguments_.database, std::move(events));
    lock_grace_ = reactor_.every(lock_grace, [this] {
        if (!dataplane_ && local_->contended())
            hooks_.failed(
                {ErrorKind::conflict,
                 fmt::format("{}: another process holds the lock {}: a switch daemon runs "
                             "on this database already (stop it first: ovs-appctl exit)",
                             arguments_.database, switch_lock)});
    });
    return {};
}

bool Agent::start_dataplane(const OtherConfig& other_config) {
    auto dataplane = hooks_.start_dataplane(other_config);
    if (!dataplane) {
        hooks_.failed(dataplane.error());
        return false;
    }
    dataplane_ = std::move(*dataplane);
    // Once for all ports that close in one go.
    ports_ = std::make_unique<PortSet>(*dataplane_, ids_, arguments_.run_folder, [this] {
        soon_ = reactor_.after(0s, [this] { reconfigure(); });
    });
    fabric_ = std::make_unique<FabricAgent>(reactor_, *dataplane_, *ports_, ids_, version_, [this] {
        if (in_service_)
            write_report();
    });
    captures_ = std::make_unique<Captures>(reactor_, *dataplane_, *ports_);
    telemetry_ =
        std::make_unique<Telemetry>(reactor_, [this] { return numbers({}).value_or(Numbers{}); });
    if (auto opened = fabric_->open_underlay(); !opened)
        log::error(module, "the kernel's routes can't be followed, so no other host is reached: {}",
                   opened.error().text);
    poll_ = reactor_.every(poll_period, [this] {
        if (ports_->netdevs_came_or_went() || (local_ && watch_->apply(local_->wanted().watch)))
            reconfigure();
        else
            write_report();
    });
    statistics_timer_ = reactor_.every(statistics_period(other_config), [this] {
        refresh_statistics(false);
        write_report();
    });
    return true;
}

// Makes everything what is wanted now; called whenever that may have changed.
void Agent::reconfigure() {
    if (closing_) {
        if (closed_ && !ports_->closing())
            std::exchange(closed_, nullptr)();
        return;
    }
    // Without the lock another process is the switch. Without a connection we still are, once we
    // were.
    if (local_ && (local_->contended() || (!local_->in_charge() && !in_service_)))
        return;
    Wanted wanted;
    if (local_)
        wanted = local_->wanted();
    if (given_ && given_->wanted_ports)
        wanted.ports = *given_->wanted_ports;
    if (given_) { // --state: no southbound database
        wanted.fabric.host = given_->host;
        wanted.fabric.remote.clear();
        wanted.fabric.vtep_addresses = given_->vtep_addresses;
    }
    if (!dataplane_) {
        if (!start_dataplane(wanted.other_config))
            return;
        if (given_ || (!kept_.host.empty() && kept_.host == wanted.fabric.host))
            fabric_->start_from(kept_);
        if (!given_)
            fabric_->keep_state_in(arguments_.kept_state);
        fabric_->log_firewalls_to(arguments_.firewall_log);
    }
    mention_controllers(wanted);
    apply_watch(wanted);
    if (ports_->apply(wanted.ports)) {
        cur_cfg_ = wanted.next_cfg;
        first_done_ = true;
    }
    refresh_statistics(true);
    fabric_->update(wanted.fabric, {wanted.bridges, wanted.mirrors});
    write_report();
    if (!local_ && !std::exchange(in_service_, true))
        hooks_.in_service();
}

// Where it may be asked, and what is wrong with that, is reported with the rest.
void Agent::apply_watch(Wanted& wanted) {
    watch_->apply(wanted.watch);
    const auto& own = wanted.fabric.vtep_addresses;
    wanted.fabric.query = watch_->advertised(own.empty() ? "" : to_string(own.front()));
    for (const std::string& error : watch_->errors())
        wanted.fabric.errors.push_back(error);
}

void Agent::mention_controllers(const Wanted& wanted) {
    if (!wanted.controllers.empty() && !std::exchange(controllers_mentioned_, true))
        log::info(module, "a bridge names an OpenFlow controller: nobody here speaks OpenFlow, "
                          "Controller.is_connected stays false");
}

// --- What is written back.

void Agent::refresh_statistics(bool only_new) {
    if (!ports_)
        return;
    std::erase_if(statistics_,
                  [this](const auto& entry) { return !ports_->open().contains(entry.first); });
    for (const auto& [name, port] : ports_->open())
        if (!only_new || !statistics_.contains(name))
            statistics_[name] = statistics_of(port, dataplane_->counters(port.id));
}

void Agent::write_report() {
    if (local_ && local_->in_charge() && ports_)
        local_->write(make_report(local_->wanted()));
}

Report Agent::make_report(const Wanted& wanted) const {
    Report report;
    if (wanted.root.is_nil())
        return report;
    report.root = root_row(wanted.root, cur_cfg_, dataplane_->version());
    report.root.statistics = watch_->status();
    for (const auto& [uuid, why] : wanted.refused)
        report.interfaces.emplace(uuid, failed_row(uuid, why));
    for (const auto& [name, why] : ports_->failed())
        if (auto port = wanted.ports.find(name); port != wanted.ports.end())
            report.interfaces.emplace(port->second.interface,
                                      failed_row(port->second.interface, why));
    auto ofports = assign_ofports(wanted.ports);
    for (const auto& [name, port] : ports_->open())
        if (wanted.ports.contains(name) && wanted.ports.at(name).interface == port.wanted.interface)
            report.interfaces.emplace(port.wanted.interface, row_of(port, ofports.at(name)));
    for (const WantedBridge& bridge : wanted.bridges) {
        vswitch::Bridge row;
        row.uuid = bridge.row;
        auto own = ports_->open().find(bridge.name);
        MacAddr mac = bridge.hwaddr                 ? *bridge.hwaddr
                      : own != ports_->open().end() ? own->second.port->mac()
                                                    : MacAddr();
        row.datapath_id = bridge.datapath_id.empty() ? datapath_id_from(mac) : bridge.datapath_id;
        row.datapath_version = "<built-in>";
        report.bridges.emplace(bridge.row, row);
    }
    for (const WantedMirror& mirror : wanted.mirrors) {
        vswitch::Mirror row;
        row.uuid = mirror.row;
        if (auto known = statistics_.find(mirror.output); known != statistics_.end())
            for (const char* what : {"tx_packets", "tx_bytes"})
                row.statistics[what] = known->second.at(what);
        report.mirrors.emplace(mirror.row, row);
    }
    for (const ovsdb::Uuid& uuid : wanted.controllers) {
        vswitch::Controller row; // is_connected: false
        row.uuid = uuid;
        report.controllers.emplace(uuid, row);
    }
    return report;
}

vswitch::Interface Agent::row_of(const OpenPort& port, uint16_t ofport) const {
    vswitch::Interface row;
    row.uuid = port.wanted.interface;
    row.ofport = ofport;
    ports::LinkState link = port.port->link();
    row.mac_in_use = to_string(port.port->mac());
    row.mtu = port.port->mtu();
    row.admin_state = link.admin_up ? "up" : "down";
    row.link_state = link.up ? "up" : "down";
    row.link_resets = static_cast<int64_t>(link.resets);
    if (link.speed) {
        row.link_speed = static_cast<int64_t>(link.speed) * 1'000'000;
        row.duplex = link.full_duplex ? "full" : "half";
    }
    if (auto index = port.port->ifindex())
        row.ifindex = *index;
    row.status = status_of(port, link);
    if (auto known = statistics_.find(port.wanted.name); known != statistics_.end())
        row.statistics = known->second;

    if (auto trouble = port.port->trouble())
        row.error = *trouble;
    else if (port.trouble)
        row.error = *port.trouble;
    else if (auto error = fabric_->errors().find(port.wanted.name);
             error != fabric_->errors().end())
        row.error = error->second;
    return row;
}

void Agent::reopen_logs() {
    if (fabric_)
        fabric_->reopen_firewall_log();
}

void Agent::ask_workers(std::function<void()> alive) {
    if (dataplane_)
        dataplane_->ask_workers(std::move(alive));
    else
        alive();
}

void Agent::close(bool for_good, std::function<void()> closed) {
    if (!ports_)
        return closed();
    watch_.reset();
    captures_.reset();
    telemetry_.reset();
    local_.reset(); // the rows stay as they are, like ovs-vswitchd's
    poll_ = {};
    statistics_timer_ = {};
    closing_ = true;
    closed_ = std::move(closed);
    ports_->close_all(for_good);
    reconfigure();
}

} // namespace ringfence::agent
