// Where a packet is to go.
#pragma once

#include <cstdint>

#include "core/types/ids.h"

namespace ringfence {

struct Out {
    // hand_over: to the connections of another local port, in the packet's segment.
    enum class Kind : uint8_t { undecided, port, vtep, flood, hand_over };
    Kind kind = Kind::undecided;
    uint16_t id = 0;

    PortId port() const { return PortId(id); }
    NextHopId next_hop() const { return NextHopId(id); }
};

} // namespace ringfence
