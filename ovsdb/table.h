// Tables of rows as plain values: copyable (rows are immutable and shared between copies), no
// connection needed. The replica fills them; so do compilers, tests and the state file.
#pragma once

#include <iterator>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ovsdb/schema.h"

namespace ringfence::ovsdb {

// The rows of a table, without their type.
class RowStore {
public:
    using Map = std::unordered_map<Uuid, std::shared_ptr<const void>>;

    const Map& rows() const { return rows_; }
    const void* find(const Uuid& uuid) const;
    std::shared_ptr<const void> share(const Uuid& uuid) const; // null when there is none
    bool insert(const Uuid& uuid, std::shared_ptr<const void> row);
    void replace(const Uuid& uuid, std::shared_ptr<const void> row);
    bool erase(const Uuid& uuid);
    void clear() { rows_.clear(); }

private:
    Map rows_;
};

// The rows of one table. Rows never change in place: replace() puts a new one in the old one's
// stead.
template <class Row> class Table : public RowStore {
public:
    class Iterator {
    public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = Row;
        using difference_type = std::ptrdiff_t;
        using pointer = const Row*;
        using reference = const Row&;

        Iterator() = default;
        explicit Iterator(Map::const_iterator at) : at_(at) {}
        const Row& operator*() const { return *static_cast<const Row*>(at_->second.get()); }
        const Row* operator->() const { return &**this; }
        Iterator& operator++() {
            ++at_;
            return *this;
        }
        Iterator operator++(int) {
            Iterator old = *this;
            ++at_;
            return old;
        }
        bool operator==(const Iterator&) const = default;

    private:
        Map::const_iterator at_;
    };

    // Null when there is none. Valid until the row is replaced or erased.
    const Row* find(const Uuid& uuid) const {
        return static_cast<const Row*>(RowStore::find(uuid));
    }
    // Outlives the table's next change.
    std::shared_ptr<const Row> share(const Uuid& uuid) const {
        return std::static_pointer_cast<const Row>(RowStore::share(uuid));
    }
    size_t size() const { return rows().size(); }
    bool empty() const { return rows().empty(); }
    Iterator begin() const { return Iterator(rows().begin()); } // in no particular order
    Iterator end() const { return Iterator(rows().end()); }

    // False, and nothing done, when the UUID is taken.
    bool insert(Row row) {
        const Uuid uuid = row.uuid;
        return RowStore::insert(uuid, std::make_shared<const Row>(std::move(row)));
    }
    // Inserts, or takes the place of the row of the same UUID.
    void replace(Row row) {
        const Uuid uuid = row.uuid;
        RowStore::replace(uuid, std::make_shared<const Row>(std::move(row)));
    }

    bool operator==(const Table& other) const {
        if (size() != other.size())
            return false;
        for (const Row& row : *this) {
            const Row* twin = other.find(row.uuid);
            if (!twin || !(*twin == row))
                return false;
        }
        return true;
    }
};

// What happened to one row. Inserted: before is null. Deleted: after is null. Both pointers are
// valid during the callback that hands the change over.
template <class Row> struct Change {
    const Row* before = nullptr;
    const Row* after = nullptr;
    typename Row::Columns modified; // of an inserted or deleted row: all

    bool inserted() const { return !before; }
    bool deleted() const { return !after; }
    const Row& row() const { return after ? *after : *before; } // the latest that there is
};

// What the generated Schema::changes() does for each change of its table.
template <class Row> void add_change(std::vector<Change<Row>>& changes, const RowChange& change) {
    changes.push_back({static_cast<const Row*>(change.before.get()),
                       static_cast<const Row*>(change.after.get()),
                       Row::Columns::from_bits(change.modified)});
}

} // namespace ringfence::ovsdb
