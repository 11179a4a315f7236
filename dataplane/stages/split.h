// IPv4 without DF that is too large for a segment on its way (RFC 1812, 4.2.2.7; BEHAVIOUR N13).
#pragma once

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// Not what is a fragment already, for it belongs to a datagram that is known by its pieces; nor
// what has options, or lies in several buffers.
bool may_split(const Packet& packet);

// The packet becomes fragments of at most `mtu` bytes, which go on after the burst as it came:
// `held`. Or a drop, where there are no buffers for them.
Verdict split(Worker& worker, const Packet& packet, uint16_t mtu);

} // namespace ringfence
