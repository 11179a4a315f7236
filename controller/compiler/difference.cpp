#include "controller/compiler/difference.h"

#include "ovsdb/codec.h"

namespace ringfence::compiler {
namespace {

using ovsdb::RowChange;
using ovsdb::RowStore;
using ovsdb::TableInfo;

void compare(const TableInfo& table, const RowStore& before, const RowStore& after,
             std::vector<RowChange>& changes) {
    for (const auto& [uuid, row] : after.rows()) {
        auto old = before.share(uuid);
        uint64_t columns =
            old ? differing_columns(table, old.get(), row.get()) : table.all_columns();
        if (!old || columns)
            changes.push_back({table.index, std::move(old), row, columns});
    }
    for (const auto& [uuid, row] : before.rows())
        if (!after.find(uuid))
            changes.push_back({table.index, row, nullptr, table.all_columns()});
}

} // namespace

uint64_t differing_columns(const TableInfo& table, const void* before, const void* after) {
    uint64_t columns = 0;
    if (before == after) // shared: the compiler kept the row as it was
        return columns;
    for (size_t i = 0; i < table.columns.size(); ++i) {
        const auto& column = table.columns[i];
        if (!column.ops->equal(column.in(before), column.in(after)))
            columns |= uint64_t{1} << i;
    }
    return columns;
}

std::vector<RowChange> differences(const ovsdb::SchemaInfo& schema, const void* before,
                                   const void* after) {
    std::vector<RowChange> changes;
    for (const TableInfo* table : schema.tables)
        compare(*table, schema.in(before, table->index), schema.in(after, table->index), changes);
    return changes;
}

} // namespace ringfence::compiler
