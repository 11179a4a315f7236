// The units of edge routers: what is made of each, of its static routes, and of the NICs that it
// translates for.
#pragma once

#include "controller/compiler/unit.h"

namespace ringfence::compiler {

// Each leaves the other's rows alone. Organizations' edges come first: those of vApp networks that
// aren't translated wait for them.
void compile_organization_edge(Unit& unit, const northbound::EdgeRouter& row);
void compile_vapp_edge(Unit& unit, const northbound::EdgeRouter& row);
void compile_static_route(Unit& unit, const northbound::StaticRoute& row);

// The NIC's Nat rows, if its network's edge router works and translates.
void compile_translations(Unit& unit, const northbound::Nic& nic,
                          const southbound::LogicalPort& port);

} // namespace ringfence::compiler
