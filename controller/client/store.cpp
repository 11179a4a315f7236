#include "controller/client/store.h"

#include <algorithm>

namespace ringfence::client {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// After a race was lost, how long to wait for news of who won it.
constexpr milliseconds news_after_conflict{500};

milliseconds left_until(steady_clock::time_point deadline) {
    return std::max(milliseconds(1),
                    std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()));
}

const std::vector<ovsdb::Condition<nb::Global>> every_global;

void count_change(ovsdb::Transaction& transaction, const nb::Tables& rows) {
    if (!rows.global.empty()) {
        transaction.mutate<nb::Global>(rows.global.begin()->uuid, nb::Global::Column::change,
                                       ovsdb::Mutator::add, 1);
        return;
    }
    nb::Global first;
    first.change = 1;
    first.admit_hosts = "manual";
    transaction.insert(first);
}

} // namespace

Cloud::Impl::Impl(Options with)
    : options(std::move(with)),
      database(reactor, {.remotes = options.remotes, .probe = milliseconds(5000), .lock = ""}) {
    database.monitor_columns<nb::Event>({}); // many, and asked for by name where wanted
    database.on_change([this](const nb::Changes&) { ++news_; });
    database.on_state([this](ovsdb::ConnectionState state, std::string_view why) {
        if (state == ovsdb::ConnectionState::disconnected && !why.empty())
            why_not = why;
    });
}

Result<> Cloud::Impl::connect(Clock::time_point deadline) {
    if (reactor.run_until([this] { return database.state() == ovsdb::ConnectionState::ready; },
                          deadline))
        return {};
    return fail(ErrorKind::unavailable, "no northbound database: {}; is it running there",
                why_not.empty() ? options.remotes + " does not answer" : why_not);
}

// What the server answers after our question it has told us before.
Result<const nb::Tables*> Cloud::Impl::read() {
    const auto deadline = Clock::now() + options.timeout;
    if (auto there = connect(deadline); !there)
        return tl::unexpected(there.error());
    ovsdb::Transaction question;
    question.select<nb::Global>(every_global, nb::Global::Column::change);
    const auto answer = database.commit_now(question, deadline);
    if (!answer && answer.error().kind != ErrorKind::unavailable)
        return tl::unexpected(answer.error());
    // A connection that died while nobody looked: the new one brings the news itself.
    if (auto there = connect(deadline); !there)
        return tl::unexpected(there.error());
    return &database.tables();
}

const nb::Global* Cloud::Impl::global() const {
    const auto& table = database.tables().global;
    return table.empty() ? nullptr : &*table.begin();
}

Result<Receipt> Cloud::Impl::commit(const Make& make, nb::Tables* afterwards) {
    Attempt attempt{Clock::now() + options.timeout, {}, afterwards};
    if (const auto rows = read(); !rows)
        return tl::unexpected(rows.error());
    do {
        const auto done = try_once(make, attempt);
        if (!done)
            return tl::unexpected(done.error());
        if (*done)
            return attempt.receipt;
    } while (Clock::now() < attempt.deadline);
    return fail(ErrorKind::timeout, "others were faster every time, for {} ms; the last was: {}",
                options.timeout.count(), lost_to_);
}

Result<bool> Cloud::Impl::try_once(const Make& make, Attempt& attempt) {
    attempt.news_before = news_;
    if (!attempt.in_doubt)
        attempt.receipt.sequence = global() ? global()->sequence : 0;
    Draft draft(database.tables(), attempt.lost);
    if (auto made = make(draft); !made)
        return tl::unexpected(made.error());
    auto transaction = draft.finish();
    if (!transaction)
        return tl::unexpected(transaction.error());
    // What this call made of it; by the time of the answer others may have gone on.
    if (attempt.afterwards)
        *attempt.afterwards = draft.rows();
    if (draft.empty() || options.dry_run)
        return true;
    count_change(*transaction, draft.rows());
    const auto selection =
        transaction->select<nb::Global>(every_global, nb::Global::Column::change);
    transaction->set_timeout(left_until(attempt.deadline));
    const auto committed = database.commit_now(*transaction, attempt.deadline);
    if (!committed)
        return judge(committed.error(), draft, attempt);
    const auto rows = committed->rows(selection);
    if (rows && !rows->empty())
        attempt.receipt.change = rows->front().change;
    return true;
}

// Lost races are tried again once the winner is known; a lost connection may hide a success.
Result<bool> Cloud::Impl::judge(const Error& error, const Draft& draft, Attempt& attempt) {
    if (ovsdb::is_try_again(error) || ovsdb::is_constraint_violation(error)) {
        lost_to_ = error.text;
        ++attempt.lost;
        const bool news =
            reactor.run_until([&] { return news_ != attempt.news_before; },
                              std::min(attempt.deadline, Clock::now() + news_after_conflict));
        if (!news && ovsdb::is_constraint_violation(error))
            return tl::unexpected(error);
        return false;
    }
    if (error.kind != ErrorKind::unavailable || ovsdb::is_not_written(error))
        return tl::unexpected(error);
    attempt.in_doubt = true;
    if (auto there = connect(attempt.deadline); !there)
        return tl::unexpected(there.error());
    if (!draft.happened(database.tables()))
        return false;
    attempt.receipt.change = global() ? global()->change : 0;
    return true;
}

Result<> check_scope(const nb::Tables& rows, const Path& scope) {
    switch (scope.depth()) {
    case 0:
        return {};
    case 1:
        return find_organization(rows, scope[0]).map([](auto*) {});
    case 2:
        return find_vapp(rows, scope).map([](auto*) {});
    case 3:
        return find_vm(rows, scope).map([](auto*) {});
    default:
        return fail("'{}' is no scope: it is ORG, ORG/VAPP or ORG/VAPP/VM", scope.text());
    }
}

} // namespace ringfence::client
