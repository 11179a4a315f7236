// A persistent hash map for what workers look up less often than MACs: a copy shares all pages of
// at most 64 slots, a change copies the one page that it lies in. Open addressing inside a page.
// Key is compared by ==; hash is std::hash, mixed again here. The rules for threads are MacTable's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/tables/hash.h"

namespace ringfence {

template <class Key, class Value> class PagedMap {
public:
    PagedMap() : pages_(1, make_page()) {}

    // nullptr where the key is not in the map; valid until this copy is changed or dropped.
    const Value* find(const Key& key) const {
        uint64_t h = hash(key);
        const Slots& slots = page(h)->slots;
        for (size_t i = first(h);; i = (i + 1) % page_slots) {
            if (!slots[i])
                return nullptr;
            if (slots[i]->first == key)
                return &slots[i]->second;
        }
    }

    void set(const Key& key, Value value) {
        if (auto& slot = own_slot(key)) {
            slot->second = std::move(value);
            return;
        }
        while (page(hash(key))->used >= page_slots * 3 / 4)
            grow();
        own_slot(key).emplace(key, std::move(value));
        ++page(hash(key))->used;
        ++size_;
    }

    void erase(const Key& key) {
        if (!find(key))
            return;
        auto& old = pages_[page_index(hash(key))];
        auto fresh = make_page();
        for (auto& slot : old->slots)
            if (slot && !(slot->first == key))
                insert(*fresh, *slot);
        old = std::move(fresh);
        --size_;
    }

    size_t size() const { return size_; }

    // In no particular order: visit(const Key&, const Value&).
    template <class Visit> void for_each(Visit visit) const {
        for (const auto& page : pages_)
            for (const auto& slot : page->slots)
                if (slot)
                    visit(slot->first, slot->second);
    }

private:
    static constexpr size_t page_slots = 64;
    using Slots = std::vector<std::optional<std::pair<Key, Value>>>;
    struct Page {
        Slots slots{page_slots};
        size_t used = 0;
    };
    using PagePtr = std::shared_ptr<Page>;

    static PagePtr make_page() { return std::make_shared<Page>(); }
    uint64_t hash(const Key& key) const { return mix(std::hash<Key>{}(key), seed_); }
    static size_t first(uint64_t h) { return h % page_slots; }
    size_t page_index(uint64_t h) const { return (h / page_slots) & (pages_.size() - 1); }
    const PagePtr& page(uint64_t h) const { return pages_[page_index(h)]; }

    // The slot that holds the key, or the empty one where it belongs, in a page of this copy alone.
    std::optional<std::pair<Key, Value>>& own_slot(const Key& key) {
        uint64_t h = hash(key);
        PagePtr& page = pages_[page_index(h)];
        if (page.use_count() > 1)
            page = std::make_shared<Page>(*page);
        size_t i = first(h);
        while (page->slots[i] && !(page->slots[i]->first == key))
            i = (i + 1) % page_slots;
        return page->slots[i];
    }

    void insert(Page& page, const std::pair<Key, Value>& entry) const {
        size_t i = first(hash(entry.first));
        while (page.slots[i])
            i = (i + 1) % page_slots;
        page.slots[i] = entry;
        ++page.used;
    }

    void grow() {
        auto old = std::move(pages_);
        pages_.clear();
        for (size_t i = 0; i < old.size() * 2; ++i)
            pages_.push_back(make_page());
        seed_ = mix(seed_ + 1);
        for (const auto& from : old)
            for (const auto& slot : from->slots)
                if (slot)
                    insert(*page(hash(slot->first)), *slot);
    }

    std::vector<PagePtr> pages_; // a power of two
    uint64_t seed_ = 0;
    size_t size_ = 0;
};

} // namespace ringfence
