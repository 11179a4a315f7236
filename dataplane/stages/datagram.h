// Fragments on their way through routers (DESIGN §5, rule 8).
#pragma once

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// packet.is_fragment, with a passage: `next`, and a later fragment has the ports of its datagram's
// first one; `held` until that has come; or a drop.
Verdict join_datagram(const Fabric& fabric, Worker& worker, Packet& packet);

// For it to come once more as it came, after the burst.
Arrival arrival_of(const Packet& packet);

} // namespace ringfence
