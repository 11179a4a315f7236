// Whom a packet from elsewhere is for, before it is decided; and so at whose expense it is.
#pragma once

#include "core/packet/packet.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/stages/tuple.h"
#include "dataplane/worker/worker.h"

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

// A NIC's own packets are at its expense, also where they go on at another port of this host; what
// comes by tunnel at that of the port that it is for, by a count of its own, so that a flood from
// elsewhere takes nothing from anybody else, nor from what the port itself sends. What is for
// nobody here is the uplink's affair.
struct Charged {
    const LocalPort& port;
    bool is_receiver;
};
inline Charged charged_for(const Packet& packet, const LocalPort* receiver) {
    bool is_receiver = packet.from_tunnel && receiver;
    return {is_receiver ? *receiver : *packet.port, is_receiver};
}
// The same of a packet that is not decided yet.
inline Charged charged_for(const Fabric& fabric, const Packet& packet) {
    return charged_for(packet, packet.from_tunnel ? receiver_of(fabric, packet) : nullptr);
}

// True where one more packet may be answered with an error, or a reset.
inline bool may_answer(Worker& worker, const Charged& charged) {
    return worker.may_answer(charged.port.id,
                             charged.is_receiver ? Metered::errors_to : Metered::errors,
                             charged.port.limits.errors);
}

} // namespace ringfence
