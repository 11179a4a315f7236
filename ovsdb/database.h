// A database as the rooms see it: a typed replica that follows the server, and transactions. It
// connects by itself and reconnects for ever; what it holds stays readable meanwhile. Everything
// runs on the Reactor's thread.
//
//     ovsdb::Database<southbound::Schema> database(reactor, {.remotes =
//     "unix:/run/ringfence/sb.sock"}); database.on_change([&](const southbound::Changes& changes) {
//         for (const auto& change : changes.segment) ...
//     });
#pragma once

#include <utility>

#include "ovsdb/client.h"
#include "ovsdb/table.h"

namespace ringfence::ovsdb {

template <class Schema> class Database {
public:
    using Tables = typename Schema::Tables;
    using Changes = typename Schema::Changes;

    // Connects once the Reactor runs, so what is set right after construction holds from the first
    // load on.
    Database(Reactor& reactor, DatabaseOptions options)
        : client_(reactor, Schema::info(), std::move(options), &tables_) {}
    Database(const Database&) = delete;

    // After a loss of the connection it stays as it was until the new load is complete.
    const Tables& tables() const { return tables_; }
    ConnectionState state() const { return client_.state(); }

    // A whole update of the server at a time; tables() has it already. A reload is reported as the
    // difference to what was there before it. Replaces the earlier callback, here and below.
    void on_change(std::function<void(const Changes&)> fn) {
        client_.on_change([fn = std::move(fn)](const std::vector<RowChange>& changes) {
            fn(Schema::changes(changes));
        });
    }
    // why: what happened, for the log and for people.
    void on_state(std::function<void(ConnectionState, std::string_view why)> fn) {
        client_.on_state(std::move(fn));
    }
    // A row that does not fit the schema we were built from: it is kept as it last was, the others
    // are applied. Not of tables that are read in part.
    void on_row_trouble(std::function<void(std::string_view)> fn) {
        client_.on_row_trouble(std::move(fn));
    }

    // The rows that fulfil any of the conditions are replicated; an empty list is no rows, never
    // called is all rows. Sent once the Reactor is idle, so many calls make one request; the same
    // conditions again make none.
    template <class Row> void set_condition(const std::vector<Condition<Row>>& conditions) {
        std::vector<Client::Clause> clauses;
        for (const auto& condition : conditions)
            clauses.push_back({static_cast<size_t>(condition.column), condition.value});
        client_.set_condition(Row::table_info().index, std::move(clauses));
    }
    // Before the first connection. Other columns hold their default; no columns at all: the table
    // is not monitored.
    template <class Row> void monitor_columns(typename Row::Columns columns) {
        client_.monitor_columns(Row::table_info().index, columns.bits());
    }
    // Before the first connection. Rows of the table that do not fit the schema we were built from
    // come all the same, with what can be read of them, and say in `unreadable` that it is not all:
    // for who must know of them, and may go by neither what they were nor by nothing.
    template <class Row> void read_in_part() { client_.read_in_part(Row::table_info().index); }
    // The replica reflects the conditions last set. False while not connected.
    bool conditions_settled() const { return client_.conditions_settled(); }
    void on_conditions_settled(std::function<void()> fn) {
        client_.on_conditions_settled(std::move(fn));
    }

    bool has_lock() const { return client_.has_lock(); }
    void on_lock(std::function<void(bool held)> fn) { client_.on_lock(std::move(fn)); }
    void steal_lock() { client_.steal_lock(); } // of DatabaseOptions::lock; its owner is told
    void unlock() { client_.unlock(); }         // until steal_lock() or the next connection

    // Answered after the replica shows the transaction's own changes, or with what failed: kind
    // conflict (see is_try_again, is_constraint_violation), timeout (unknown whether it happened),
    // unavailable (not connected, or the connection went: unknown whether it happened), invalid.
    // While the connection is not ready, it waits for it, up to the transaction's timeout.
    void commit(const Transaction& transaction, std::function<void(Result<Committed>)> done) {
        client_.commit(transaction, std::move(done));
    }
    // For tools: runs the Reactor until the answer is there; the deadline takes the place of the
    // transaction's timeout.
    [[nodiscard]] Result<Committed> commit_now(const Transaction& transaction,
                                               std::chrono::steady_clock::time_point deadline) {
        return client_.commit_now(transaction, deadline);
    }

    // For tools: runs the Reactor until the replica is loaded. The error says why it could not be.
    [[nodiscard]] Result<> wait_ready(std::chrono::steady_clock::time_point deadline) {
        return client_.wait_ready(deadline);
    }

    Client& client() { return client_; }

private:
    Tables tables_;
    Client client_;
};

// Optimistic transactions: make() reads the replica and returns the transaction (or what is wrong);
// on try-again it is made and sent anew until the deadline. done gets the outcome once. The
// Database must outlive it.
void retry(Client& client, std::function<Result<Transaction>()> make,
           std::chrono::steady_clock::time_point deadline,
           std::function<void(Result<Committed>)> done);
template <class Schema>
void retry(Database<Schema>& database, std::function<Result<Transaction>()> make,
           std::chrono::steady_clock::time_point deadline,
           std::function<void(Result<Committed>)> done) {
    retry(database.client(), std::move(make), deadline, std::move(done));
}
// The same for tools: runs the Reactor.
[[nodiscard]] Result<Committed> retry_now(Client& client, std::function<Result<Transaction>()> make,
                                          std::chrono::steady_clock::time_point deadline);
template <class Schema>
[[nodiscard]] Result<Committed> retry_now(Database<Schema>& database,
                                          std::function<Result<Transaction>()> make,
                                          std::chrono::steady_clock::time_point deadline) {
    return retry_now(database.client(), std::move(make), deadline);
}

} // namespace ringfence::ovsdb
