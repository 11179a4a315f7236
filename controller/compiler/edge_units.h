// The units of edge routers: what is made of each, of its static routes, and of the NICs that it
// translates for.
#pragma once

#include "controller/compiler/edges.h"
#include "controller/compiler/unit.h"

namespace ringfence::compiler {

// All but the interfaces (firewall_units.h). Each leaves the other's rows alone. Organizations'
// edges come first: those of vApp networks that aren't translated wait for them.
void compile_organization_edge(Unit& unit, const northbound::EdgeRouter& row);
void compile_vapp_edge(Unit& unit, const northbound::EdgeRouter& row);
void compile_static_route(Unit& unit, const northbound::StaticRoute& row);

// Another unit's router with its networks, but for those that have no segment. None where it is
// refused, or has nothing to work for.
std::optional<Edge> working_edge(const Unit& unit, const northbound::EdgeRouter& row);

// The NIC's Nat rows, if its network's edge router works and translates.
void compile_translations(Unit& unit, const northbound::Nic& nic,
                          const southbound::LogicalPort& port);

} // namespace ringfence::compiler
