// What became of the packets that came from one port: one counter a verdict. One worker writes, any
// thread reads; a reader sees each counter whole, and sums the workers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/packet/verdicts.h"

namespace ringfence {

class Counters {
public:
    void add(Verdict verdict, uint64_t packets = 1) { // the worker
        auto& counter = counters_[static_cast<size_t>(verdict)];
        counter.store(counter.load(std::memory_order_relaxed) + packets, std::memory_order_relaxed);
    }
    uint64_t get(Verdict verdict) const { // any thread
        return counters_[static_cast<size_t>(verdict)].load(std::memory_order_relaxed);
    }
    void clear() {
        for (auto& counter : counters_)
            counter.store(0, std::memory_order_relaxed);
    }

private:
    std::array<std::atomic<uint64_t>, verdict_count> counters_{};
};

// A copy of counters, summed over workers or ports; plain numbers, for unixctl and tests.
class CounterSums {
public:
    CounterSums& operator+=(const Counters& counters);
    CounterSums& operator+=(const CounterSums& other);
    uint64_t operator[](Verdict verdict) const { return sums_[static_cast<size_t>(verdict)]; }
    uint64_t in() const;    // rx + generated + replicated + segmented
    uint64_t out() const;   // tx + drops + consumed + merged; equals in() when nothing is under way
    uint64_t drops() const; // every verdict that is_drop()

private:
    std::array<uint64_t, verdict_count> sums_{};
};

} // namespace ringfence
