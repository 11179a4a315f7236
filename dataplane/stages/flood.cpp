#include "dataplane/stages/flood.h"

namespace ringfence {

void copy(Worker& worker, const Packet& packet, Out receiver, Burst& copies) {
    worker.count(packet.port->id, Verdict::replicated);
    rte_mbuf* mbuf = rte_pktmbuf_copy(packet.mbuf, worker.copies(), 0, UINT32_MAX);
    if (!mbuf) {
        worker.count(packet.port->id, Verdict::bridge_no_buffer);
        return;
    }
    Packet& twin = copies.add(mbuf);
    uint8_t* data = twin.data;
    twin = packet;
    twin.mbuf = mbuf;
    twin.data = data;
    twin.linear = mbuf->data_len;
    twin.out = receiver;
}

} // namespace ringfence
