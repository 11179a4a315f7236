// The course of a connection, told in README.md: set_db_change_aware, _Server, get_schema, lock,
// monitor_cond_since, then updates and transactions until it goes; from the start again with the
// next remote.
#include "ovsdb/client.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/types/log.h"
#include "ovsdb/errors.h"
#include "ovsdb/replica.h"
#include "ovsdb/schema_check.h"
#include "ovsdb/server_database.h"
#include "ovsdb/session.h"

namespace ringfence::ovsdb {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

static log::Module module("ovsdb");

static constexpr auto schema_limit = 10s; // from the connection to the schema
static constexpr std::string_view nothing_seen = "00000000-0000-0000-0000-000000000000";
static constexpr std::string_view monitor_id = "ringfence";
static constexpr std::string_view server_monitor_id = "ringfence-server";

static std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const char* to_string(ConnectionState state) {
    switch (state) {
    case ConnectionState::disconnected:
        return "disconnected";
    case ConnectionState::connecting:
        return "connecting";
    case ConnectionState::loading:
        return "loading";
    case ConnectionState::ready:
        return "ready";
    }
    return "";
}

Result<> check_remotes(std::string_view remotes) {
    auto parsed = parse_remotes(remotes);
    if (!parsed)
        return tl::unexpected(parsed.error());
    return {};
}

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
    using Clauses = std::optional<std::vector<Clause>>; // none: all rows

    struct Monitored {
        uint64_t columns;     // that the owner wants
        uint64_t present = 0; // of these, the ones that the server has
        Clauses wanted;
        Clauses asked; // in the request under way, or the last one
        Clauses shown; // what the replica reflects
    };
    struct Pending {
        Transaction transaction;
        std::function<void(Result<Committed>)> done;
        std::optional<uint64_t> call; // once sent
        Handle timer;
    };
    struct Waiter {
        std::function<void(Result<>)> fn;
        Handle timer;
    };

    Impl(Reactor& reactor_, const SchemaInfo& schema_, DatabaseOptions options_, void* tables)
        : reactor(reactor_), schema(schema_), options(std::move(options_)),
          replica(schema_, tables), server(std::string(schema_.name), options.leader_only) {
        for (const TableInfo* table : schema.tables)
            monitored.push_back({table->all_columns(), 0, {}, {}, {}});
    }

    // --- the way to ready ---

    void start() {
        auto remotes = parse_remotes(options.remotes);
        if (!remotes) {
            log::error(module, "{}: {}", schema.name, remotes.error().text);
            set_state(ConnectionState::disconnected, remotes.error().text);
            return;
        }
        session = std::make_unique<Session>(
            reactor, std::move(*remotes), options.probe,
            Session::Callbacks{[this] { on_connected(); },
                               [this](std::string_view reason) { on_disconnected(reason); },
                               [this](const std::string& method, const Json& parameters) {
                                   on_notification(method, parameters);
                               }});
        session->start();
    }

    void on_connected() {
        server.clear();
        server_accepted = false;
        schema_timer = reactor.after(
            schema_limit, [this] { session->drop("no answer to the question for its schema"); });
        set_state(ConnectionState::connecting, "connected to " + session->remote());
        // Else a server drops us when a database is added or converted (ovsdb-server(7), 4.1.16).
        session->call("set_db_change_aware", "[true]", [](const Json&, const Json&) {});
        session->call("monitor_cond", ServerDatabase::monitor_request(server_monitor_id),
                      [this](const Json& result, const Json& error) {
                          if (error.is_null()) {
                              server.update(result);
                              check_server();
                          } else { // before Open vSwitch 2.9 there was no _Server
                              accept_server();
                          }
                      });
    }

    void check_server() {
        if (auto suitable = server.suitable(); !suitable)
            session->drop(suitable.error().text);
        else if (!server_accepted)
            accept_server();
    }

    void accept_server() {
        server_accepted = true;
        session->call("get_schema", dump(Json::array({schema.name})),
                      [this](const Json& result, const Json& error) {
                          if (!error.is_null()) {
                              session->drop(errors::describe(error));
                              return;
                          }
                          std::vector<uint64_t> wanted;
                          for (const Monitored& table : monitored)
                              wanted.push_back(table.columns);
                          auto found = check_schema(schema, wanted, result);
                          if (!found) {
                              refuse_schema(found.error().text);
                              return;
                          }
                          schema_trouble.clear();
                          for (size_t i = 0; i < monitored.size(); ++i)
                              monitored[i].present = (*found)[i].present;
                          replica.set_columns(std::move(*found));
                          schema_timer.cancel();
                          begin_monitor();
                      });
    }

    // To try again goes on, in case that somebody converts the database; to be told so once is
    // enough.
    void refuse_schema(const std::string& trouble) {
        if (std::exchange(schema_trouble, trouble) != trouble)
            log::warning(module, "{}", trouble);
        session->drop(trouble);
    }

    void begin_monitor() {
        set_state(ConnectionState::loading, "reading from " + session->remote());
        if (!options.lock.empty())
            request_lock("lock");
        // Differences since last_id make sense only for the rows that the replica was about.
        for (Monitored& table : monitored) {
            if (table.wanted != table.shown)
                last_id = nothing_seen;
            table.asked = table.wanted;
        }
        const std::string requests = dump(monitor_requests(true));
        session->call(
            "monitor_cond_since",
            fmt::format(R"(["{}","{}",{},"{}"])", schema.name, monitor_id, requests, last_id),
            [this, requests](const Json& result, const Json& error) {
                if (!error.is_null())
                    refused_or(error, [&] { begin_monitor_cond(requests); });
                else if (!result.is_array() || result.size() != 3 || !result[0].is_boolean() ||
                         !result[1].is_string())
                    session->drop("the reply to monitor_cond_since is malformed");
                else
                    loaded(result[2], UpdateFormat::update2, result[0].get<bool>(),
                           result[1].get<std::string>());
            });
    }

    void begin_monitor_cond(const std::string& requests) {
        session->call(
            "monitor_cond", fmt::format(R"(["{}","{}",{}])", schema.name, monitor_id, requests),
            [this](const Json& result, const Json& error) {
                if (!error.is_null())
                    refused_or(error, [&] { begin_monitor_all(); });
                else
                    loaded(result, UpdateFormat::update2, false, std::string(nothing_seen));
            });
    }

    // RFC 7047 alone: there are no conditions, so the replica holds all rows.
    void begin_monitor_all() {
        session->call("monitor",
                      fmt::format(R"(["{}","{}",{}])", schema.name, monitor_id,
                                  dump(monitor_requests(false))),
                      [this](const Json& result, const Json& error) {
                          if (!error.is_null())
                              session->drop(errors::describe(error));
                          else
                              loaded(result, UpdateFormat::update, false,
                                     std::string(nothing_seen));
                      });
    }

    template <class Fallback> void refused_or(const Json& error, Fallback fallback) {
        if (errors::is_unknown_method(error))
            fallback();
        else
            session->drop(errors::describe(error));
    }

    Json monitor_requests(bool conditions) const {
        Json requests = Json::object();
        for (const TableInfo* table : schema.tables) {
            const Monitored& wanted = monitored[table->index];
            if (wanted.present == 0)
                continue;
            Json columns = Json::array();
            for (size_t i = 0; i < table->columns.size(); ++i)
                if (wanted.present >> i & 1)
                    columns.push_back(table->columns[i].name);
            Json& request = requests[std::string(table->name)] =
                Json::array({{{"columns", std::move(columns)}}});
            if (conditions && wanted.asked)
                request[0]["where"] = where(*table, *wanted.asked);
        }
        return requests;
    }

    // No clauses is no rows here; an empty "where" would be all of them.
    static Json where(const TableInfo& table, const std::vector<Clause>& clauses) {
        Json where = Json::array();
        for (const Clause& clause : clauses)
            where.push_back(Json::array(
                {table.columns[clause.column].name, "==", Json::parse(clause.value.json())}));
        if (where.empty())
            where.push_back(false);
        return where;
    }

    // found: the updates are what happened since last_id; otherwise they are the whole database.
    void loaded(const Json& updates, UpdateFormat update_format, bool found, std::string id) {
        Replica::Outcome outcome;
        auto read = found ? replica.apply(updates, update_format, outcome)
                          : replica.load(updates, update_format, outcome);
        if (!read) {
            contradicted(outcome, read.error());
            return;
        }
        format = update_format;
        last_id = std::move(id);
        for (Monitored& table : monitored)
            table.shown = table.asked;
        changing_conditions = false;
        session->confirm();
        state = ConnectionState::ready; // before the change is told: it may be answered by a
                                        // transaction
        why = "ready at " + session->remote();
        log::info(module, "{}: {}", schema.name, why);
        deliver(outcome);
        if (state_callback)
            state_callback(state, why);
        if (state != ConnectionState::ready)
            return; // a callback asked for another connection
        flush_conditions();
        release_waiters();
        send_pending();
    }

    void on_disconnected(std::string_view reason) {
        schema_timer.cancel();
        if (state == ConnectionState::ready)
            log::warning(module, "{}: connection lost: {}", schema.name, reason);
        else if (why != reason)
            log::info(module, "{}: {}; trying again", schema.name, reason);
        settled_told = false;
        if (changing_conditions) // part of the new rows may be here: differences would be against
                                 // neither state
            last_id = nothing_seen;
        std::vector<std::pair<uint64_t, Pending>> lost;
        for (auto at = pending.begin(); at != pending.end();) {
            const auto next = std::next(at);
            if (at->second.call) {
                lost.emplace_back(at->first, std::move(at->second));
                pending.erase(at);
            }
            at = next;
        }
        set_lock(false);
        set_state(ConnectionState::disconnected, reason);
        for (auto& [key, one] : lost) {
            one.timer.cancel();
            one.done(fail(ErrorKind::unavailable,
                          "the connection went before the transaction was answered (it may have "
                          "been done): {}",
                          reason));
        }
    }

    void set_state(ConnectionState new_state, std::string_view new_why) {
        if (state == new_state && why == new_why)
            return;
        state = new_state;
        why = new_why;
        if (state_callback)
            state_callback(state, why);
    }

    // --- what the server says by itself ---

    void on_notification(const std::string& method, const Json& parameters) {
        const auto about = [&](std::string_view id) {
            return !parameters.empty() && parameters[0].is_string() &&
                   parameters[0].get_ref<const std::string&>() == id;
        };
        if (method == "update2" && about(server_monitor_id) && parameters.size() == 2) {
            server.update(parameters[1]);
            check_server();
        } else if (method == "monitor_canceled" &&
                   (about(monitor_id) || about(server_monitor_id))) {
            last_id = nothing_seen;
            session->drop("the database was converted or removed");
        } else if ((method == "locked" || method == "stolen") && about(options.lock)) {
            set_lock(method == "locked");
        } else if (!about(monitor_id) || state != ConnectionState::ready) {
            log::debug(module, "{}: ignored: {}", schema.name, method);
        } else if (method == "update3" && parameters.size() == 3 && parameters[1].is_string()) {
            updated(parameters[2], parameters[1].get<std::string>());
        } else if ((method == "update2" || method == "update") && parameters.size() == 2) {
            updated(parameters[1], std::string(nothing_seen));
        } else {
            session->drop(method + ": the parameters are malformed");
        }
    }

    void updated(const Json& updates, std::string id) {
        Replica::Outcome outcome;
        if (auto applied = replica.apply(updates, format, outcome); !applied) {
            contradicted(outcome, applied.error());
            return;
        }
        last_id = std::move(id);
        deliver(outcome);
    }

    // The load that follows is told as the difference to what there is by now.
    void contradicted(const Replica::Outcome& outcome, const Error& error) {
        last_id = nothing_seen;
        deliver(outcome);
        session->drop(error.text);
    }

    void deliver(const Replica::Outcome& outcome) {
        for (const std::string& trouble : outcome.troubles) {
            uint64_t suppressed = 0;
            if (trouble_limiter.allow(suppressed))
                log::warning(module,
                             "{}: row kept as it was: {} ({} more such lines were suppressed)",
                             schema.name, trouble, suppressed);
            if (trouble_callback)
                trouble_callback(trouble);
        }
        for (const Replica::Row& row : outcome.unknown)
            read_again(row);
        if (!outcome.changes.empty() && change_callback)
            change_callback(outcome.changes);
    }

    // A row that we could not read has changed by a difference: against what is unknown. The
    // server's reply follows all updates that it reflects, so it is the row as of now.
    void read_again(const Replica::Row& row) {
        const TableInfo& table = *schema.tables[row.table];
        Json columns = Json::array();
        for (size_t i = 0; i < table.columns.size(); ++i)
            if (monitored[row.table].present >> i & 1)
                columns.push_back(table.columns[i].name);
        const Json select = {{"op", "select"},
                             {"table", table.name},
                             {"where", {{"_uuid", "==", {"uuid", to_string(row.uuid)}}}},
                             {"columns", std::move(columns)}};
        session->call("transact", dump(Json::array({schema.name, select})),
                      [this, row](const Json& result, const Json& error) {
                          if (!error.is_null() || !result.is_array() || result.empty() ||
                              !result[0].is_object() || !result[0].contains("rows") ||
                              !result[0]["rows"].is_array() || result[0]["rows"].empty())
                              return; // its deletion comes, or came, as an update
                          if (auto outcome = replica.replace(row, result[0]["rows"][0]))
                              deliver(*outcome);
                      });
    }

    // --- conditions ---

    void set_condition(size_t table, std::vector<Clause> clauses) {
        std::sort(clauses.begin(), clauses.end());
        clauses.erase(std::unique(clauses.begin(), clauses.end()), clauses.end());
        if (monitored[table].wanted == clauses)
            return;
        monitored[table].wanted = std::move(clauses);
        settled_told = false;
        if (conditions_posted)
            return;
        conditions_posted = true;
        reactor.post([weak = weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->conditions_posted = false;
                self->flush_conditions();
            }
        });
    }

    bool conditions_settled() const {
        return state == ConnectionState::ready && !changing_conditions &&
               (format == UpdateFormat::update ||
                std::all_of(monitored.begin(), monitored.end(),
                            [](const Monitored& table) { return table.wanted == table.shown; }));
    }

    void flush_conditions() {
        if (state != ConnectionState::ready || changing_conditions)
            return;
        if (conditions_settled()) {
            if (!std::exchange(settled_told, true) && settled_callback)
                settled_callback();
            return;
        }
        Json requests = Json::object();
        for (const TableInfo* table : schema.tables) {
            Monitored& each = monitored[table->index];
            each.asked = each.wanted;
            if (each.wanted != each.shown && each.present != 0)
                requests[std::string(table->name)] =
                    Json::array({{{"where", where(*table, *each.wanted)}}});
        }
        changing_conditions = true;
        session->call("monitor_cond_change",
                      fmt::format(R"(["{}","{}",{}])", monitor_id, monitor_id, dump(requests)),
                      [this](const Json&, const Json& error) {
                          if (!error.is_null()) {
                              session->drop("monitor_cond_change: " + errors::describe(error));
                              return;
                          }
                          // The rows came before this reply.
                          changing_conditions = false;
                          for (Monitored& table : monitored)
                              table.shown = table.asked;
                          flush_conditions();
                      });
    }

    // --- the lock ---

    void request_lock(std::string_view method) {
        session->call(method, dump(Json::array({options.lock})),
                      [this](const Json& result, const Json& error) {
                          if (error.is_null() && result.is_object() &&
                              result.value("locked", Json()) == true)
                              set_lock(true);
                      });
    }

    void steal_lock() {
        if (!session || options.lock.empty() || locked)
            return;
        // ovsdb-server takes no second request for a lock that the first stands in line for.
        session->call("unlock", dump(Json::array({options.lock})), [](const Json&, const Json&) {});
        request_lock("steal");
    }

    void unlock() {
        if (!session || options.lock.empty())
            return;
        session->call("unlock", dump(Json::array({options.lock})), [](const Json&, const Json&) {});
        set_lock(false);
    }

    void set_lock(bool held) {
        if (locked == held)
            return;
        locked = held;
        log::info(module, "{}: lock \"{}\" {}", schema.name, options.lock, held ? "taken" : "lost");
        if (lock_callback)
            lock_callback(held);
    }

    // --- transactions ---

    void commit(const Transaction& transaction, std::function<void(Result<Committed>)> done) {
        const uint64_t key = next_key++;
        Pending& one = pending[key];
        one.transaction = transaction;
        one.done = std::move(done);
        one.timer = reactor.after(transaction.timeout(), [this, key] { expire(key); });
        if (state == ConnectionState::ready)
            send(key, one);
    }

    void send(uint64_t key, Pending& one) {
        one.call = session->call(
            "transact", one.transaction.to_json(schema.name),
            [this, key](const Json& result, const Json& error) { answered(key, result, error); });
    }

    void send_pending() {
        for (auto& [key, one] : pending)
            if (!one.call)
                send(key, one);
    }

    void answered(uint64_t key, const Json& result, const Json& error) {
        auto node = pending.extract(key);
        if (node.empty())
            return;
        node.mapped().timer.cancel();
        node.mapped().done(errors::read_reply(node.mapped().transaction, result, error));
    }

    void expire(uint64_t key) {
        auto node = pending.extract(key);
        if (node.empty())
            return;
        const Pending& one = node.mapped();
        if (!one.call) {
            one.done(
                fail(ErrorKind::unavailable, "database {}: not connected: {}", schema.name, why));
            return;
        }
        session->notify("cancel", fmt::format("[{}]", *one.call));
        one.done(
            fail(ErrorKind::timeout,
                 "database {} did not answer within {} ms (the transaction may have been done)",
                 schema.name, one.transaction.timeout().count()));
    }

    void when_ready(Clock::time_point deadline, std::function<void(Result<>)> fn) {
        const uint64_t key = next_key++;
        Waiter& waiter = waiters[key];
        waiter.fn = std::move(fn);
        waiter.timer = reactor.after(deadline - Clock::now(), [this, key] {
            if (auto node = waiters.extract(key))
                node.mapped().fn(fail(ErrorKind::unavailable, "database {}: not connected: {}",
                                      schema.name, why));
        });
        if (state == ConnectionState::ready)
            reactor.post([weak = weak_from_this()] {
                if (const auto self = weak.lock())
                    self->release_waiters();
            });
    }

    void delay(std::chrono::milliseconds delay, std::function<void()> fn) {
        const uint64_t key = next_key++;
        delays[key] = reactor.after(delay, [this, key, fn = std::move(fn)] {
            const auto timer = delays.extract(key);
            fn();
        });
    }

    void release_waiters() {
        if (state != ConnectionState::ready)
            return;
        for (auto& [key, waiter] : std::exchange(waiters, {})) {
            waiter.timer.cancel();
            waiter.fn({});
        }
    }

    Reactor& reactor;
    const SchemaInfo& schema;
    DatabaseOptions options;
    Replica replica;
    ServerDatabase server;
    std::vector<Monitored> monitored; // by table
    std::unique_ptr<Session> session;

    ConnectionState state = ConnectionState::disconnected;
    std::string why = "not tried yet";
    bool server_accepted = false;
    UpdateFormat format = UpdateFormat::update2;
    std::string last_id{nothing_seen};
    bool conditions_posted = false;
    bool changing_conditions = false;
    bool settled_told = false;
    bool locked = false;
    std::map<uint64_t, Pending> pending; // in the order of commit()
    std::map<uint64_t, Waiter> waiters;
    std::map<uint64_t, Handle> delays;
    uint64_t next_key = 0;
    Handle schema_timer;
    std::string schema_trouble; // of the last server that we asked
    log::Limiter trouble_limiter;

    std::function<void(const std::vector<RowChange>&)> change_callback;
    std::function<void(ConnectionState, std::string_view)> state_callback;
    std::function<void(std::string_view)> trouble_callback;
    std::function<void()> settled_callback;
    std::function<void(bool)> lock_callback;
};

Client::Client(Reactor& reactor, const SchemaInfo& schema, DatabaseOptions options, void* tables)
    : impl_(std::make_shared<Impl>(reactor, schema, std::move(options), tables)) {
    reactor.post([weak = std::weak_ptr(impl_)] {
        if (const auto impl = weak.lock())
            impl->start();
    });
}

Client::~Client() = default;

ConnectionState Client::state() const { return impl_->state; }
Reactor& Client::reactor() const { return impl_->reactor; }
bool Client::conditions_settled() const { return impl_->conditions_settled(); }
bool Client::has_lock() const { return impl_->locked; }

void Client::on_change(std::function<void(const std::vector<RowChange>&)> fn) {
    impl_->change_callback = std::move(fn);
}
void Client::on_state(std::function<void(ConnectionState, std::string_view)> fn) {
    impl_->state_callback = std::move(fn);
}
void Client::on_row_trouble(std::function<void(std::string_view)> fn) {
    impl_->trouble_callback = std::move(fn);
}
void Client::on_conditions_settled(std::function<void()> fn) {
    impl_->settled_callback = std::move(fn);
}
void Client::on_lock(std::function<void(bool)> fn) { impl_->lock_callback = std::move(fn); }

void Client::set_condition(size_t table, std::vector<Clause> clauses) {
    impl_->set_condition(table, std::move(clauses));
}
void Client::read_in_part(size_t table) { impl_->replica.read_in_part(table); }

void Client::monitor_columns(size_t table, uint64_t columns) {
    impl_->monitored[table].columns = columns;
}
void Client::steal_lock() { impl_->steal_lock(); }
void Client::unlock() { impl_->unlock(); }
void Client::reconnect(std::string_view why) {
    if (impl_->session)
        impl_->session->drop(why);
}

void Client::when_ready(Clock::time_point deadline, std::function<void(Result<>)> fn) {
    impl_->when_ready(deadline, std::move(fn));
}

Result<> Client::wait_ready(Clock::time_point deadline) {
    auto answer = std::make_shared<std::optional<Result<>>>();
    impl_->when_ready(deadline, [answer](Result<> result) { *answer = std::move(result); });
    impl_->reactor.run_until([&] { return answer->has_value(); }, deadline + 100ms);
    return answer->value_or(fail(ErrorKind::unavailable, "the reactor was stopped"));
}

void Client::delay(std::chrono::milliseconds delay, std::function<void()> fn) {
    impl_->delay(delay, std::move(fn));
}

void Client::commit(const Transaction& transaction, std::function<void(Result<Committed>)> done) {
    impl_->commit(transaction, std::move(done));
}

Result<Committed> Client::commit_now(const Transaction& transaction, Clock::time_point deadline) {
    auto answer = std::make_shared<std::optional<Result<Committed>>>();
    Transaction limited = transaction;
    limited.set_timeout(std::max(
        0ms, std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now())));
    impl_->commit(limited, [answer](Result<Committed> result) { *answer = std::move(result); });
    impl_->reactor.run_until([&] { return answer->has_value(); }, deadline + 100ms);
    return answer->value_or(fail(ErrorKind::unavailable, "the reactor was stopped"));
}

} // namespace ringfence::ovsdb
