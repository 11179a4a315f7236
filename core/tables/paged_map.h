// A persistent hash map for what workers look up less often than MACs: a copy shares all pages of
// at most 64 slots, a change copies the one page that it lies in. A small map is one small page.
// Open addressing inside a page.
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
    PagedMap() : pages_{make_page()} {}

    // nullptr where the key is not in the map; valid until this copy is changed or dropped.
    const Value* find(const Key& key) const {
        uint64_t h = hash(key);
        const Slots& slots = page(h)->slots;
        for (size_t i = first(h);; i = next(i)) {
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
        while (page(hash(key))->used >= slots_of_page() * 3 / 4)
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

    // The same of pages that the other does not share: what differs from it is among them.
    template <class Visit> void for_each_unshared(const PagedMap& other, Visit visit) const {
        bool alike = pages_.size() == other.pages_.size();
        for (size_t i = 0; i < pages_.size(); ++i)
            if (!alike || pages_[i] != other.pages_[i])
                for (const auto& slot : pages_[i]->slots)
                    if (slot)
                        visit(slot->first, slot->second);
    }

private:
    static constexpr size_t max_page_slots = 64;
    using Slots = std::vector<std::optional<std::pair<Key, Value>>>;
    struct Page {
        explicit Page(size_t size) : slots(size) {}
        Slots slots;
        size_t used = 0;
    };
    using PagePtr = std::shared_ptr<Page>;

    PagePtr make_page() const { return std::make_shared<Page>(slots_of_page()); }
    size_t slots_of_page() const { return page_mask_ + 1; }
    uint64_t hash(const Key& key) const { return mix(std::hash<Key>{}(key), seed_); }
    size_t first(uint64_t h) const { return h & page_mask_; }
    size_t next(size_t i) const { return (i + 1) & page_mask_; }
    size_t page_index(uint64_t h) const { return (h / max_page_slots) & (pages_.size() - 1); }
    const PagePtr& page(uint64_t h) const { return pages_[page_index(h)]; }

    // The slot that holds the key, or the empty one where it belongs, in a page of this copy alone.
    std::optional<std::pair<Key, Value>>& own_slot(const Key& key) {
        uint64_t h = hash(key);
        PagePtr& page = pages_[page_index(h)];
        if (page.use_count() > 1)
            page = std::make_shared<Page>(*page);
        size_t i = first(h);
        while (page->slots[i] && !(page->slots[i]->first == key))
            i = next(i);
        return page->slots[i];
    }

    void insert(Page& page, const std::pair<Key, Value>& entry) const {
        size_t i = first(hash(entry.first));
        while (page.slots[i])
            i = next(i);
        page.slots[i] = entry;
        ++page.used;
    }

    void grow() {
        auto old = std::move(pages_);
        pages_.clear();
        size_t pages = old.size();
        if (slots_of_page() < max_page_slots)
            page_mask_ = slots_of_page() * 2 - 1;
        else
            pages *= 2;
        while (pages_.size() < pages)
            pages_.push_back(make_page());
        seed_ = mix(seed_ + 1);
        for (const auto& from : old)
            for (const auto& slot : from->slots)
                if (slot)
                    insert(*page(hash(slot->first)), *slot);
    }

    size_t page_mask_ = 3; // of the slots of a page: a power of two - 1
    uint64_t seed_ = 0;
    size_t size_ = 0;
    std::vector<PagePtr> pages_; // a power of two; made by what stands above it
};

} // namespace ringfence
