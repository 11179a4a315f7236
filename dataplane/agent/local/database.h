// The host's Open_vSwitch database, as its switch sees it: what is wanted, and what to write back.
// Only the holder of the lock acts. Runs on the Reactor's thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "dataplane/agent/local/report.h"
#include "dataplane/agent/local/wanted.h"
#include "ovsdb/database.h"

namespace ringfence::agent {

class LocalDatabase {
public:
    struct Events {
        std::function<void()> changed;   // wanted() is new, and we hold the lock
        std::function<void()> lost_lock; // another process is the switch now: let go of all ports
        std::function<void()> written;   // the database shows the Report last given to write()
    };

    LocalDatabase(ovsdb::Reactor& reactor, const std::string& remote, Events events);

    // Connected, loaded, and the lock is ours.
    bool in_charge() const;
    // Connected and loaded, but another process holds the lock.
    bool contended() const;
    const Wanted& wanted() const { return wanted_; }
    // Sends what differs from what the database holds, as soon as the write before is answered. A
    // write that fails is made again.
    void write(Report report);

private:
    void read(const vswitch::Changes& changes);
    void on_state(ovsdb::ConnectionState state, std::string_view why);
    void on_lock(bool held);
    void send();
    void sent(const Report& report, const Result<ovsdb::Committed>& result);

    ovsdb::Reactor& reactor_;
    Events events_;
    Wanted wanted_;
    Report written_;                 // what the database holds, as far as we know
    std::optional<Report> to_write_; // given, and not sent yet
    bool in_flight_ = false, ready_ = false;
    ovsdb::Handle retry_, lock_check_;
    ovsdb::Database<vswitch::Schema> database_;
};

} // namespace ringfence::agent
