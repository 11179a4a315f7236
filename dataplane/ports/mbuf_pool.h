// The pool that every frame of the process lives in. One pool: a frame received on any port can be
// sent on any other. Its buffers are as long as the largest frame of the largest MTU that a port
// may have.
#pragma once

#include <memory>

#include "core/types/result.h"

struct rte_mempool;

namespace ringfence::ports {

struct MbufPoolSettings {
    unsigned count = 16384;  // buffers; see buffers_needed()
    unsigned max_mtu = 2000; // largest MTU of any port, 1500 to 9500
};

// Buffers that are enough for this many workers and ports: what rings, bursts, caches and outboxes
// can hold at once, and a margin.
unsigned buffers_needed(unsigned workers, unsigned ports, unsigned descriptors);

class MbufPool {
public:
    [[nodiscard]] static Result<MbufPool> create(const MbufPoolSettings& settings);

    rte_mempool* get() const { return pool_.get(); }
    unsigned max_mtu() const { return max_mtu_; }
    unsigned count() const;
    unsigned available() const; // buffers not in use; equals count() when every frame has left

private:
    struct Free {
        void operator()(rte_mempool* pool) const;
    };
    MbufPool(rte_mempool* pool, unsigned max_mtu) : pool_(pool), max_mtu_(max_mtu) {}
    std::unique_ptr<rte_mempool, Free> pool_;
    unsigned max_mtu_;
};

} // namespace ringfence::ports
