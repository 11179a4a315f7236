// Two states of a database, and the transaction that leads from one to the other.
#pragma once

#include <type_traits>
#include <vector>

#include "ovsdb/table.h"
#include "ovsdb/transaction.h"

namespace ringfence::compiler {

// The columns in which two rows of a table differ, as bits.
uint64_t differing_columns(const ovsdb::TableInfo& table, const void* before, const void* after);

// What differs, by schema and without types.
std::vector<ovsdb::RowChange> differences(const ovsdb::SchemaInfo& schema, const void* before,
                                          const void* after);

// The changes point into both tables, which must stay as they are meanwhile.
template <class Tables>
typename Tables::Schema::Changes difference(const Tables& before, const Tables& after) {
    return Tables::Schema::changes(differences(Tables::Schema::info(), &before, &after));
}

// All rows, as if they had just come.
template <class Tables> typename Tables::Schema::Changes all_of(const Tables& tables) {
    const Tables nothing;
    return difference(nothing, tables);
}

// Does to the tables what a transaction of these changes would do.
template <class Changes, class Tables> void apply(const Changes& changes, Tables& tables) {
    changes.each([&](const auto& of_table) {
        for (const auto& change : of_table) {
            using Row = std::remove_cvref_t<decltype(change.row())>;
            ovsdb::RowStore& store = Tables::Schema::info().store(&tables, Row::table_info().index);
            if (change.deleted())
                store.erase(change.row().uuid);
            else
                store.replace(change.row().uuid, std::make_shared<const Row>(*change.after));
        }
    });
}

// Inserts, updates of the columns that differ, deletes: nothing else is in the transaction.
template <class Changes> void write(ovsdb::Transaction& transaction, const Changes& changes) {
    changes.each([&](const auto& of_table) {
        for (const auto& change : of_table) {
            using Row = std::remove_cvref_t<decltype(change.row())>;
            if (change.inserted())
                transaction.insert(*change.after);
            else if (change.deleted())
                transaction.template erase<Row>(change.before->uuid);
            else
                transaction.update(*change.after, change.modified);
        }
    });
}

} // namespace ringfence::compiler
