#include "controller/compiler/engine.h"

#include <algorithm>

namespace ringfence::compiler {

using model::FactId;

void Engine::add_kind(const ovsdb::TableInfo& table, const ovsdb::RowStore& rows,
                      Evaluate evaluate) {
    size_t kind = kinds_.size();
    kinds_.push_back({std::move(evaluate), {}, {}});
    kinds_of_[&table].push_back(kind);
    for (const auto& [uuid, row] : rows.rows())
        make_stale(number_of(kind, uuid));
}

void Engine::row_changed(const ovsdb::TableInfo& table, const Uuid& row, FactId fact) {
    changed(fact);
    if (auto kinds = kinds_of_.find(&table); kinds != kinds_of_.end())
        for (size_t kind : kinds->second)
            make_stale(number_of(kind, row));
}

Effort Engine::run() {
    Effort effort;
    ++run_;
    while (stale_ > 0) {
        auto kind = std::ranges::find_if(kinds_, [](const Kind& k) { return !k.stale.empty(); });
        Number unit = kind->stale.back();
        kind->stale.pop_back();
        ++effort.evaluated;
        effort.repeated += std::exchange(memory_[unit].run, run_) == run_;
        evaluate(unit);
    }
    return effort;
}

void Engine::read(FactId fact) {
    if (reading_)
        reads_.push_back(fact);
}

void Engine::changed(FactId fact) {
    if (auto readers = readers_.find(fact); readers != readers_.end())
        for (Number unit : readers->second)
            make_stale(unit);
}

Engine::Number Engine::number_of(size_t kind, const Uuid& row) {
    auto [found, is_new] = kinds_[kind].units.try_emplace(row, 0);
    if (!is_new)
        return found->second;
    if (free_.empty()) {
        free_.push_back(static_cast<Number>(memory_.size()));
        memory_.emplace_back();
    }
    found->second = free_.back();
    free_.pop_back();
    memory_[found->second].kind = kind;
    memory_[found->second].row = row;
    return found->second;
}

void Engine::make_stale(Number unit) {
    Memory& memory = memory_[unit];
    if (std::exchange(memory.stale, true))
        return;
    kinds_[memory.kind].stale.push_back(unit);
    ++stale_;
}

void Engine::evaluate(Number unit) {
    memory_[unit].stale = false;
    --stale_;
    Made made;
    reads_.clear();
    reading_ = true;
    kinds_[memory_[unit].kind].evaluate(memory_[unit].row, made);
    reading_ = false;
    remember_reads(unit);
    Memory& memory = memory_[unit];
    memory.indexes = made.entries.commit(unit, memory.indexes);
    products_.commit({memory.kind, memory.row}, memory.product, made.product);
    memory.product = std::move(made.product);
    if (memory.reads.empty() && memory.indexes.empty() && memory.product.empty() && !memory.stale)
        forget(unit);
}

// Most of the time a unit reads what it read before.
void Engine::remember_reads(Number unit) {
    std::ranges::sort(reads_);
    reads_.erase(std::unique(reads_.begin(), reads_.end()), reads_.end());
    std::vector<FactId>& before = memory_[unit].reads;
    std::vector<FactId> gone, come;
    std::ranges::set_difference(before, reads_, std::back_inserter(gone));
    std::ranges::set_difference(reads_, before, std::back_inserter(come));
    for (FactId fact : gone) {
        auto readers = readers_.find(fact);
        readers->second.erase(unit);
        if (readers->second.empty())
            readers_.erase(readers);
    }
    for (FactId fact : come)
        readers_[fact].insert(unit);
    before = reads_;
}

// A row that is gone, or that nothing is made of: it is new when it comes again.
void Engine::forget(Number unit) {
    Memory& memory = memory_[unit];
    kinds_[memory.kind].units.erase(memory.row);
    memory = {};
    free_.push_back(unit);
}

} // namespace ringfence::compiler
