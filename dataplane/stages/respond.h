// What a router of this host says about a packet that ends at it (DESIGN §5, rule 7): to a VM of
// this host at once, to anybody else by a packet that starts in the segment that this one came in.
#pragma once

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// The packet goes no further, for this reason: the sender is told where there is a router to do it,
// and it may. What becomes of the packet: `why`, or `limit_icmp`.
Verdict refuse(const Fabric& fabric, Worker& worker, const Packet& packet, Verdict why);

// The destination is the router's own address: an echo request is turned into its reply; all else
// is refused.
Verdict answer_for_router(const Fabric& fabric, Worker& worker, Packet& packet);

} // namespace ringfence
