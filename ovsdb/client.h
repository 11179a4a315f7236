// The connection to one database and the replica behind it, without the rows' types. Database
// (database.h) is what others use.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ovsdb/reactor.h"
#include "ovsdb/schema.h"
#include "ovsdb/transaction.h"

namespace ringfence::ovsdb {

struct DatabaseOptions {
    // "unix:/x.sock,tcp:127.0.0.1:6642": tried in turn.
    std::string remotes{};
    // After so long without a word from the server it is asked for an echo, after twice as long the
    // connection is given up. 0 = never. Not used over unix sockets, which can't lose a peer
    // silently.
    std::chrono::milliseconds probe{5000};
    // Taken as soon as the connection is there, and again after every reconnect. "" = none.
    std::string lock{};
    // Of a cluster: only its leader will do. Followers may lag behind.
    bool leader_only = false;
};

// Whether DatabaseOptions::remotes makes sense; for the check of a command line.
[[nodiscard]] Result<> check_remotes(std::string_view remotes);

enum class ConnectionState {
    disconnected, // tries again and again
    connecting,   // a server answers: its schema is checked
    loading,      // the first update is on its way
    ready         // tables() shows the database, and follows it
};

const char* to_string(ConnectionState state);

class Client {
public:
    struct Clause {
        size_t column;
        Value value;
        auto operator<=>(const Clause&) const = default;
    };

    Client(Reactor& reactor, const SchemaInfo& schema, DatabaseOptions options, void* tables);
    ~Client();

    ConnectionState state() const;
    void on_change(std::function<void(const std::vector<RowChange>&)> fn);
    void on_state(std::function<void(ConnectionState, std::string_view)> fn);
    void on_row_trouble(std::function<void(std::string_view)> fn);
    void set_condition(size_t table, std::vector<Clause> clauses);
    void monitor_columns(size_t table, uint64_t columns);
    void read_in_part(size_t table);
    bool conditions_settled() const;
    void on_conditions_settled(std::function<void()> fn);
    bool has_lock() const;
    void on_lock(std::function<void(bool)> fn);
    void steal_lock();
    void unlock();
    void reconnect(std::string_view why);
    // fn runs once the state is ready, or with why it was not until the deadline; never inside this
    // call.
    void when_ready(std::chrono::steady_clock::time_point deadline,
                    std::function<void(Result<>)> fn);
    [[nodiscard]] Result<> wait_ready(std::chrono::steady_clock::time_point deadline);
    void commit(const Transaction& transaction, std::function<void(Result<Committed>)> done);
    Result<Committed> commit_now(const Transaction& transaction,
                                 std::chrono::steady_clock::time_point deadline);
    // fn runs after the delay, unless the client has gone by then.
    void delay(std::chrono::milliseconds delay, std::function<void()> fn);
    Reactor& reactor() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace ringfence::ovsdb
