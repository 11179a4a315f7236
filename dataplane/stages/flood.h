// flood: head-end replication. A frame for everybody becomes one frame a receiver: every local port
// of the segment but the one that it came from, and, unless it came by tunnel, every VTEP.
#pragma once

#include <optional>

#include "core/packet/packet.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// A copy of the packet for the receiver, at the end of `copies` (not full); or the counted loss of
// one for want of a buffer.
void copy(Worker& worker, const Packet& packet, Out receiver, Burst& copies);

// The receivers, one by one: visit(Out).
template <class Visit>
void for_each_receiver(const Fabric& fabric, const Packet& packet, Visit visit) {
    for (PortId id : packet.segment->flood_ports()) {
        const LocalPort* port = fabric.port(id);
        if (port && port != packet.port && !port->dead_vlan)
            visit(Out::to(id));
    }
    if (!packet.from_tunnel)
        for (NextHopId hop : packet.segment->flood_vteps())
            visit(Out::to(hop));
}

// Adds a copy for each receiver but the last to `copies`, which it finds not full; deliver()
// empties it. The last receiver gets the packet itself.
template <class Deliver>
Verdict flood(const Fabric& fabric, Worker& worker, Packet& packet, Burst& copies,
              Deliver deliver) {
    std::optional<Out> last;
    for_each_receiver(fabric, packet, [&](Out receiver) {
        if (last)
            copy(worker, packet, *last, copies);
        if (copies.full())
            deliver();
        last = receiver;
    });
    if (!last)
        return Verdict::bridge_no_receiver;
    packet.out = *last;
    return Verdict::next;
}

} // namespace ringfence
