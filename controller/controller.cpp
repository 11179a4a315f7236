#include "controller/controller.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/compiler/difference.h"
#include "core/types/log.h"

namespace ringfence::controller {
namespace {

using namespace std::chrono_literals;

log::Module module("controller");

// A burst of changes is taken together: a round begins this long after the first one, or as long
// as the last round took.
constexpr auto shortest_wait = 1ms;
constexpr auto longest_wait = 100ms;
constexpr auto heartbeat_wait = 1s; // what is only for people to see is written once a second
constexpr auto first_back_off = 50ms;
constexpr auto longest_back_off = 5s;

int64_t milliseconds_since_1970() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

int64_t change_number(const northbound::Tables& rows) {
    return rows.global.empty() ? 0 : rows.global.begin()->change;
}

} // namespace

Controller::Controller(ovsdb::Reactor& reactor, const ControllerOptions& options)
    : reactor_(reactor), north_(reactor, {.remotes = options.north}),
      south_(reactor, {.remotes = options.south}),
      lease_(reactor, north_, south_, {options.name, options.lease_time}) {
    lease_.on_change([this](bool held) { on_lease(held); });
    north_.on_change([this](const auto& changes) { on_northbound(changes); });
    south_.on_change([this](const auto& changes) { on_southbound(changes); });
    auto follow = [this](const char* name) {
        return [this, name](ovsdb::ConnectionState state, std::string_view why) {
            log::info(module, "{} database: {} ({})", name, to_string(state), why);
            if (state != ovsdb::ConnectionState::ready)
                return;
            lease_.look(); // where nobody holds it, not a moment is lost
            schedule_next();
        };
    };
    north_.on_state(follow("northbound"));
    south_.on_state(follow("southbound"));
}

std::string Controller::status() const {
    return fmt::format(
        "lease: {}\nepoch: {}\nnorthbound: {}\nsouthbound: {}\ncompiled: {}\n"
        "rounds: {}\nlast round: {} ms, {} units evaluated\n",
        lease_.held() ? "held" : "not held", lease_.epoch(), to_string(north_.state()),
        to_string(south_.state()), compiled_change_, rounds_,
        std::chrono::duration_cast<std::chrono::milliseconds>(round_took_).count(), evaluated_);
}

void Controller::on_lease(bool held) {
    compiler_.reset(); // from scratch: nothing is kept from an earlier time
    if (!held)
        return timer_.cancel();
    must_compile_ = true;
    back_off_ = {};
    schedule(0ms);
}

void Controller::on_northbound(const northbound::Changes& changes) {
    if (compiler_)
        note(compiler_->follow(changes));
}

void Controller::on_southbound(const southbound::Changes& changes) {
    if (!changes.lease.empty())
        lease_.look();
    if (compiler_)
        note(compiler_->follow(changes));
}

void Controller::note(compiler::News news) {
    if (news == compiler::News::none)
        return;
    must_report_ = true;
    is_urgent_ = is_urgent_ || news != compiler::News::heartbeat;
    must_compile_ = must_compile_ || news == compiler::News::placement;
    schedule_next();
}

bool Controller::connected() const {
    return north_.state() == ovsdb::ConnectionState::ready &&
           south_.state() == ovsdb::ConnectionState::ready;
}

void Controller::schedule_next() {
    if (must_compile_ || (must_report_ && is_urgent_))
        schedule(std::clamp<Clock::duration>(round_took_, shortest_wait, longest_wait));
    else if (must_report_)
        schedule(heartbeat_wait);
}

// Runs a round after `delay`, or earlier if one is due earlier.
void Controller::schedule(Clock::duration delay) {
    if (!lease_.held() || in_round_)
        return;
    auto due = Clock::now() + std::max(delay, back_off_);
    if (timer_ && due_ <= due)
        return;
    due_ = due;
    timer_ = reactor_.after(due_ - Clock::now(), [this] {
        timer_.cancel();
        run_round();
    });
}

// Without a connection it waits for it: what was compiled against rows as they were before the loss
// could contradict our own last transaction, which may have been done without an answer.
void Controller::run_round() {
    if (!lease_.held() || in_round_ || !connected())
        return;
    in_round_ = true;
    round_epoch_ = lease_.epoch();
    round_began_ = Clock::now();
    ++rounds_;
    if (must_compile_)
        compile();
    else
        report();
}

void Controller::compile() {
    must_compile_ = false;
    compiled_change_ = change_number(north_.tables());
    if (!compiler_)
        compiler_.emplace(north_.tables(), south_.tables());
    evaluated_ = compiler_->compile().evaluated;
    const auto plan = compiler_->plan();
    if (plan.empty() && !in_doubt_)
        return report();
    ovsdb::Transaction transaction;
    lease_.fence_south(transaction);
    // No number is given twice, and nothing passes for done, when an earlier transaction of ours
    // that was not answered arrives this late.
    transaction.wait(*south_.tables().lease.begin(), southbound::Lease::Column::sequence);
    compiler::write(transaction, plan.changes());
    south_.commit(transaction, [this](Result<ovsdb::Committed> result) {
        in_doubt_ = !result;
        if (!result) {
            lease_.look(); // it may be the fence
            return fail_round("southbound", result.error());
        }
        report();
    });
}

void Controller::report() {
    if (!lease_.held() || lease_.epoch() != round_epoch_) { // somebody may have had it meanwhile
        must_compile_ = true;
        return end_round();
    }
    must_report_ = is_urgent_ = false;
    const auto report = compiler_->report({compiled_change_, milliseconds_since_1970()});
    if (report.empty())
        return end_round();
    ovsdb::Transaction transaction;
    lease_.fence_north(transaction);
    compiler::write(transaction, report.changes());
    north_.commit(transaction, [this](Result<ovsdb::Committed> result) {
        if (!result) {
            if (ovsdb::is_try_again(result.error()) && lease_.epoch() == round_epoch_)
                lease_.lose("somebody else has taken it");
            return fail_round("northbound", result.error());
        }
        end_round();
    });
}

void Controller::end_round() {
    in_round_ = false;
    back_off_ = {};
    round_took_ = Clock::now() - round_began_;
    log::debug(module, "round {}: change {}, {} units, {} us", rounds_, compiled_change_,
               evaluated_,
               std::chrono::duration_cast<std::chrono::microseconds>(round_took_).count());
    schedule_next();
}

void Controller::fail_round(std::string_view what, const Error& error) {
    in_round_ = false;
    must_compile_ = must_report_ = is_urgent_ = true;
    if (!lease_.held())
        return;
    back_off_ = std::clamp<Clock::duration>(back_off_ * 2, first_back_off, longest_back_off);
    log::warning(module, "{} transaction: {}; again in {} ms", what, error.text,
                 std::chrono::duration_cast<std::chrono::milliseconds>(back_off_).count());
    schedule(back_off_);
}

} // namespace ringfence::controller
