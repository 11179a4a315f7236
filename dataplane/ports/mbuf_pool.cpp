#include "dataplane/ports/mbuf_pool.h"

#include <atomic>

#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dataplane/ports/dpdk_log.h"
#include "dataplane/ports/frame_size.h"

namespace ringfence::ports {

namespace {
constexpr unsigned cache_size = 256;
constexpr unsigned handover_ring = 2048; // a pair of workers (loop/handover_ring.h)
constexpr unsigned margin = 2048;        // copies under way, traces, a queue of generated frames
} // namespace

unsigned buffers_needed(unsigned workers, unsigned ports, unsigned descriptors) {
    return workers * (2 * cache_size + workers * handover_ring) + ports * 2 * descriptors + margin;
}

Result<MbufPool> MbufPool::create(const MbufPoolSettings& settings) {
    if (settings.max_mtu < 1500 || settings.max_mtu > 9500)
        return fail("the largest MTU of ports is {}, and must be 1500 to 9500", settings.max_mtu);
    static std::atomic<unsigned> serial{0};
    std::string name = fmt::format("frames-{}", serial++);
    auto room = static_cast<uint16_t>(RTE_PKTMBUF_HEADROOM +
                                      std::max(largest_frame(settings.max_mtu), 2048u));
    DpdkComplaints complaints;
    rte_mempool* pool =
        rte_pktmbuf_pool_create(name.c_str(), settings.count, cache_size, 0, room, SOCKET_ID_ANY);
    if (!pool)
        return fail(
            ErrorKind::unavailable,
            "no memory for {} buffers of {} bytes ({}): raise other_config:dpdk-socket-mem, "
            "or lower the number of buffers",
            settings.count, room, rte_strerror(rte_errno));
    return MbufPool(pool, settings.max_mtu);
}

unsigned MbufPool::count() const { return pool_->size; }
unsigned MbufPool::available() const { return rte_mempool_avail_count(pool_.get()); }
void MbufPool::Free::operator()(rte_mempool* pool) const { rte_mempool_free(pool); }

} // namespace ringfence::ports
