// flood: head-end replication. A frame for everybody becomes one frame a receiver: every local port
// of the segment but the one that it came from, and, unless it came by tunnel, every VTEP. A local
// port with a firewall gets only what that lets it have; what it may not have is a copy that was
// made and dropped.
#pragma once

#include "core/packet/packet.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/stages/judge_copy.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// A copy of the packet, at the end of `copies` (not full); nullptr, and a counted loss, where there
// is no buffer for one.
Packet* copy(Worker& worker, const Packet& packet, Burst& copies);

// Receivers one by one: visit_port(const LocalPort&), visit_vtep(NextHopId).
template <class VisitPort, class VisitVtep>
void for_each_receiver(const Fabric& fabric, const Packet& packet, VisitPort visit_port,
                       VisitVtep visit_vtep) {
    for (PortId id : packet.segment->flood_ports()) {
        const LocalPort* port = fabric.port(id);
        if (port && port != packet.port && !port->dead_vlan)
            visit_port(*port);
    }
    if (!packet.from_tunnel)
        for (NextHopId hop : packet.segment->flood_vteps())
            visit_vtep(hop);
}

// Adds a copy for each receiver but the last to `copies`, which it finds not full; flush() empties
// it. The last receiver gets the packet itself.
template <class Flush>
Verdict flood(const Fabric& fabric, Worker& worker, Packet& packet, Burst& copies, Flush flush) {
    if (Verdict verdict = judge_flood(fabric, worker, packet); verdict != Verdict::next)
        return verdict;
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
    auto if_it_may = [&](const LocalPort& port) {
        Verdict verdict = judge_copy(fabric, worker, packet, port);
        if (verdict == Verdict::next)
            return pass_on(port.id);
        worker.count(packet.port->id, Verdict::replicated);
        worker.count(packet.port->id, verdict);
    };
    for_each_receiver(fabric, packet, if_it_may, pass_on);
    return any ? Verdict::next : Verdict::bridge_no_receiver;
}

} // namespace ringfence
