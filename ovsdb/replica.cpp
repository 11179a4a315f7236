#include "ovsdb/replica.h"

#include <unordered_set>

#include <nlohmann/json.hpp>

#include "ovsdb/codec.h"
#include "ovsdb/table.h"

namespace ringfence::ovsdb {
namespace {

using Json = nlohmann::json;

uint64_t differences(const TableInfo& table, const void* left, const void* right) {
    uint64_t modified = 0;
    for (size_t i = 0; i < table.columns.size(); ++i) {
        const ColumnInfo& column = table.columns[i];
        if (!column.ops->equal(column.in(left), column.in(right)))
            modified |= uint64_t{1} << i;
    }
    return modified;
}

// Reads the columns that we know into row, by decode (whole values) or by apply (differences).
Result<> read_columns(const TableInfo& table, const Json& columns,
                      Result<> (*ValueOps::*how)(const Json&, void*), void* row) {
    for (const ColumnInfo& column : table.columns) {
        const auto found = columns.find(column.name);
        if (found == columns.end())
            continue;
        if (auto read = (column.ops->*how)(*found, column.member(row)); !read)
            return fail("{}: {}", column.name, read.error().text);
    }
    return {};
}

// Of columns that we can't read the default, and why. A value that can't be read leaves its field
// anyhow, so each is tried elsewhere first.
std::shared_ptr<void> row_in_part(const TableInfo& table, const Uuid& uuid, const Json& columns,
                                  const Error& why) {
    auto row = table.make(uuid), scratch = table.make(uuid);
    for (const ColumnInfo& column : table.columns)
        if (const auto found = columns.find(column.name); found != columns.end())
            if (column.ops->decode(*found, column.member(scratch.get())))
                (void)column.ops->decode(*found, column.member(row.get()));
    table.unreadable(row.get()) = why.text;
    return row;
}

// As it was, and why that is not what it is.
std::shared_ptr<void> row_as_before(const TableInfo& table, const void* before, const Error& why) {
    auto row = table.copy(before);
    table.unreadable(row.get()) = why.text;
    return row;
}

bool touches(const TableInfo& table, const Json& difference, uint64_t columns) {
    for (size_t i = 0; i < table.columns.size(); ++i)
        if (columns >> i & 1 && difference.contains(table.columns[i].name))
            return true;
    return false;
}

Error contradiction(const TableInfo& table, const Uuid& uuid, std::string_view what) {
    return {ErrorKind::unavailable,
            fmt::format("the server's update of {} {} {}", table.name, to_string(uuid), what)};
}

// Calls fn(table, uuid, row's update) for each row of <table-updates>.
template <class Find, class Fn> Result<> each_row(const Json& updates, Find find, Fn fn) {
    if (!updates.is_object())
        return fail(ErrorKind::unavailable, "the server's update is not an object");
    for (const auto& [name, rows] : updates.items()) {
        const TableInfo* table = find(name);
        if (!table)
            continue; // never asked for
        if (!rows.is_object())
            return fail(ErrorKind::unavailable, "the server's update of table {} is not an object",
                        name);
        for (const auto& [text, update] : rows.items()) {
            const auto uuid = Uuid::from(text);
            if (!uuid || !update.is_object())
                return fail(ErrorKind::unavailable,
                            "the server's update of table {} holds no row \"{}\"", name, text);
            if (auto done = fn(*table, *uuid, update); !done)
                return done;
        }
    }
    return {};
}

} // namespace

Result<> Replica::load(const Json& updates, UpdateFormat format, Outcome& outcome) {
    std::vector<std::unordered_set<Uuid>> present(schema_.tables.size());
    const auto find_table = [&](std::string_view name) { return find(name); };
    auto read = each_row(
        updates, find_table, [&](const TableInfo& table, const Uuid& uuid, const Json& update) {
            const auto row = update.find(format == UpdateFormat::update ? "new"
                                         : update.contains("initial")   ? "initial"
                                                                        : "insert");
            if (row == update.end() || !row->is_object())
                return Result<>(
                    tl::unexpected(contradiction(table, uuid, "is no row of a first load")));
            present[table.index].insert(uuid);
            return Result<>();
        });
    if (!read)
        return read;

    for (const TableInfo* table : schema_.tables) {
        std::vector<Uuid> gone;
        for (const auto& [uuid, row] : schema_.in(tables_, table->index).rows())
            if (!present[table->index].contains(uuid))
                gone.push_back(uuid);
        for (const Uuid& uuid : gone)
            remove(*table, uuid, outcome);
        bad_[table->index].clear();
    }
    return each_row(updates, find_table,
                    [&](const TableInfo& table, const Uuid& uuid, const Json& update) {
                        return apply_row(table, uuid, update, format, outcome);
                    });
}

Result<> Replica::apply(const Json& updates, UpdateFormat format, Outcome& outcome) {
    return each_row(
        updates, [&](std::string_view name) { return find(name); },
        [&](const TableInfo& table, const Uuid& uuid, const Json& update) {
            return apply_row(table, uuid, update, format, outcome);
        });
}

Result<Replica::Outcome> Replica::replace(const Row& row, const Json& columns) {
    Outcome outcome;
    const TableInfo& table = *schema_.tables[row.table];
    if (columns.is_null())
        remove(table, row.uuid, outcome);
    else if (columns.is_object())
        put(table, row.uuid, columns, outcome);
    else
        return tl::unexpected(contradiction(table, row.uuid, "is not a row"));
    return outcome;
}

const TableInfo* Replica::find(std::string_view name) const {
    for (const TableInfo* table : schema_.tables)
        if (table->name == name)
            return table;
    return nullptr;
}

Result<> Replica::apply_row(const TableInfo& table, const Uuid& uuid, const Json& update,
                            UpdateFormat format, Outcome& outcome) {
    if (format == UpdateFormat::update) {
        const auto after = update.find("new");
        if (after == update.end() || after->is_null())
            remove(table, uuid, outcome);
        else if (after->is_object())
            put(table, uuid, *after, outcome);
        else
            return tl::unexpected(contradiction(table, uuid, "is not a row"));
        return {};
    }
    if (update.contains("delete")) {
        remove(table, uuid, outcome);
        return {};
    }
    for (const char* kind : {"initial", "insert"})
        if (const auto row = update.find(kind); row != update.end() && row->is_object()) {
            put(table, uuid, *row, outcome);
            return {};
        }
    const auto difference = update.find("modify");
    if (difference == update.end() || !difference->is_object())
        return tl::unexpected(contradiction(table, uuid, "is of no kind that we know"));
    if (bad_[table.index].contains(uuid) ||
        touches(table, *difference, columns_[table.index].different)) {
        outcome.unknown.push_back({table.index, uuid});
        return {};
    }
    if (!schema_.in(tables_, table.index).find(uuid))
        return tl::unexpected(contradiction(table, uuid, "modifies a row that we do not have"));
    modify(table, uuid, *difference, outcome);
    return {};
}

void Replica::put(const TableInfo& table, const Uuid& uuid, const Json& columns, Outcome& outcome) {
    auto row = table.make(uuid);
    if (auto read = read_columns(table, columns, &ValueOps::decode, row.get()); !read) {
        bad_[table.index].insert(uuid);
        const Error why = read.error().in(fmt::format("{} {}", table.name, to_string(uuid)));
        if (in_part_[table.index])
            keep(table, uuid, row_in_part(table, uuid, columns, why), outcome);
        else
            outcome.troubles.push_back(why.text);
        return;
    }
    bad_[table.index].erase(uuid);
    keep(table, uuid, std::move(row), outcome);
}

void Replica::modify(const TableInfo& table, const Uuid& uuid, const Json& difference,
                     Outcome& outcome) {
    const void* before = schema_.in(tables_, table.index).find(uuid);
    auto row = table.copy(before);
    if (auto read = read_columns(table, difference, &ValueOps::apply, row.get()); !read) {
        bad_[table.index].insert(uuid);
        const Error why = read.error().in(fmt::format("{} {}", table.name, to_string(uuid)));
        if (in_part_[table.index])
            keep(table, uuid, row_as_before(table, before, why), outcome);
        else
            outcome.troubles.push_back(why.text);
        return;
    }
    keep(table, uuid, std::move(row), outcome);
}

// What it says of itself is no column: where that alone differs, all of them may.
void Replica::keep(const TableInfo& table, const Uuid& uuid, std::shared_ptr<const void> row,
                   Outcome& outcome) {
    RowStore& rows = schema_.store(tables_, table.index);
    auto before = rows.share(uuid);
    const bool speaks_alike =
        before && table.unreadable_in(before.get()) == table.unreadable_in(row.get());
    const uint64_t modified =
        speaks_alike ? differences(table, before.get(), row.get()) : table.all_columns();
    if (modified == 0)
        return;
    rows.replace(uuid, row);
    outcome.changes.push_back({table.index, std::move(before), std::move(row), modified});
}

void Replica::remove(const TableInfo& table, const Uuid& uuid, Outcome& outcome) {
    bad_[table.index].erase(uuid);
    RowStore& store = schema_.store(tables_, table.index);
    auto before = store.share(uuid);
    if (!before)
        return; // a bad row that never was good
    store.erase(uuid);
    outcome.changes.push_back({table.index, std::move(before), nullptr, table.all_columns()});
}

} // namespace ringfence::ovsdb
