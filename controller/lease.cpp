#include "controller/lease.h"

#include <algorithm>

#include "core/types/log.h"

namespace ringfence::controller {
namespace {

log::Module module("lease");

const ovsdb::Uuid north_uuid = ovsdb::Uuid::named("lease/northbound");
const ovsdb::Uuid south_uuid = ovsdb::Uuid::named("lease/southbound");

template <class Row> const Row* only_row(const ovsdb::Table<Row>& table) {
    return table.empty() ? nullptr : &*table.begin();
}

int64_t sequence_known_to(const northbound::Tables& rows) {
    const auto* global = only_row(rows.global);
    return global ? global->sequence : 0;
}

} // namespace

Lease::Lease(ovsdb::Reactor& reactor, NorthboundDatabase& north, SouthboundDatabase& south,
             LeaseOptions options)
    : north_(north), south_(south), options_(std::move(options)), seen_at_(Clock::now()),
      ready_at_(seen_at_), renewed_at_(seen_at_) {
    tick_ = reactor.every(std::max(options_.time / 10, std::chrono::milliseconds(5)),
                          [this] { look(); });
}

void Lease::look() {
    const auto now = Clock::now();
    if (ready())
        ready_at_ = now;
    switch (state_) {
    case State::contending:
        return contend();
    case State::raising:
    case State::held: {
        const auto* row = only_row(south_.tables().lease);
        if (!row || row->uuid != south_row_.uuid || row->epoch < south_row_.epoch)
            return lose("the southbound database was replaced");
        if (row->epoch > south_row_.epoch)
            return lose("controller " + row->owner + " has taken it");
        if (now - ready_at_ > options_.time)
            return lose("a database has been away for the lease time");
        if (now - renewed_at_ >= options_.time / 3)
            renew();
        return;
    }
    case State::taking:
    case State::released:
        return;
    }
}

bool Lease::ready() const {
    return north_.state() == ovsdb::ConnectionState::ready &&
           south_.state() == ovsdb::ConnectionState::ready;
}

// Waits until the holder has been silent for the lease time, as far as can be seen from here.
void Lease::contend() {
    const auto now = Clock::now();
    if (!ready()) {
        seen_at_ = now;
        return;
    }
    const auto* row = only_row(south_.tables().lease);
    if (row && *row != seen_) {
        seen_ = *row;
        seen_at_ = now;
    }
    bool is_free = !row || row->owner.empty();
    if (is_free || now - seen_at_ >= options_.time)
        take();
}

void Lease::take() {
    using Column = southbound::Lease::Column;
    const auto* south = only_row(south_.tables().lease);
    const auto* north = only_row(north_.tables().lease);
    southbound::Lease wanted = south ? *south : southbound::Lease{};
    wanted.epoch = std::max(wanted.epoch, north ? north->epoch : 0) + 1;
    wanted.owner = options_.name;
    ++wanted.renewals;
    // Behind in a southbound database that is new, or from a backup.
    wanted.sequence = std::max(wanted.sequence, sequence_known_to(north_.tables()));

    ovsdb::Transaction transaction;
    if (south) {
        transaction.wait(*south, southbound::Lease::Columns::all());
        transaction.update(wanted,
                           Column::epoch | Column::renewals | Column::owner | Column::sequence);
    } else {
        wanted.uuid = south_uuid; // of two inserts one fails
        transaction.insert(wanted);
    }
    transaction.comment("ringfence-controller " + options_.name + ": takes the lease");
    transaction.set_timeout(options_.time);
    state_ = State::taking;
    south_.commit(transaction, [this, wanted](Result<ovsdb::Committed> result) {
        if (state_ != State::taking)
            return;
        if (!result) {
            log::debug(module, "not taken: {}", result.error().text);
            return back_to_contending();
        }
        south_row_ = wanted;
        renewed_at_ = Clock::now();
        state_ = State::raising;
        raise_north();
    });
}

void Lease::raise_north() {
    using Column = northbound::Lease::Column;
    const auto* north = only_row(north_.tables().lease);
    if (north && north->epoch >= south_row_.epoch)
        return lose("the northbound database knows a later holder");
    northbound::Lease wanted = north ? *north : northbound::Lease{};
    wanted.epoch = south_row_.epoch;
    wanted.owner = options_.name;

    ovsdb::Transaction transaction;
    if (north) {
        transaction.wait(*north, Column::epoch);
        transaction.update(wanted, Column::epoch | Column::owner);
    } else {
        wanted.uuid = north_uuid;
        transaction.insert(wanted);
    }
    transaction.set_timeout(options_.time);
    north_.commit(transaction, [this, wanted](Result<ovsdb::Committed> result) {
        if (state_ != State::raising)
            return;
        if (!result)
            return lose("the northbound lease: " + result.error().text);
        north_row_ = wanted;
        state_ = State::held;
        log::info(module, "taken, epoch {}", south_row_.epoch);
        on_change_(true);
    });
}

void Lease::renew() {
    if (renewing_)
        return;
    renewing_ = true;
    renewed_at_ = Clock::now();
    ovsdb::Transaction transaction;
    fence_south(transaction);
    transaction.mutate<southbound::Lease>(south_row_.uuid, southbound::Lease::Column::renewals,
                                          ovsdb::Mutator::add, 1);
    transaction.set_timeout(options_.time);
    south_.commit(transaction, [this, epoch = epoch()](Result<ovsdb::Committed> result) {
        renewing_ = false;
        if (!result && ovsdb::is_try_again(result.error())) {
            if (epoch == south_row_.epoch) // and not of a lease that was lost long ago
                lose("somebody else has taken it");
        } else if (!result)
            log::warning(module, "not renewed: {}", result.error().text);
    });
}

void Lease::fence_north(ovsdb::Transaction& transaction) const {
    transaction.wait(north_row_, northbound::Lease::Column::epoch);
}

void Lease::fence_south(ovsdb::Transaction& transaction) const {
    transaction.wait(south_row_, southbound::Lease::Column::epoch);
}

void Lease::lose(std::string_view why) {
    if (state_ != State::raising && state_ != State::held)
        return;
    bool was_held = held();
    log::warning(module, "lost, epoch {}: {}", south_row_.epoch, why);
    back_to_contending();
    if (was_held)
        on_change_(false);
}

void Lease::back_to_contending() {
    state_ = State::contending;
    seen_at_ = Clock::now();
}

void Lease::release(std::function<void()> done) {
    bool was_held = state_ == State::held || state_ == State::raising;
    state_ = State::released;
    if (!was_held)
        return done();
    ovsdb::Transaction transaction;
    fence_south(transaction);
    southbound::Lease free = south_row_;
    free.owner.clear();
    transaction.update(free, southbound::Lease::Column::owner);
    south_.commit(transaction, [done = std::move(done)](Result<ovsdb::Committed> result) {
        if (!result)
            log::warning(module, "not given up: {}", result.error().text);
        done();
    });
}

} // namespace ringfence::controller
