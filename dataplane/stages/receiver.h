// Whom a packet from elsewhere is for, before it is decided.
#pragma once

#include "core/packet/packet.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/stages/tuple.h"

namespace ringfence {

// The port of this host that has its destination MAC, or for which a router holds its destination;
// nullptr: nobody here. IP alone.
inline const LocalPort* receiver_of(const Fabric& fabric, const Packet& packet) {
    Destination place = packet.segment->find(packet.destination, packet.destination_place);
    if (place.kind() == Destination::Kind::router) {
        const Held* held = packet.segment->held(header_of(packet).destination);
        place = held ? held->owner : Destination();
    }
    return place.kind() == Destination::Kind::local ? fabric.port(place.port()) : nullptr;
}

} // namespace ringfence
