// What all firewalls on a walk's way, together, say to the packet that begins a connection.
#pragma once

#include "core/packet/verdicts.h"
#include "core/types/fixed_vector.h"
#include "dataplane/connection/connections.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/walk/walk.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// What firewalls said to the packet that begins a connection.
struct Ruling {
    Verdict verdict = Verdict::next;    // or why it is denied
    const Rule* rule = nullptr;         // that denies; none: it is allowed, or no rule speaks of it
    const Crossing* crossing = nullptr; // of the router whose firewall denies; none: a port's own
    // Rules that decided, and that this host counts and logs.
    FixedVector<const Rule*, 4 * Walk::max_routers + 2> counted;
};

// All firewalls on the way, in order, until one denies: those of routers, and the port's own.
// Whatever they say, the port's decisions stand on them from now on.
Ruling ask_firewalls(const Fabric& fabric, Connections& connections, const Walk& walk,
                     const Landing& landing);

// Rules are counted and logged once a connection, and once for what is denied a second long.
void record(Worker& worker, const Walk& walk, PortId port, const Ruling& ruling);

} // namespace ringfence
