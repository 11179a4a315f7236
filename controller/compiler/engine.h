// The engine: keeps the results of many small pure functions up to date, and asks again only those
// that a change concerns.
//
// A *unit* is one function applied to one row (a NIC's port, a network's segment). While a unit is
// evaluated, the engine hears which rows and index entries it reads (model/facts.h), and keeps that
// list beside what the unit made: southbound rows, notes, index entries. When one of the facts
// changes, or the row itself, the unit is stale, and run() evaluates it anew. What comes out the
// same touches nobody else.
//
//     a Nic row's addresses change
//       -> units of that row: its address claims, its port
//            claims: 10.0.0.5 on segment web has gone, 10.0.0.6 has come
//              -> units that asked who holds 10.0.0.6 there: a NIC that wanted it, too
//            port: one Logical_Port row differs
//
// Kinds of units are evaluated in the order in which they were added. An index is filled by kinds
// before those that read it, so that a run evaluates no unit twice.
//
// Not thread-safe. Functions and tables outlive it.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "controller/compiler/products.h"
#include "controller/model/index.h"
#include "controller/model/rows.h"
#include "ovsdb/table.h"

namespace ringfence::compiler {

// How many units were evaluated. Some repeatedly? Then an index is read by a kind that comes before
// one that fills it.
struct Effort {
    size_t evaluated = 0;
    size_t repeated = 0;
};

// Where a function puts what it makes.
struct Made {
    model::Emitter entries;
    Product product;
};

class Engine final : public model::Observer {
public:
    Engine() = default;
    Engine(const Engine&) = delete;

    // One unit for each row of the table: function(row, made). Those of its rows now are stale.
    template <class Row, class Function>
    void add_kind(const ovsdb::Table<Row>& table, Function function) {
        auto evaluate = [&table, function = std::move(function)](const Uuid& uuid, Made& made) {
            if (const Row* row = table.find(uuid))
                function(*row, made);
        };
        add_kind(Row::table_info(), table, std::move(evaluate));
    }

    // A row has come, gone, or differs in a column that units read.
    template <class Row> void row_changed(const Row& row) {
        row_changed(Row::table_info(), row.uuid, model::row_fact<Row>(row.uuid));
    }

    bool idle() const { return stale_ == 0; }
    // Evaluates until nothing is stale.
    Effort run();

    // What all units have made, and which of it has changed.
    Products& products() { return products_; }
    const Products& products() const { return products_; }

    void read(model::FactId fact) override;
    void changed(model::FactId fact) override;

private:
    using Uuid = ovsdb::Uuid;
    using Evaluate = std::function<void(const Uuid&, Made&)>;
    using Number = model::Owner; // of a unit, while it has anything to remember

    struct Kind {
        Evaluate evaluate;
        std::unordered_map<Uuid, Number> units;
        std::vector<Number> stale;
    };
    struct Memory {
        size_t kind = 0;
        Uuid row;
        bool stale = false;
        uint64_t run = 0;                 // in which it was last evaluated
        std::vector<model::FactId> reads; // sorted
        std::vector<model::AnyIndex*> indexes;
        Product product;
    };

    void add_kind(const ovsdb::TableInfo& table, const ovsdb::RowStore& rows, Evaluate evaluate);
    void row_changed(const ovsdb::TableInfo& table, const Uuid& row, model::FactId fact);
    Number number_of(size_t kind, const Uuid& row);
    void make_stale(Number unit);
    void evaluate(Number unit);
    void remember_reads(Number unit);
    void forget(Number unit);

    std::vector<Kind> kinds_;
    std::unordered_map<const ovsdb::TableInfo*, std::vector<size_t>> kinds_of_;
    std::vector<Memory> memory_; // by number
    std::vector<Number> free_;
    std::unordered_map<model::FactId, std::unordered_set<Number>> readers_;
    size_t stale_ = 0;
    uint64_t run_ = 0;
    bool reading_ = false;
    std::vector<model::FactId> reads_; // of the unit being evaluated
    Products products_;
};

} // namespace ringfence::compiler
