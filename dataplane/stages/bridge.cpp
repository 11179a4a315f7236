// bridge: where the frame goes in its segment; of what meets connections, whose connection that is.
// What came by tunnel never goes back into one: its sender has sent a copy to every VTEP (split
// horizon).
#include "core/packet/large.h"
#include "dataplane/stages/decide.h"
#include "dataplane/stages/reserved.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

namespace {

Verdict to_port(const Fabric& fabric, Packet& packet, PortId to) {
    if (packet.port->id == to && !packet.from_tunnel && !packet.handed_over)
        return Verdict::bridge_same_port;
    const LocalPort* port = fabric.port(to);
    if (port && port->dead_vlan)
        return Verdict::bridge_dead_vlan;
    packet.send_to(to);
    // It has a firewall of its own; what has been handed to it meets none, and is not IP.
    if (port && !port->policies.empty() && !packet.handed_over) [[unlikely]]
        packet.hand_over_to(to);
    return Verdict::next;
}

Verdict to_everybody(Worker& worker, Packet& packet) {
    if (!packet.from_tunnel && !worker.may(packet.port->id, Metered::broadcast,
                                           packet.port->limits.broadcast, frames_of(*packet.mbuf)))
        return Verdict::limit_broadcast;
    packet.send_to_everybody();
    return Verdict::next;
}

// Not routed, and its MAC nobody's.
bool is_unknown(const Packet& packet) {
    Destination place = packet.segment->find(packet.destination, packet.destination_place);
    return packet.passage->walk.is_untouched() && place.kind() == Destination::Kind::unknown;
}

} // namespace

Verdict bridge(const Fabric& fabric, Worker& worker, Packet& packet) {
    if (packet.passage) [[unlikely]] {
        if (!is_unknown(packet))
            return land(fabric, packet.passage->walk, packet.passage->landing);
        packet.passage = nullptr; // a flood is of no connection
    }
    const Segment& segment = *packet.segment;
    if (is_group(packet.destination))
        return to_everybody(worker, packet);
    Destination place = segment.find(packet.destination, packet.destination_place);
    switch (place.kind()) {
    case Destination::Kind::local:
        return to_port(fabric, packet, place.port());
    case Destination::Kind::vtep:
        if (packet.from_tunnel)
            return Verdict::bridge_not_here;
        packet.send_to(place.next_hop());
        return Verdict::next;
    case Destination::Kind::nowhere:
        return Verdict::bridge_not_bound;
    case Destination::Kind::router: // which has taken what it routes before
        return Verdict::route_not_ip;
    case Destination::Kind::unknown:
        break;
    }
    return segment.settings().flood_unknown ? to_everybody(worker, packet)
                                            : Verdict::bridge_unknown_unicast;
}

} // namespace ringfence
