// How often each firewall rule has decided, as one worker counts it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "core/types/ids.h"

namespace ringfence {

class Hits {
public:
    static constexpr uint32_t max_rules = 1 << 20;

    Hits() = default;
    ~Hits() {
        for (auto& page : pages_)
            delete page.load();
    }
    Hits(const Hits&) = delete;

    // --- a control thread
    // Makes room for a rule; one from max_rules on is not counted. Its count is what it was, of
    // whichever rule had the number before.
    void open(RuleId rule) {
        if (rule.value() >= max_rules)
            return;
        auto& page = pages_[rule.value() / page_size];
        if (!page.load(std::memory_order_relaxed))
            page.store(new Page, std::memory_order_release);
    }
    // --- any thread
    uint64_t of(RuleId rule) const {
        const Page* page = page_of(rule);
        return page ? (*page)[rule.value() % page_size].load(std::memory_order_relaxed) : 0;
    }
    // --- the worker
    void count(RuleId rule) {
        if (Page* page = page_of(rule)) {
            auto& count = (*page)[rule.value() % page_size];
            count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        }
    }

private:
    static constexpr uint32_t page_size = 1024;
    using Page = std::array<std::atomic<uint64_t>, page_size>;

    // None of a rule that nobody has made room for.
    Page* page_of(RuleId rule) const {
        return rule.value() < max_rules
                   ? pages_[rule.value() / page_size].load(std::memory_order_acquire)
                   : nullptr;
    }

    std::array<std::atomic<Page*>, max_rules / page_size> pages_{};
};

} // namespace ringfence
