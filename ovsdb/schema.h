// What the generated code says of a schema, without types: the client, the replica and the JSON of
// rows are written once against these descriptions, and the typed classes of table.h, transaction.h
// and database.h only wrap them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ovsdb/uuid.h"

namespace ringfence::ovsdb {

class RowStore;
struct ValueOps; // codec.h: how one C++ type is compared and written as OVSDB JSON

struct ColumnInfo {
    std::string_view name;
    const ValueOps* ops;
    void* (*member)(void* row); // the column's field in a row

    const void* in(const void* row) const { return member(const_cast<void*>(row)); }
};

struct TableInfo {
    std::string_view name;
    size_t index; // in SchemaInfo::tables
    std::span<const ColumnInfo> columns;
    std::shared_ptr<void> (*make)(const Uuid& uuid); // a row of default values
    std::shared_ptr<void> (*copy)(const void* row);
    std::string& (*unreadable)(void* row); // the field of that name

    const std::string& unreadable_in(const void* row) const {
        return unreadable(const_cast<void*>(row));
    }
    uint64_t all_columns() const {
        return columns.size() == 64 ? ~uint64_t{0} : (uint64_t{1} << columns.size()) - 1;
    }
};

// What a server that lacks a column or table of ours means.
enum class MissingColumns {
    error,        // an older schema than we need: say so, by name, and do not start
    default_value // an older Open vSwitch: the column keeps its default
};

struct SchemaInfo {
    std::string_view name;
    std::string_view version;
    MissingColumns missing;
    std::span<const TableInfo* const> tables;
    RowStore& (*store)(void* tables, size_t table);

    const RowStore& in(const void* tables_value, size_t table) const {
        return store(const_cast<void*>(tables_value), table);
    }
};

// One row's change, before it gets its type. The pointers keep both versions alive.
struct RowChange {
    size_t table;
    std::shared_ptr<const void> before, after;
    uint64_t modified; // columns whose value differs; all of them where the row came or went
};

} // namespace ringfence::ovsdb
