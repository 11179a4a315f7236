// Who is told when a TCP connection is cut (DESIGN §5, rule 1): both its ends, and later whoever
// still sends, so that neither waits for the other.
#pragma once

#include "core/packet/packet.h"
#include "dataplane/connection/connections.h"
#include "dataplane/stages/receiver.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// Before the entry is cut: its ways, which say where the ends are, go with that.
template <class Address> void reset_both_ends(Worker& worker, EntryId entry);

// The packet's connection is cut, or refused: who has sent it is told, as by its receiver. The
// packet is as it came, in that segment.
void reset_sender(Worker& worker, const Packet& packet, SegmentId segment, const Charged& charged);

} // namespace ringfence
