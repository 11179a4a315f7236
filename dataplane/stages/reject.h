// Who is rejected is told so: a reset for TCP, else ICMP "administratively prohibited" (RFC 1812,
// 5.2.7.1; RFC 4443, 3.1).
#pragma once

#include "core/packet/packet.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/stages/decide.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// The packet is as it came; within the limits of what routers may say because of its port.
void reject(const Fabric& fabric, Worker& worker, const Packet& packet, const Ruling& ruling);

} // namespace ringfence
