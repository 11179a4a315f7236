#include "dataplane/stages/datagram.h"

#include "dataplane/stages/check_sender.h"
#include "dataplane/stages/receiver.h"
#include "dataplane/stages/stages.h"
#include "dataplane/stages/tuple.h"

namespace ringfence {

namespace {

// What arrives counts against who it is for, where that is one address's owner, so that no tenant
// uses up what is another's; else against the port that it came by.
FragmentAccount account_of(const Fabric& fabric, const Packet& packet) {
    const LocalPort* to = is_sent(packet) ? nullptr : receiver_of(fabric, packet);
    const LocalPort& charged = to ? *to : *packet.port;
    return {charged.id, !is_sent(packet), owner_of(&charged)};
}

// Nobody has a datagram kept that he may not have sent.
Verdict check_beginning(const Fabric& fabric, Worker& worker, const Packet& packet,
                        const FragmentKey& key) {
    if (!packet.from_tunnel || worker.fragments().knows(key))
        return Verdict::next;
    return find_sender(fabric, packet, packet.passage->walk);
}

} // namespace

Verdict join_datagram(const Fabric& fabric, Worker& worker, Packet& packet) {
    PortPair ports = ports_of(packet);
    Place place = is_sent(packet) ? Place::sent_by(packet.port->id)
                                  : Place::arriving_in(packet.segment->id());
    Fragment fragment =
        fragment_of(packet, place, {packet.protocol, ports.source, ports.destination});
    if (Verdict verdict = check_beginning(fabric, worker, packet, fragment.key);
        verdict != Verdict::next)
        return verdict;
    auto fate = worker.fragments().take(fragment, arrival_of(packet), account_of(fabric, packet),
                                        worker.now());
    packet.passage->datagram = fate.ticket;
    packet.mark(Mark::fragments);
    switch (fate.kind) {
    case Fragments::Fate::Kind::pass:
        packet.protocol = fate.upper.protocol;
        packet.source_port = fate.upper.source_port;
        packet.destination_port = fate.upper.destination_port;
        return Verdict::next;
    case Fragments::Fate::Kind::held:
        return Verdict::held;
    case Fragments::Fate::Kind::refused:
        break;
    }
    return fate.why;
}

Verdict vouch(const Fabric&, Worker& worker, Packet& packet) {
    worker.fragments().vouch(packet.passage->datagram);
    return Verdict::next;
}

Arrival arrival_of(const Packet& packet) {
    Arrival arrival{packet.mbuf, packet.segment->id(), Arrival::From::sender};
    if (packet.from_tunnel) {
        arrival.from = Arrival::From::vtep;
        arrival.peer = packet.peer;
        arrival.outer_ecn = packet.outer_ecn;
    } else if (packet.handed_over) {
        arrival.from = Arrival::From::port;
    }
    return arrival;
}

} // namespace ringfence
