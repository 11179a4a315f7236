// The slow path without a packet: what a walk comes to, who is asked, and the decision that is
// kept. The stages take its steps one by one; decide_again() takes them all for a connection whose
// decision no longer stands.
#pragma once

#include "core/packet/verdicts.h"
#include "dataplane/connection/connections.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/stages/ruling.h"
#include "dataplane/walk/walk.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// Of a walk that route() has ended; a drop where it ends nowhere. A NIC that no host has for the
// moment is `bridge_not_bound`, and the landing says by what name it will be found again.
Verdict land(const Fabric& fabric, const Walk& walk, Landing& landing);

// Where a walk that has just begun leads, for a connection of the port. That the other end is
// nowhere for the moment is no denial: the way is found when it has a place again.
Verdict find_way(const Fabric& fabric, Walk& walk, PortId port, Landing& landing);

// The port's decisions stand on what the walk has passed.
void note(Connections& connections, const Walk& walk, PortId port);

// Of the port's TCP connections, those that were there before it moved here go on.
inline bool picks_up(const Fabric& fabric, PortId id) {
    const LocalPort* port = fabric.port(id);
    return port && port->picks_up;
}

// Why a connection is not opened.
Verdict verdict_of(Refusal refusal);

// The header's tuple; its addresses are of that family.
template <class Address> Tuple<Address> tuple_of(const Header& header);
// What the landing's port sends in this connection: the entry's lasting key.
template <class Address> Tuple<Address> outbound_tuple(const Walk& walk);

// The walk's direction, as it is kept: met at `arrival`, from that sender.
template <class Address>
Decision<Address> decision_of(const Walk& walk, const Landing& landing,
                              const ConnectionKey<Address>& arrival, const Sender& sender);
// Puts it into the entry; of a hairpin the other direction too. False where there is no room.
template <class Address>
bool write(ConnectionTable<Address>& table, EntryId entry, Side side, const Landing& landing,
           const Decision<Address>& decision);

// Decides an entry anew, by its initiator's packet: it is written, or cut. False, and it is closed
// without a word to its ends, where its port has moved to another host: there it goes on.
template <class Address> bool decide_again(const Fabric& fabric, Worker& worker, EntryId entry);

} // namespace ringfence
