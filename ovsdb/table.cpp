#include "ovsdb/table.h"

namespace ringfence::ovsdb {

const void* RowStore::find(const Uuid& uuid) const {
    const auto found = rows_.find(uuid);
    return found == rows_.end() ? nullptr : found->second.get();
}

std::shared_ptr<const void> RowStore::share(const Uuid& uuid) const {
    const auto found = rows_.find(uuid);
    return found == rows_.end() ? nullptr : found->second;
}

bool RowStore::insert(const Uuid& uuid, std::shared_ptr<const void> row) {
    return rows_.emplace(uuid, std::move(row)).second;
}

void RowStore::replace(const Uuid& uuid, std::shared_ptr<const void> row) {
    rows_[uuid] = std::move(row);
}

bool RowStore::erase(const Uuid& uuid) { return rows_.erase(uuid) != 0; }

} // namespace ringfence::ovsdb
