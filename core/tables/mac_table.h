// MAC -> 16-bit value, made for a packet's way: eight entries fill one cache line, so that a
// look-up touches one line, which prefetch() can fetch beforehand. Persistent: a copy shares all
// pages (at most 4 KiB each), and a change copies the one page that it lies in.
//
// An entry is one 64-bit word, MAC << 16 | value; 0 is an empty slot. A MAC's bucket follows from
// its hash; a full bucket spills into the next ones of the same page, and a look-up ends at the
// first bucket with an empty slot. The table doubles, under a new random seed, when it is 70 % full
// or one page is 90 % full: chosen MACs can't fill one page for good.
//
// Readers need no lock as long as nobody changes the same copy; the thread that changes a copy is
// the one that drops old copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/tables/hash.h"
#include "core/tables/mac_bucket.h"
#include "core/tables/prefetch.h"
#include "core/types/addresses.h"

namespace ringfence {

class MacTable {
public:
    MacTable();

    // The value, 0 where the MAC is not in the table. mac is the 48 bits of MacAddr::to_u64().
    uint16_t find(uint64_t mac) const { return find(mac, bucket_of(hash(mac))); }
    uint16_t find(MacAddr mac) const { return find(mac.to_u64()); }

    // The same in two steps, with time between them for the memory: where to look, which is on its
    // way from there on, and the look.
    const MacBucket* locate(uint64_t mac) const {
        const MacBucket* bucket = bucket_of(hash(mac));
        prefetch(bucket);
        return bucket;
    }
    uint16_t find(uint64_t mac, const MacBucket* located) const {
        MacBucket::Match match = located->find(mac);
        return match.slot || match.has_empty ? static_cast<uint16_t>(match.slot)
                                             : find_spilled(mac);
    }

    // value is not 0, mac is not 00:00:00:00:00:00; what was there is replaced.
    void set(MacAddr mac, uint16_t value);
    void erase(MacAddr mac);
    size_t size() const { return size_; }

    // In no particular order: visit(MacAddr, uint16_t value).
    template <class Visit> void for_each(Visit visit) const {
        for (const auto& page : pages_)
            for (uint32_t b = 0; b <= page_mask_; ++b)
                for (uint64_t slot : page.buckets[b].slots)
                    if (slot)
                        visit(MacAddr::from_u64(slot >> 16), static_cast<uint16_t>(slot));
    }

    // How much two copies have in common; for tests and memory reports.
    size_t page_count() const { return pages_.size(); }
    size_t pages_shared_with(const MacTable& other) const;

private:
    static constexpr uint32_t buckets_per_page = 64;
    struct Page {
        MacBucket* buckets = nullptr; // the workers' way in: data() of storage
        uint32_t used = 0;            // slots that are not empty
        std::shared_ptr<std::vector<MacBucket>> storage;
    };

    uint64_t hash(uint64_t mac) const { return mix(mac, seed_); }
    // The low 6 bits of the hash are the bucket in its page, those above are the page.
    const Page& page(uint64_t h) const { return pages_[(h & bucket_mask_) / buckets_per_page]; }
    const MacBucket* bucket_of(uint64_t h) const {
        return &page(h).buckets[static_cast<uint32_t>(h) & page_mask_];
    }
    // Its own bucket is full, and does not have it: those behind may.
    uint16_t find_spilled(uint64_t mac) const;

    Page empty_page() const;
    Page& own_page(uint64_t h);
    uint64_t* find_slot(Page& page, uint64_t h, uint64_t mac);
    bool too_full(const Page& page) const;
    void grow();

    uint32_t bucket_mask_ = 0; // of all buckets of all pages: a power of two - 1
    uint32_t page_mask_ = 0;   // of the buckets of one page
    uint64_t seed_ = 0;
    size_t size_ = 0;
    std::vector<Page> pages_; // made by what stands above it
};

} // namespace ringfence
