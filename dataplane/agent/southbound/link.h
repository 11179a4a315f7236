// The connection to the southbound database: follows what this host needs and says when it is
// whole. Runs on the Reactor's thread.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "dataplane/agent/southbound/interest.h"
#include "ovsdb/database.h"

namespace ringfence::agent {

class SouthboundLink {
public:
    struct Events {
        // The first whole view since the daemon started: take it instead of the kept state.
        std::function<void(const southbound::Tables&)> loaded;
        std::function<void(const southbound::Changes&)> changed; // after loaded
        // The view is whole again: all rows of all domains that our ports name are there.
        std::function<void()> settled;
    };

    // kept_domains: of the state that the host forwards by meanwhile; they are asked for from the
    // start, so that the first whole view has them.
    SouthboundLink(ovsdb::Reactor& reactor, const std::string& remote, const std::string& host,
                   std::set<std::string> kept_domains, Events events);

    // Logical ports plugged here.
    void set_iface_ids(std::set<std::string> iface_ids);

    bool settled() const;
    // There was a whole view; tables() goes on from it, the connection lost or not.
    bool loaded() const { return loaded_; }
    bool connected() const { return database_.state() == ovsdb::ConnectionState::ready; }
    const southbound::Tables& tables() const { return database_.tables(); }
    void commit(const ovsdb::Transaction& transaction,
                std::function<void(Result<ovsdb::Committed>)> done) {
        database_.commit(transaction, std::move(done));
    }
    const std::set<std::string>& unreadable_rows() const { return unreadable_rows_; }

private:
    void changed(const southbound::Changes& changes);
    void on_state(ovsdb::ConnectionState state, std::string_view why);
    void update_interest();
    void check();

    Events events_;
    std::string host_;
    std::set<std::string> iface_ids_, kept_domains_;
    Interest followed_;
    bool loaded_ = false, was_connected_ = false;
    std::set<std::string> unreadable_rows_;
    ovsdb::Database<southbound::Schema> database_;
};

} // namespace ringfence::agent
