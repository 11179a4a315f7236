// Where a logical port is: the one host that may send and receive for it.
#pragma once

#include <optional>
#include <string>

#include "controller/compiler/unit.h"

namespace ringfence::compiler {

struct Placement {
    std::optional<std::string> host;
    std::optional<Note> note; // a claim that doesn't count, and why
};

// A NIC of a foreign host is where intent says. Any other is where it is claimed: by a host in
// service, of the vDC, that is ready for it. Who has the port keeps it as long as its
// claim is one of those; a second claim changes nothing, and is told.
Placement place(const Unit& unit, const northbound::Nic& nic,
                const northbound::VirtualDataCenter& vdc);

} // namespace ringfence::compiler
