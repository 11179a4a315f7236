#include "controller/compiler/products.h"

#include "controller/compiler/difference.h"

namespace ringfence::compiler {
namespace {

// Replaces what the maker offered, and returns the keys that it spoke of then or now.
template <class Offers, class Maker, class Value>
RowKeys replace(Offers& offers, const Maker& maker,
                const std::vector<std::pair<RowKey, Value>>& before,
                const std::vector<std::pair<RowKey, Value>>& now) {
    RowKeys keys;
    for (const auto& [key, value] : before) {
        if (!keys.insert(key).second)
            continue;
        auto offer = offers.find(key);
        offer->second.erase(maker);
        if (offer->second.empty())
            offers.erase(offer);
    }
    for (const auto& [key, value] : now) {
        offers[key].insert_or_assign(maker, value);
        keys.insert(key);
    }
    return keys;
}

} // namespace

void Products::commit(const Maker& maker, const Product& before, const Product& now) {
    for (const RowKey& key : replace(rows_, maker, before.rows, now.rows))
        settle_row(key);
    if (before.notes != now.notes)
        changed_notes_.merge(replace(notes_, maker, before.notes, now.notes));
}

void Products::settle_row(const RowKey& key) {
    const auto& schema = southbound::Schema::info();
    ovsdb::RowStore& store = schema.store(&wanted_, key.table);
    auto offer = rows_.find(key);
    if (offer == rows_.end()) {
        store.erase(key.uuid);
        changed_rows_.insert(key);
        return;
    }
    const auto& row = offer->second.begin()->second;
    auto before = store.share(key.uuid);
    store.replace(key.uuid, row);
    if (!before || differing_columns(*schema.tables[key.table], before.get(), row.get()))
        changed_rows_.insert(key);
}

const Note* Products::note(const RowKey& object) const {
    auto found = notes_.find(object);
    return found == notes_.end() ? nullptr : &found->second.begin()->second;
}

std::unordered_map<ovsdb::Uuid, Note> Products::notes() const {
    std::unordered_map<ovsdb::Uuid, Note> all;
    for (const auto& [key, offers] : notes_)
        all[key.uuid] = offers.begin()->second;
    return all;
}

} // namespace ringfence::compiler
