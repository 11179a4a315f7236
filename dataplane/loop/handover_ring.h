// Frames from one worker to one other, in order. As many as it has slots for, and no more buffers
// of large frames (core/packet/large.h), of which each takes many, behind their first ones: a
// worker that is behind holds so much of the pool, whoever sends what.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <rte_mbuf.h>

#include "core/tables/spsc_ring.h"
#include "dataplane/worker/worker.h"

namespace ringfence::loop {

// A frame on its way to the worker that owns its port: to be sent there as it is, or to go on in a
// segment, through the connections of a port there.
struct Handover {
    rte_mbuf* frame = nullptr;
    PortId to{0};
    std::optional<Arrival> arrival; // of the frame; none: to be sent
};

class HandoverRing {
public:
    // capacity is a power of two.
    explicit HandoverRing(size_t capacity) : ring_(capacity), most_(capacity) {}

    // The one thread; false: it is full, or is of buffers.
    bool push(const Handover& next) {
        const uint64_t more = next.frame->nb_segs - 1u;
        if (more > 0 && pushed_ + more - popped_.load(std::memory_order_acquire) > most_)
            return false;
        if (!ring_.push(next))
            return false;
        pushed_ += more;
        return true;
    }

    std::optional<Handover> pop() { // the other
        auto next = ring_.pop();
        if (next && next->frame->nb_segs > 1)
            popped_.store(popped_.load(std::memory_order_relaxed) + next->frame->nb_segs - 1u,
                          std::memory_order_release);
        return next;
    }

    bool empty() const { return ring_.empty(); } // the other

private:
    SpscRing<Handover> ring_;
    const uint64_t most_; // buffers behind the first ones
    uint64_t pushed_ = 0; // of these; the one thread's
    alignas(64) std::atomic<uint64_t> popped_{0};
};

} // namespace ringfence::loop
