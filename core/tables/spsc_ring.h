// A bounded queue from one thread to one other, without locks. Full: push() says so, and the caller
// decides what that means.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace ringfence {

template <class T> class SpscRing {
public:
    // capacity is a power of two.
    explicit SpscRing(size_t capacity) : slots_(new T[capacity]), mask_(capacity - 1) {}

    bool push(const T& value) { // the one thread
        uint64_t tail = tail_.load(std::memory_order_relaxed);
        if (tail - head_.load(std::memory_order_acquire) > mask_)
            return false;
        slots_[tail & mask_] = value;
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

    std::optional<T> pop() { // the other
        uint64_t head = head_.load(std::memory_order_relaxed);
        if (head == tail_.load(std::memory_order_acquire))
            return std::nullopt;
        T value = slots_[head & mask_];
        head_.store(head + 1, std::memory_order_release);
        return value;
    }

    bool empty() const { // the other
        return head_.load(std::memory_order_relaxed) == tail_.load(std::memory_order_acquire);
    }

private:
    std::unique_ptr<T[]> slots_;
    size_t mask_;
    alignas(64) std::atomic<uint64_t> head_{0};
    alignas(64) std::atomic<uint64_t> tail_{0};
};

} // namespace ringfence
