// Edge routers and static routes to the rows of Route. A router has one route a prefix: what is
// connected, what it has by itself and what is given by hand never meet, or the checks refuse it.
#pragma once

#include <optional>
#include <vector>

#include "controller/compiler/edges.h"
#include "controller/compiler/notes.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// The edge's own: the subnets of its links, and the default route by the gateway of each outside
// subnet in which it has an address. A fence routes by side, so it has the subnets outside only.
std::vector<southbound::Route> compile_routes(const Edge& edge);

// The route is sound. Refused where the network of its next hop doesn't work.
Result<southbound::Route> compile_static_route(const Edge& edge,
                                               const northbound::StaticRoute& route,
                                               const std::string& intent);

// The routes of the organization's edge to a vApp network that isn't translated, by the outside
// addresses of that network's own edge. None for a subnet of a family that the parent has not.
std::vector<southbound::Route> compile_routes_to(const Edge& vapp_edge, const Edge& organization);
// Of the same network a subnet that none of them leads to.
std::optional<Note> unreached_note(const Edge& vapp_edge);

} // namespace ringfence::compiler
