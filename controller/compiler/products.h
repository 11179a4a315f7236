// What units make: southbound rows, and notes about northbound objects. Each row and each object
// belongs to one unit; where two speak of it (as in the moment when one row takes another's place),
// the first in order is believed.
#pragma once

#include <algorithm>
#include <compare>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "controller/compiler/notes.h"
#include "ovsdb/northbound.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// A row of either database: its table's number in the schema, and its UUID.
struct RowKey {
    size_t table;
    ovsdb::Uuid uuid;
    auto operator<=>(const RowKey&) const = default;
};
struct RowHash {
    size_t operator()(const RowKey& key) const {
        return std::hash<ovsdb::Uuid>{}(key.uuid) + key.table * 0x9e3779b97f4a7c15u;
    }
};
template <class Row> RowKey key_of(const Row& row) { return {Row::table_info().index, row.uuid}; }
using RowKeys = std::unordered_set<RowKey, RowHash>;

// What one evaluation of one unit has made.
struct Product {
    std::vector<std::pair<RowKey, std::shared_ptr<const void>>> rows; // southbound
    std::vector<std::pair<RowKey, Note>> notes;                       // by northbound object

    template <class Row> void put(Row row) {
        RowKey key = key_of(row);
        rows.emplace_back(key, std::make_shared<const Row>(std::move(row)));
    }
    // Beside what was noted about the object before.
    template <class Object> void note(const Object& object, Note note) {
        RowKey key = key_of(object);
        auto before = std::ranges::find(notes, key, &std::pair<RowKey, Note>::first);
        if (before == notes.end())
            notes.emplace_back(key, std::move(note));
        else
            before->second.add(std::move(note));
    }
    bool empty() const { return rows.empty() && notes.empty(); }
};

class Products {
public:
    // A unit: its kind's place in the order, and its row.
    using Maker = std::pair<size_t, ovsdb::Uuid>;

    // What a unit makes now takes the place of what it made before.
    void commit(const Maker& maker, const Product& before, const Product& now);

    const southbound::Tables& wanted() const { return wanted_; }
    const Note* note(const RowKey& object) const; // null: nothing to say
    // Every note, by its object's UUID.
    std::unordered_map<ovsdb::Uuid, Note> notes() const;

    // What has changed since the caller last emptied them.
    RowKeys& changed_rows() { return changed_rows_; }
    RowKeys& changed_notes() { return changed_notes_; }

private:
    template <class Value>
    using Offers = std::unordered_map<RowKey, std::map<Maker, Value>, RowHash>;

    void settle_row(const RowKey& key);

    southbound::Tables wanted_;
    Offers<std::shared_ptr<const void>> rows_;
    Offers<Note> notes_;
    RowKeys changed_rows_;
    RowKeys changed_notes_;
};

} // namespace ringfence::compiler
