// A controller: while it holds the lease, it keeps the southbound database what compile() makes of
// the northbound one, and the northbound one informed. It has no state of its own: kill it, and the
// next one goes on.
//
// It works in rounds, one at a time. Whatever changes while a round is under way waits for the next
// one, so that a thousand changes in a burst cost a few rounds; and a round costs what has changed.
//
//     change N --> [a moment] --> compile, plan --> southbound transaction (sequence S)
//                                              --> northbound transaction (compiled N, sequence S)
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "controller/compiler/compile.h"
#include "controller/lease.h"

namespace ringfence::controller {

struct ControllerOptions {
    std::string north; // remotes: "unix:/run/ringfence/nb.sock"
    std::string south;
    std::string name;
    std::chrono::milliseconds lease_time{3000};
};

class Controller {
public:
    Controller(ovsdb::Reactor& reactor, const ControllerOptions& options);

    // Gives the lease up; done is called when that is written, or failed. Nothing is compiled
    // after.
    void release(std::function<void()> done) { lease_.release(std::move(done)); }
    std::string status() const; // a few lines for ovs-appctl

private:
    using Clock = std::chrono::steady_clock;

    void on_lease(bool held);
    void on_northbound(const northbound::Changes& changes);
    void on_southbound(const southbound::Changes& changes);
    void note(compiler::News news);

    bool connected() const;
    void schedule(Clock::duration delay);
    void schedule_next(); // what is left to do
    void run_round();
    void compile();
    void report();
    void end_round();
    // The end of a round whose transaction failed.
    void fail_round(std::string_view what, const Error& error);

    ovsdb::Reactor& reactor_;
    NorthboundDatabase north_;
    SouthboundDatabase south_;
    Lease lease_;

    std::optional<compiler::Compiler> compiler_; // since this lease was taken
    int64_t compiled_change_ = 0;                // Global.change of the rows it was made of
    bool must_compile_ = true;
    bool must_report_ = true;
    bool is_urgent_ = true; // the report: more than heartbeats
    bool in_round_ = false;
    bool in_doubt_ = false;   // whether the last southbound transaction was done
    int64_t round_epoch_ = 0; // of the lease that the round began under
    Clock::time_point round_began_;
    Clock::duration round_took_{};
    Clock::duration back_off_{};
    Clock::time_point due_;
    ovsdb::Handle timer_;
    uint64_t rounds_ = 0;
    size_t evaluated_ = 0; // units, in the last round that compiled
};

} // namespace ringfence::controller
