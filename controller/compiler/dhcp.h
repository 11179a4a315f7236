// NICs on networks with DHCP to the rows of Dhcp: what a port's host answers to it. One row a NIC
// and family that its network has a subnet of, whatever else there is.
#pragma once

#include "controller/compiler/unit.h"

namespace ringfence::compiler {

// The NIC's rows; a note where its network has nothing that answers could come from. The NIC is
// sound; `port` is its row.
void compile_dhcp(Unit& unit, const northbound::Nic& nic, const southbound::LogicalPort& port);

} // namespace ringfence::compiler
