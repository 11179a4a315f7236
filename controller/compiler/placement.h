// Where a logical port is: the one host that may send and receive for it.
#pragma once

#include <optional>
#include <string>

#include "controller/compiler/unit.h"

namespace ringfence::compiler {

struct Placement {
    std::optional<std::string> host;
    std::optional<std::string> candidate; // that it is moving to
    std::optional<Note> note;             // a claim that doesn't count, and why
};

// A NIC of a foreign host is where intent says. Any other is where it is claimed: by a host in
// service, of the vDC, that is ready for it. Who has the port keeps it as long as its claim is one
// of those, and until a candidate is active. The second such claim is the candidate; one by which a
// host has had the port already is not, so that what is left behind by a move takes nothing back.
// Every other claim changes nothing, and is told.
Placement place(const Unit& unit, const northbound::Nic& nic,
                const northbound::VirtualDataCenter& vdc);

} // namespace ringfence::compiler
