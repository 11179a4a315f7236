// Applies what a monitor sends to tables of rows, and says what changed. No connection, no clock:
// bytes of a server's update in, changes out.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ovsdb/schema.h"
#include "ovsdb/schema_check.h"

namespace ringfence::ovsdb {

enum class UpdateFormat {
    update, // RFC 7047, clause 4.1.6 <table-updates>: whole rows, old and new
    update2 // Open vSwitch, ovsdb-server(7): default values left out, differences
};

class Replica {
public:
    Replica(const SchemaInfo& schema, void* tables)
        : schema_(schema), tables_(tables), columns_(schema.tables.size()),
          in_part_(schema.tables.size()), bad_(schema.tables.size()) {}

    // What the server has of our columns; before the first load() from that server.
    void set_columns(std::vector<ServerColumns> columns) { columns_ = std::move(columns); }

    // The table's rows that do not fit our types are no trouble, but rows that say so themselves
    // (`unreadable`): what can be read of them stands in them. Else they stay as they were.
    void read_in_part(size_t table) { in_part_[table] = true; }

    struct Row {
        size_t table;
        Uuid uuid;
    };
    struct Outcome {
        std::vector<RowChange> changes;
        std::vector<std::string>
            troubles; // rows that do not fit our types, each with table, UUID, column and value
        // Changed by a difference that can't be applied: to be read whole, then replace().
        std::vector<Row> unknown;
    };

    // The whole database: rows that it does not hold go.
    [[nodiscard]] Result<> load(const nlohmann::json& updates, UpdateFormat format,
                                Outcome& outcome);
    // An error: the update contradicts the replica, which must be loaded anew. What was applied
    // before that stays, and is in the outcome, too.
    [[nodiscard]] Result<> apply(const nlohmann::json& updates, UpdateFormat format,
                                 Outcome& outcome);
    // One row as a select gave it; no columns (null): it is gone.
    [[nodiscard]] Result<Outcome> replace(const Row& row, const nlohmann::json& columns);

private:
    const TableInfo* find(std::string_view name) const;
    Result<> apply_row(const TableInfo& table, const Uuid& uuid, const nlohmann::json& update,
                       UpdateFormat format, Outcome& outcome);
    void put(const TableInfo& table, const Uuid& uuid, const nlohmann::json& columns,
             Outcome& outcome);
    void keep(const TableInfo& table, const Uuid& uuid, std::shared_ptr<const void> row,
              Outcome& outcome);
    void modify(const TableInfo& table, const Uuid& uuid, const nlohmann::json& difference,
                Outcome& outcome);
    void remove(const TableInfo& table, const Uuid& uuid, Outcome& outcome);

    const SchemaInfo& schema_;
    void* tables_;
    std::vector<ServerColumns> columns_; // per table
    std::vector<bool> in_part_;          // the same
    std::vector<std::set<Uuid>> bad_;    // per table: rows whose last version we could not read
};

} // namespace ringfence::ovsdb
