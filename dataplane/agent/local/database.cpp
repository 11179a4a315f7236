#include "dataplane/agent/local/database.h"

#include "core/types/log.h"

namespace ringfence::agent {

namespace {

using namespace std::chrono_literals;
using vswitch::Bridge;
using vswitch::Controller;
using vswitch::Interface;
using vswitch::Mirror;
using vswitch::OpenvSwitch;
using vswitch::Port;
using vswitch::QoS;
using vswitch::Queue;

log::Module module("switch");

// Columns that we only write are not monitored: else each write would wake us again.
void choose_columns(ovsdb::Database<vswitch::Schema>& database) {
    database.monitor_columns<OpenvSwitch>(
        OpenvSwitch::Column::bridges | OpenvSwitch::Column::ssl | OpenvSwitch::Column::next_cfg |
        OpenvSwitch::Column::other_config | OpenvSwitch::Column::external_ids);
    database.monitor_columns<Bridge>(Bridge::Column::name | Bridge::Column::ports |
                                     Bridge::Column::mirrors | Bridge::Column::controller |
                                     Bridge::Column::fail_mode | Bridge::Column::other_config |
                                     Bridge::Column::stp_enable | Bridge::Column::rstp_enable);
    database.monitor_columns<Port>(Port::Column::name | Port::Column::interfaces |
                                   Port::Column::tag | Port::Column::trunks |
                                   Port::Column::vlan_mode | Port::Column::qos);
    database.monitor_columns<Interface>(
        Interface::Column::name | Interface::Column::type | Interface::Column::options |
        Interface::Column::external_ids | Interface::Column::ofport |
        Interface::Column::ofport_request | Interface::Column::mac |
        Interface::Column::mtu_request | Interface::Column::ingress_policing_rate |
        Interface::Column::ingress_policing_burst | Interface::Column::ingress_policing_kpkts_rate |
        Interface::Column::ingress_policing_kpkts_burst);
    database.monitor_columns<Controller>(Controller::Column::target);
    database.monitor_columns<QoS>(QoS::Column::type | QoS::Column::queues |
                                  QoS::Column::other_config);
    database.monitor_columns<Queue>(Queue::Column::other_config);
    database.monitor_columns<Mirror>(Mirror::Column::name | Mirror::Column::select_all |
                                     Mirror::Column::select_src_port |
                                     Mirror::Column::select_dst_port | Mirror::Column::select_vlan |
                                     Mirror::Column::output_port | Mirror::Column::output_vlan);
}

// ofport is read once, after a start; afterwards its changes are the echo of our own writes.
bool only_ofports(const vswitch::Changes& changes) {
    for (const auto& change : changes.interface)
        if (!(change.modified == Interface::Columns(Interface::Column::ofport)))
            return false;
    return changes.open_vswitch.empty() && changes.bridge.empty() && changes.port.empty() &&
           changes.controller.empty() && changes.qos.empty() && changes.queue.empty() &&
           changes.ssl.empty() && changes.mirror.empty();
}

} // namespace

LocalDatabase::LocalDatabase(ovsdb::Reactor& reactor, const std::string& remote, Events events)
    : reactor_(reactor), events_(std::move(events)),
      database_(reactor, {.remotes = remote, .lock = switch_lock}) {
    choose_columns(database_);
    database_.on_change([this](const vswitch::Changes& changes) { read(changes); });
    database_.on_state(
        [this](ovsdb::ConnectionState state, std::string_view why) { on_state(state, why); });
    database_.on_lock([this](bool held) { on_lock(held); });
}

bool LocalDatabase::in_charge() const { return ready_ && database_.has_lock(); }

bool LocalDatabase::contended() const { return ready_ && !database_.has_lock(); }

void LocalDatabase::read(const vswitch::Changes& changes) {
    if (only_ofports(changes))
        return;
    wanted_ = wanted_from(database_.tables());
    if (in_charge())
        events_.changed();
}

void LocalDatabase::on_state(ovsdb::ConnectionState state, std::string_view why) {
    bool was_ready = std::exchange(ready_, state == ovsdb::ConnectionState::ready);
    if (was_ready && !ready_)
        log::warning(module, "the local database is gone: {}; ports go on", why);
    if (!was_ready && ready_) {
        written_ = {}; // a database that was restarted has lost its ephemeral columns
        wanted_ = wanted_from(database_.tables());
        if (in_charge())
            events_.changed();
    }
}

// A connection that goes takes the lock along, and that is no reason to close a port: only a lock
// that is lost while the connection stays has been taken by somebody.
void LocalDatabase::on_lock(bool held) {
    if (held && ready_) {
        written_ = {};
        events_.changed();
    }
    if (!held)
        lock_check_ = reactor_.after(0s, [this] {
            if (!contended())
                return;
            log::error(module,
                       "another process has taken the lock {} of the local database: all ports "
                       "are closed until it lets go",
                       switch_lock);
            events_.lost_lock();
        });
}

void LocalDatabase::write(Report report) {
    to_write_ = std::move(report);
    if (!in_flight_)
        send();
}

void LocalDatabase::send() {
    if (!to_write_ || !in_charge())
        return;
    Report report = *std::exchange(to_write_, std::nullopt);
    auto transaction = difference(written_, report);
    if (transaction.empty()) {
        events_.written();
        return;
    }
    in_flight_ = true;
    database_.commit(transaction,
                     [this, report = std::move(report)](const Result<ovsdb::Committed>& result) {
                         sent(report, result);
                     });
}

void LocalDatabase::sent(const Report& report, const Result<ovsdb::Committed>& result) {
    in_flight_ = false;
    if (result) {
        written_ = report;
        if (to_write_)
            send();
        else
            events_.written();
        return;
    }
    written_ = {};
    if (!to_write_)
        to_write_ = report;
    if (in_charge()) { // otherwise the next connection, or the lock, begins anew
        log::warning(module, "writing to the local database: {}; again in a second",
                     result.error().text);
        retry_ = reactor_.after(1s, [this] { send(); });
    }
}

} // namespace ringfence::agent
