// The lease: of any number of controllers the one that holds it compiles.
//
// There is a Lease row in each database. The southbound one decides. Its holder raises `renewals`
// three times in the lease time; a contender that has seen neither that nor another change for the
// lease time, by its own monotonic clock, raises `epoch` (conditionally on what it saw: of two
// contenders one wins), and then the northbound epoch to the same number, before its first write
// there. From then on every transaction of a former holder fails whole, in both databases, because
// each carries a wait for its own epoch: a controller that was stopped for an hour and wakes up in
// the middle of a transaction can do no harm. No wall clock takes part, and no lock of ovsdb-server
// (those aren't replicated).
//
//     southbound  epoch 7, owner a   <- a is killed; b sees no renewal for 3 s
//                 epoch 8, owner b   <- wait(epoch 7, renewals as seen), update: b is next
//     northbound  epoch 8, owner b   <- wait(epoch 7), update: a can't write here, either
//
// A holder that ends in an orderly way clears `owner`, and the next one takes over at once.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "ovsdb/database.h"
#include "ovsdb/northbound.h"
#include "ovsdb/southbound.h"

namespace ringfence::controller {

using NorthboundDatabase = ovsdb::Database<northbound::Schema>;
using SouthboundDatabase = ovsdb::Database<southbound::Schema>;

struct LeaseOptions {
    std::string name;               // of this controller, for people
    std::chrono::milliseconds time; // how long a holder may be silent
};

class Lease {
public:
    // Contends as soon as the reactor runs. The databases and the reactor outlive it.
    Lease(ovsdb::Reactor& reactor, NorthboundDatabase& north, SouthboundDatabase& south,
          LeaseOptions options);

    bool held() const { return state_ == State::held; }
    int64_t epoch() const { return south_row_.epoch; } // of the lease held, or last held
    // Called when it has been taken (in both databases) and when it has been lost.
    void on_change(std::function<void(bool held)> fn) { on_change_ = std::move(fn); }
    // Looks at the rows now: for whoever knows that they changed.
    void look();

    // Every transaction begins with its fence. Held only.
    void fence_north(ovsdb::Transaction& transaction) const;
    void fence_south(ovsdb::Transaction& transaction) const;
    // A fenced transaction was refused (is_try_again): somebody else holds the lease.
    void lose(std::string_view why);
    // Lets the next one take over at once; done is called when that is written, or failed.
    void release(std::function<void()> done);

private:
    enum class State { contending, taking, raising, held, released };
    using Clock = std::chrono::steady_clock;

    bool ready() const;
    void contend();
    void take();
    void raise_north();
    void renew();
    void back_to_contending();

    NorthboundDatabase& north_;
    SouthboundDatabase& south_;
    LeaseOptions options_;
    std::function<void(bool)> on_change_;
    State state_ = State::contending;
    southbound::Lease south_row_;  // as we wrote it, when taken
    northbound::Lease north_row_;  // likewise
    southbound::Lease seen_;       // as a contender saw it last
    Clock::time_point seen_at_;    // when that changed
    Clock::time_point ready_at_;   // when both databases were last there
    Clock::time_point renewed_at_; // when a renewal was last sent
    bool renewing_ = false;
    ovsdb::Handle tick_;
};

} // namespace ringfence::controller
