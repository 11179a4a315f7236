#include "dataplane/stages/flood.h"

#include "core/packet/large.h"

namespace ringfence {

Packet* copy(Worker& worker, const Packet& packet, Burst& copies) {
    worker.count(packet.port->id, Verdict::replicated);
    rte_mbuf* mbuf = rte_pktmbuf_copy(packet.mbuf, worker.copies(), 0, UINT32_MAX);
    if (!mbuf) {
        worker.count(packet.port->id, Verdict::bridge_no_buffer);
        return nullptr;
    }
    Packet& twin = copies.add(mbuf);
    twin.become_copy_of(packet);
    if (is_large(*mbuf))
        twin.mark(Mark::large);
    return &twin;
}

} // namespace ringfence
