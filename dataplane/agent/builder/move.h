// For some time after a NIC moved away from a VTEP, its frames may still come from there: those
// with its own MAC, and those with the outside addresses that routers hold for it.
#pragma once

#include <compare>
#include <variant>

#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence::agent {

struct Move {
    SegmentId segment;
    std::variant<MacAddr, IpAddr> what; // of the NIC; the outside address
    NextHopId from;
    auto operator<=>(const Move&) const = default;
};

} // namespace ringfence::agent
