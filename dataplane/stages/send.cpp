// send: into the outbox, padded where it is a runt, or on to the connections of another local port.
#include "dataplane/stages/stages.h"
#include "dataplane/worker/runt.h"

namespace ringfence {

namespace {

// In the segment that it has come to; or, for another worker's port, as it came from the VTEP.
Verdict hand_over(const Fabric& fabric, Worker& worker, const Packet& packet) {
    const LocalPort* to = fabric.port(packet.out.port());
    if (!to)
        return Verdict::tx_no_port;
    Arrival arrival{packet.mbuf, packet.segment->id()};
    if (packet.is_unseen) {
        arrival.from = Arrival::From::vtep;
        arrival.outer_ecn = packet.outer_ecn;
        arrival.peer = packet.peer;
    }
    worker.hand_over(to->worker, arrival);
    return Verdict::next;
}

} // namespace

Verdict send(const Fabric& fabric, Worker& worker, Packet& packet) {
    if (packet.out.kind == Out::Kind::hand_over) [[unlikely]]
        return hand_over(fabric, worker, packet);
    if (packet.length < min_frame)
        pad(packet.mbuf);
    worker.enqueue(packet.out.port(), packet.mbuf, packet.port->id);
    return Verdict::next;
}

Verdict refuse_unbound(const Fabric&, Worker&, Packet&) { return Verdict::admit_unbound; }

Verdict pass_to_uplink(const Fabric&, Worker&, Packet& packet) {
    if (!packet.port->peer)
        return Verdict::shadow_no_uplink;
    packet.send_to(*packet.port->peer);
    return Verdict::next;
}

} // namespace ringfence
