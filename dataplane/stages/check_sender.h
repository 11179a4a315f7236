// The sender check of what meets connections (DESIGN §6), for those who ask before the stage does.
#pragma once

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/walk/walk.h"

namespace ringfence {

// The walk backwards, left in `walk`: `next`, or why the VTEP may not have sent the packet. What
// another local port handed over was checked there, and its way is asked for all the same: the
// firewalls on it are.
Verdict find_sender(const Fabric& fabric, const Packet& packet, Walk& walk);

} // namespace ringfence
