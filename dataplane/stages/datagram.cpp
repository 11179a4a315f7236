#include "dataplane/stages/datagram.h"

#include "dataplane/stages/tuple.h"

namespace ringfence {

namespace {

// What arrives counts against who it is for, where that is one address's owner, so that no tenant
// uses up what is another's; else against the port that it came by.
FragmentAccount account_of(const Packet& packet) {
    if (is_sent(packet))
        return {packet.port->id, false};
    Destination place = packet.segment->find(packet.destination, packet.destination_place);
    if (const Held* held = packet.segment->held(header_of(packet).destination))
        place = held->owner;
    bool is_here = place.kind() == Destination::Kind::local;
    return {is_here ? place.port() : packet.port->id, true};
}

} // namespace

Verdict join_datagram(Worker& worker, Packet& packet) {
    PortPair ports = ports_of(packet);
    Place place = is_sent(packet) ? Place::sent_by(packet.port->id)
                                  : Place::arriving_in(packet.segment->id());
    Fragment fragment =
        fragment_of(packet, place, {packet.protocol, ports.source, ports.destination});
    auto fate =
        worker.fragments().take(fragment, arrival_of(packet), account_of(packet), worker.now());
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
