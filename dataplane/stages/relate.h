// ICMP errors, before a burst's other packets move the connections on that they are about.
#pragma once

#include "core/packet/packet.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// Finds out whether the TCP segment that the error quotes is under way, where its connection is
// known by its answers: an acknowledgement behind the error, in the same burst, is no reason to
// disbelieve it.
void look_at_quote(Worker& worker, Packet& packet);

} // namespace ringfence
