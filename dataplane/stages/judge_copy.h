// What is flooded (broadcast, multicast, unknown unicast) is of no connection: the firewall of the
// NIC that sends it, and that of each receiver for its copy, are asked anew about every frame, and
// nothing is kept. They speak of IP, and of nothing with a tag, which therefore does not pass; ARP
// and neighbour discovery are port security's.
#pragma once

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// The NIC's that has sent the packet.
Verdict judge_flood(const Fabric& fabric, Worker& worker, const Packet& packet);
// The receiver's.
Verdict judge_copy(const Fabric& fabric, Worker& worker, const Packet& packet, const LocalPort& to);

} // namespace ringfence
