// A transaction as a value: made by pure code, sent by Database::commit(). Operations run in the
// order in which they were added, all or none (RFC 7047, clause 4.1.3).
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ovsdb/schema.h"

namespace ringfence::ovsdb {

// A value of any column type, already in OVSDB's encoding.
class Value {
public:
    Value(bool value);
    Value(double value);
    Value(const std::string& value);
    Value(const char* value) : Value(std::string(value)) {}
    Value(std::string_view value) : Value(std::string(value)) {}
    Value(const Uuid& value);
    template <class T>
    requires std::is_integral_v<T> &&(!std::is_same_v<T, bool>)Value(T value)
        : Value(Integer{static_cast<int64_t>(value)}) {}
    template <class T> Value(const std::optional<T>& value);
    template <class T> Value(const std::set<T>& value);
    template <class K, class V> Value(const std::map<K, V>& value);

    const std::string& json() const { return json_; }
    bool operator==(const Value&) const = default;
    auto operator<=>(const Value&) const = default;

private:
    struct Integer {
        int64_t value;
    };
    Value(Integer value);
    std::string json_;
};

// column == value; the only kind that ovsdb-server answers from a hash.
template <class Row> struct Condition {
    typename Row::Column column;
    Value value;
};

enum class Mutator { add, subtract, multiply, divide, modulo, insert, remove };

// Names a select of a transaction; Committed::rows() turns it into its rows.
template <class Row> struct Selection { size_t operation; };

// What the server made of a transaction.
class Committed {
public:
    Committed() = default;
    // results: the reply of RFC 7047, clause 4.1.3, an array with one entry an operation.
    explicit Committed(std::shared_ptr<const nlohmann::json> results)
        : results_(std::move(results)) {}

    // The rows that a select found; columns that were not asked for hold their default.
    template <class Row>
    [[nodiscard]] Result<std::vector<Row>> rows(Selection<Row> selection) const {
        auto found = rows(Row::table_info(), selection.operation);
        if (!found)
            return tl::unexpected(found.error());
        std::vector<Row> rows;
        for (const auto& row : *found)
            rows.push_back(*static_cast<const Row*>(row.get()));
        return rows;
    }
    // How many rows the n-th operation (update, mutate, erase) touched; 0 for other operations.
    size_t count(size_t operation) const;
    // The UUID that the server gave to the n-th operation, an insert_named().
    std::optional<Uuid> inserted(size_t operation) const;

private:
    using Rows = std::vector<std::shared_ptr<const void>>;
    Result<Rows> rows(const TableInfo& table, size_t operation) const;
    std::shared_ptr<const nlohmann::json> results_;
};

class Transaction {
public:
    // Returns the row's UUID: its own, or a random one when it is nil. Sending the same insert
    // again after a lost answer fails on the UUID instead of making a second row. Columns that hold
    // their default are not sent.
    template <class Row> Uuid insert(const Row& row) {
        return insert(Row::table_info(), &row, row.uuid);
    }
    // The server chooses the UUID (for servers before Open vSwitch 2.13). What is returned may be
    // used as a reference in this transaction only; Committed::inserted(operation) gives the real
    // one.
    template <class Row> Uuid insert_named(const Row& row) {
        return insert_named(Row::table_info(), &row);
    }
    template <class Row> void update(const Row& row, typename Row::Columns columns) {
        update(Row::table_info(), &row, row.uuid, columns.bits());
    }
    template <class Row> void erase(const Uuid& uuid) { erase(Row::table_info(), uuid); }
    // Conflict-free changes: add() and the like on numbers, insert and remove on sets and maps
    // (remove takes a set of keys or a map for maps).
    template <class Row>
    void mutate(const Uuid& uuid, typename Row::Column column, Mutator mutator,
                const Value& value) {
        mutate(Row::table_info(), uuid, static_cast<size_t>(column), mutator, value);
    }
    // Optimistic concurrency: fails (is_try_again) unless the row's columns still hold what as_read
    // holds.
    template <class Row> void wait(const Row& as_read, typename Row::Columns columns) {
        wait(Row::table_info(), &as_read, as_read.uuid, columns.bits());
    }
    // Fails (is_try_again) when there is such a row.
    template <class Row> void wait_absent(const Uuid& uuid) {
        wait_absent(Row::table_info(), uuid);
    }
    // Fails (is_try_again) when any row fulfils all conditions.
    template <class Row> void wait_absent(const std::vector<Condition<Row>>& conditions) {
        wait_absent(Row::table_info(), clauses(conditions));
    }
    template <class Row>
    Selection<Row> select(const Uuid& uuid, typename Row::Columns columns = Row::Columns::all()) {
        return {select(Row::table_info(), uuid_clause(uuid), columns.bits())};
    }
    // All rows that fulfil all conditions. A look-up by anything but the UUID scans the table
    // (ovsdb-server 3.1).
    template <class Row>
    Selection<Row> select(const std::vector<Condition<Row>>& conditions,
                          typename Row::Columns columns = Row::Columns::all()) {
        return {select(Row::table_info(), clauses(conditions), columns.bits())};
    }
    // Fails unless this connection holds the lock.
    void assert_lock(std::string_view name);
    // Stands in the server's log of the database, beside the change.
    void comment(std::string_view text);

    // How long commit() waits for an answer; a cluster that has lost its quorum never answers.
    // Default 10 s.
    void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }
    std::chrono::milliseconds timeout() const { return timeout_; }

    bool empty() const { return operations_.empty(); }
    size_t size() const { return operations_.size(); } // operations, which Committed counts from 0
    // The parameters of a "transact" request.
    std::string to_json(std::string_view database) const;
    // What the n-th operation is and to what, for error messages: "update of Logical_Port UUID".
    const std::string& describe(size_t operation) const { return operations_[operation].what; }

private:
    struct Operation {
        std::string json;
        std::string what;
    };
    struct Clause {
        size_t column;
        const Value* value;
    };

    template <class Row>
    static std::vector<Clause> clauses(const std::vector<Condition<Row>>& conditions) {
        std::vector<Clause> clauses;
        for (const auto& condition : conditions)
            clauses.push_back({static_cast<size_t>(condition.column), &condition.value});
        return clauses;
    }
    static std::string uuid_clause(const Uuid& uuid);
    static std::string where(const TableInfo& table, const std::vector<Clause>& clauses);

    Uuid insert(const TableInfo& table, const void* row, Uuid uuid);
    Uuid insert_named(const TableInfo& table, const void* row);
    void update(const TableInfo& table, const void* row, const Uuid& uuid, uint64_t columns);
    void erase(const TableInfo& table, const Uuid& uuid);
    void mutate(const TableInfo& table, const Uuid& uuid, size_t column, Mutator mutator,
                const Value& value);
    void wait(const TableInfo& table, const void* row, const Uuid& uuid, uint64_t columns);
    void wait_absent(const TableInfo& table, const Uuid& uuid);
    void wait_absent(const TableInfo& table, const std::vector<Clause>& clauses);
    size_t select(const TableInfo& table, const std::string& where, uint64_t columns);
    size_t select(const TableInfo& table, const std::vector<Clause>& clauses, uint64_t columns) {
        return select(table, where(table, clauses), columns);
    }

    std::vector<Operation> operations_;
    std::vector<Uuid> named_; // stand-ins of insert_named()
    std::chrono::milliseconds timeout_{10000};
};

// Somebody else changed what the transaction had read: read again, make it again, send it again.
bool is_try_again(const Error& error);
// An index, a reference or a bound of the schema forbids it: the name or address is taken, the row
// is in use.
bool is_constraint_violation(const Error& error);
// The server could not write it, and knows so: its disk is full, say.
bool is_not_written(const Error& error);

} // namespace ringfence::ovsdb
