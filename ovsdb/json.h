// Rows and tables as JSON, for state files, dumps and tests: OVSDB's own encoding (RFC 7047,
// clause 5.1), columns that hold their default left out; that a row could not be read is kept in
// those of tables, as "_unreadable". The reader's words stand in every error: table, row, column.
#pragma once

#include <memory>

#include <nlohmann/json.hpp>

#include "ovsdb/schema.h"

namespace ringfence::ovsdb {

nlohmann::json row_to_json(const TableInfo& table, const void* row, uint64_t columns);
[[nodiscard]] Result<std::shared_ptr<const void>>
row_from_json(const TableInfo& table, const Uuid& uuid, const nlohmann::json& json);
nlohmann::json tables_to_json(const SchemaInfo& schema, const void* tables);
[[nodiscard]] Result<> tables_from_json(const SchemaInfo& schema, const nlohmann::json& json,
                                        void* tables);

template <class T>
concept RowType = requires {
    typename T::Columns;
    T::table_info();
};
template <class T>
concept TablesType = requires {
    typename T::Schema;
    T::Schema::info();
};

// {"name": "web-0", "domains": ["set", [...]]}: without the UUID, which is the row's key wherever
// rows are listed.
template <RowType Row> nlohmann::json to_json(const Row& row) {
    return row_to_json(Row::table_info(), &row, Row::table_info().all_columns());
}
// An unknown column is an error: whoever wrote it knew something that we don't.
template <RowType Row>
[[nodiscard]] Result<Row> from_json(const Uuid& uuid, const nlohmann::json& json) {
    auto row = row_from_json(Row::table_info(), uuid, json);
    if (!row)
        return tl::unexpected(row.error());
    return *static_cast<const Row*>(row->get());
}

// {"Logical_Port": {"UUID": {row}, ...}, ...}; tables without rows are left out.
template <TablesType Tables> nlohmann::json to_json(const Tables& tables) {
    return tables_to_json(Tables::Schema::info(), &tables);
}
template <TablesType Tables> [[nodiscard]] Result<Tables> from_json(const nlohmann::json& json) {
    Tables tables;
    if (auto read = tables_from_json(Tables::Schema::info(), json, &tables); !read)
        return tl::unexpected(read.error());
    return tables;
}

} // namespace ringfence::ovsdb
