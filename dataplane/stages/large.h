// Large packets (core/packet/large.h) on their way. What stages measure of them is one segment.
#pragma once

#include "core/packet/large.h"
#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// A port says that the frame is large: is it what it claims to be? Then its headers' lengths are
// noted. Looks at the bytes alone, so that it may come before all other stages. At an uplink VXLAN
// is not: it would be one frame inside, with a mark that is not its own.
Verdict check_large(const Fabric&, Worker&, Packet&);

// encapsulate, of packets some of which may be large: such a one has outer headers whose lengths
// and checksums each segment gets right for itself.
Verdict encapsulate_large(const Fabric&, Worker&, Packet&);

// True where IP of that size, one segment of it if it is large, is too long. For packets of which
// the whole is: cold.
[[gnu::cold, gnu::noinline]] bool exceeds(const Packet& packet, uint32_t ip_length);

// The same of a frame, Ethernet's header and tags included.
[[gnu::cold, gnu::noinline]] bool frame_exceeds(const Packet& packet, uint32_t length);

} // namespace ringfence
