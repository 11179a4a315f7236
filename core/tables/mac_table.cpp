#include "core/tables/mac_table.h"

#include <algorithm>
#include <random>

namespace ringfence {

MacTable::MacTable() : pages_{empty_page()} {}

uint16_t MacTable::find_spilled(uint64_t mac) const {
    uint64_t h = hash(mac);
    const MacBucket* buckets = page(h).buckets;
    for (uint32_t probes = 1; probes <= page_mask_; ++probes) {
        MacBucket::Match match = buckets[(h + probes) & page_mask_].find(mac);
        if (match.slot || match.has_empty)
            return static_cast<uint16_t>(match.slot);
    }
    return 0;
}

void MacTable::set(MacAddr address, uint16_t value) {
    uint64_t mac = address.to_u64();
    while (!find(mac) && too_full(page(hash(mac))))
        grow();
    uint64_t h = hash(mac);
    Page& page = own_page(h);
    uint64_t* slot = find_slot(page, h, mac);
    if (!*slot) {
        ++page.used;
        ++size_;
    }
    *slot = mac << 16 | value;
}

// A slot can't simply be emptied, because look-ups end at an empty one: the page is made anew.
void MacTable::erase(MacAddr address) {
    uint64_t mac = address.to_u64();
    if (!find(mac))
        return;
    Page fresh = empty_page();
    Page& old = pages_[(hash(mac) & bucket_mask_) / buckets_per_page];
    for (const MacBucket& bucket : *old.storage)
        for (uint64_t slot : bucket.slots)
            if (slot && slot >> 16 != mac) {
                *find_slot(fresh, hash(slot >> 16), slot >> 16) = slot;
                ++fresh.used;
            }
    old = std::move(fresh);
    --size_;
}

size_t MacTable::pages_shared_with(const MacTable& other) const {
    size_t shared = 0;
    for (size_t i = 0; i < pages_.size() && i < other.pages_.size(); ++i)
        shared += pages_[i].storage == other.pages_[i].storage;
    return shared;
}

MacTable::Page MacTable::empty_page() const {
    Page page;
    page.storage = std::make_shared<std::vector<MacBucket>>(page_mask_ + 1);
    page.buckets = page.storage->data();
    return page;
}

MacTable::Page& MacTable::own_page(uint64_t h) {
    Page& page = pages_[(h & bucket_mask_) / buckets_per_page];
    if (page.storage.use_count() > 1) {
        page.storage = std::make_shared<std::vector<MacBucket>>(*page.storage);
        page.buckets = page.storage->data();
    }
    return page;
}

// The slot that holds the MAC, or the empty one where it belongs.
uint64_t* MacTable::find_slot(Page& page, uint64_t h, uint64_t mac) {
    for (uint32_t b = static_cast<uint32_t>(h) & page_mask_;; b = (b + 1) & page_mask_)
        for (uint64_t& slot : page.buckets[b].slots)
            if (!slot || slot >> 16 == mac)
                return &slot;
}

bool MacTable::too_full(const Page& page) const {
    size_t page_slots = 8 * (page_mask_ + size_t{1}), all_slots = 8 * (bucket_mask_ + size_t{1});
    return page.used + 1 > page_slots * 9 / 10 || size_ + 1 > all_slots * 7 / 10;
}

void MacTable::grow() {
    MacTable bigger;
    bigger.bucket_mask_ = 2 * bucket_mask_ + 1;
    bigger.page_mask_ = std::min(bigger.bucket_mask_, buckets_per_page - 1);
    bigger.seed_ = std::random_device{}();
    size_t pages = (bigger.bucket_mask_ + size_t{1} + buckets_per_page - 1) / buckets_per_page;
    bigger.pages_.clear();
    for (size_t i = 0; i < pages; ++i)
        bigger.pages_.push_back(bigger.empty_page());
    for_each([&](MacAddr mac, uint16_t value) { bigger.set(mac, value); });
    *this = std::move(bigger);
}

} // namespace ringfence
