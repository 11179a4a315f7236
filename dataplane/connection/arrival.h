// A frame that goes on in a segment without having come from a port just now: handed over by
// another port of this host, or by the worker that polls the uplink, made by a router here, or held
// for a while.
#pragma once

#include <cstdint>

#include "core/types/ids.h"

struct rte_mbuf;

namespace ringfence {

struct Arrival {
    enum class From : uint8_t {
        port,   // another port of this host, mbuf->port: checked there
        vtep,   // the VTEP `peer`: not checked yet
        router, // a router on this host
        sender, // mbuf->port itself, which it was held for: admitted
    };

    rte_mbuf* frame = nullptr; // its end is counted at mbuf->port
    SegmentId segment{0};
    From from = From::port;
    uint8_t outer_ecn = 0; // vtep
    NextHopId peer{0};     // vtep
};

} // namespace ringfence
