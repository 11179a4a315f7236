// Edge routers to the rows Router and Router_Interface.
#pragma once

#include <vector>

#include "controller/compiler/edges.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

southbound::Router compile_router(const Edge& edge);

// One row a link. An inside one asks its network's inbound policy (policies.h) of whatever passes
// it; a fence's has no address, because it stands in for all that is outside.
southbound::RouterInterface compile_interface(const Edge& edge, const Link& link);

} // namespace ringfence::compiler
