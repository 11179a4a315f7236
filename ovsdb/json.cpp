#include "ovsdb/json.h"

#include <algorithm>

#include "ovsdb/codec.h"
#include "ovsdb/table.h"

namespace ringfence::ovsdb {
namespace {

using Json = nlohmann::json;

constexpr const char* unreadable_key = "_unreadable"; // no column begins with '_' but the server's

const ColumnInfo* find_column(const TableInfo& table, std::string_view name) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [&](const ColumnInfo& column) { return column.name == name; });
    return found == table.columns.end() ? nullptr : &*found;
}

const TableInfo* find_table(const SchemaInfo& schema, std::string_view name) {
    for (const TableInfo* table : schema.tables)
        if (table->name == name)
            return table;
    return nullptr;
}

} // namespace

Json row_to_json(const TableInfo& table, const void* row, uint64_t columns) {
    Json json = Json::object();
    for (size_t i = 0; i < table.columns.size(); ++i) {
        const ColumnInfo& column = table.columns[i];
        if (columns >> i & 1 && !column.ops->is_default(column.in(row)))
            column.ops->encode(column.in(row), json[std::string(column.name)]);
    }
    return json;
}

Result<std::shared_ptr<const void>> row_from_json(const TableInfo& table, const Uuid& uuid,
                                                  const Json& json) {
    if (!json.is_object())
        return fail("{} {}: a row is a JSON object", table.name, to_string(uuid));
    auto row = table.make(uuid);
    for (const auto& [name, value] : json.items()) {
        if (name == unreadable_key && value.is_string()) {
            table.unreadable(row.get()) = value.get<std::string>();
            continue;
        }
        const ColumnInfo* column = find_column(table, name);
        if (!column)
            return fail("{} {}: no such column: {}", table.name, to_string(uuid), name);
        if (auto decoded = column->ops->decode(value, column->member(row.get())); !decoded)
            return fail("{} {}: {}: {}", table.name, to_string(uuid), name, decoded.error().text);
    }
    return std::shared_ptr<const void>(std::move(row));
}

Json tables_to_json(const SchemaInfo& schema, const void* tables) {
    Json json = Json::object();
    for (const TableInfo* table : schema.tables)
        for (const auto& [uuid, row] : schema.in(tables, table->index).rows()) {
            Json& one = json[std::string(table->name)][to_string(uuid)];
            one = row_to_json(*table, row.get(), table->all_columns());
            if (const std::string& why = table->unreadable_in(row.get()); !why.empty())
                one[unreadable_key] = why;
        }
    return json;
}

Result<> tables_from_json(const SchemaInfo& schema, const Json& json, void* tables) {
    if (!json.is_object())
        return fail("{}: a database is a JSON object of tables", schema.name);
    for (const auto& [name, rows] : json.items()) {
        const TableInfo* table = find_table(schema, name);
        if (!table)
            return fail("{}: no such table: {}", schema.name, name);
        if (!rows.is_object())
            return fail("{}: a table is a JSON object of rows", name);
        for (const auto& [text, value] : rows.items()) {
            const auto uuid = Uuid::from(text);
            if (!uuid)
                return fail("{}: {}", name, uuid.error().text);
            auto row = row_from_json(*table, *uuid, value);
            if (!row)
                return tl::unexpected(row.error());
            schema.store(tables, table->index).replace(*uuid, std::move(*row));
        }
    }
    return {};
}

} // namespace ringfence::ovsdb
