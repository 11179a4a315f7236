// A counter with one writer, the owner worker, that any thread may read.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringfence::ports {

class Counter {
public:
    void add(uint64_t n) {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<uint64_t> value_{0};
};

} // namespace ringfence::ports
