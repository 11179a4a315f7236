#include "dataplane/agent/southbound/link.h"

#include "core/types/log.h"
#include "dataplane/agent/southbound/followed.h"

namespace ringfence::agent {

namespace {

log::Module module("southbound");

} // namespace

SouthboundLink::SouthboundLink(ovsdb::Reactor& reactor, const std::string& remote,
                               const std::string& host, std::set<std::string> kept_domains,
                               Events events)
    : events_(std::move(events)), host_(host), kept_domains_(std::move(kept_domains)),
      database_(reactor, {.remotes = remote}) {
    choose_tables(database_);
    for_each_followed([&]<class Row>(ovsdb::Table<Row> southbound::Tables::*, auto) {
        database_.template read_in_part<Row>(); // the builder says what becomes of them
    });
    update_interest();
    database_.on_change([this](const southbound::Changes& changes) { changed(changes); });
    database_.on_conditions_settled([this] { check(); });
    database_.on_state(
        [this](ovsdb::ConnectionState state, std::string_view why) { on_state(state, why); });
    database_.on_row_trouble([this](std::string_view what) {
        if (unreadable_rows_.insert(std::string(what)).second)
            log::warning(module, "{}", what);
    });
}

void SouthboundLink::set_iface_ids(std::set<std::string> iface_ids) {
    iface_ids_ = std::move(iface_ids);
    update_interest();
    check();
}

bool SouthboundLink::settled() const {
    return loaded_ && connected() && database_.conditions_settled();
}

void SouthboundLink::changed(const southbound::Changes& changes) {
    update_interest();
    if (loaded_)
        events_.changed(changes);
    check();
}

void SouthboundLink::update_interest() {
    Interest interest = interest_from(database_.tables(), host_, iface_ids_);
    if (!loaded_)
        interest.domains.insert(kept_domains_.begin(), kept_domains_.end());
    if (interest == followed_)
        return;
    followed_ = interest;
    follow(database_, followed_);
}

// A row of ours may have named a new domain, so being settled can take several rounds.
void SouthboundLink::check() {
    if (!connected() || !database_.conditions_settled())
        return;
    update_interest();
    if (!database_.conditions_settled())
        return;
    if (!std::exchange(loaded_, true)) {
        log::info(module, "the view is whole: {} segments, {} logical ports",
                  tables().segment.size(), tables().logical_port.size());
        events_.loaded(tables());
        update_interest(); // without the kept domains
    }
    if (settled())
        events_.settled();
}

void SouthboundLink::on_state(ovsdb::ConnectionState state, std::string_view why) {
    bool is_connected = state == ovsdb::ConnectionState::ready;
    if (!is_connected && was_connected_)
        log::warning(module, "connection lost: {}; forwarding goes on by the last state", why);
    was_connected_ = is_connected;
    check();
}

} // namespace ringfence::agent
