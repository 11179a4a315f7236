// For some time after a NIC moved away from a VTEP, its frames may still come from there: those
// with its own MAC, and those with the outside addresses that routers hold for it.
#pragma once

#include <compare>
#include <string>
#include <variant>

#include "core/types/addresses.h"
#include "core/types/ids.h"
#include "ovsdb/uuid.h"

namespace ringfence::agent {

struct Move {
    SegmentId segment;
    std::variant<MacAddr, IpAddr> what; // of the NIC; the outside address
    NextHopId from;
    auto operator<=>(const Move&) const = default;
};

// A virtual address that is another port's now.
struct Takeover {
    ovsdb::Uuid segment; // row
    IpAddr address;
    std::string from, to; // Logical_Port.name; "": nobody
};

} // namespace ringfence::agent
