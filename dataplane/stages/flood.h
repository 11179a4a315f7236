// flood: head-end replication. A frame for everybody becomes one frame a receiver: every local port
// of the segment but the one that it came from, and, unless it came by tunnel, every VTEP.
#pragma once

#include "core/packet/packet.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// A copy of the packet, at the end of `copies` (not full); nullptr, and a counted loss, where there
// is no buffer for one.
Packet* copy(Worker& worker, const Packet& packet, Burst& copies);

// Receivers one by one: visit(PortId) or visit(NextHopId).
template <class Visit>
void for_each_receiver(const Fabric& fabric, const Packet& packet, Visit visit) {
    for (PortId id : packet.segment->flood_ports()) {
        const LocalPort* port = fabric.port(id);
        if (port && port != packet.port && !port->dead_vlan)
            visit(id);
    }
    if (!packet.from_tunnel)
        for (NextHopId hop : packet.segment->flood_vteps())
            visit(hop);
}

// Adds a copy for each receiver but the last to `copies`, which it finds not full; flush() empties
// it. The last receiver gets the packet itself.
template <class Flush>
Verdict flood(const Fabric& fabric, Worker& worker, Packet& packet, Burst& copies, Flush flush) {
    bool any = false;
    auto pass_on = [&](auto receiver) {
        if (any) {
            // The packet is for the receiver before this one; it is copied for that, and turned.
            if (Packet* twin = copy(worker, packet, copies))
                twin->send_to(packet.out);
            if (copies.full())
                flush();
        }
        packet.send_to(receiver);
        any = true;
    };
    for_each_receiver(fabric, packet, pass_on);
    return any ? Verdict::next : Verdict::bridge_no_receiver;
}

} // namespace ringfence
