// The edge routers that this host knows, as text, for `ringfence/routers`. Pure.
#pragma once

#include <string>

#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

// Each router with its interfaces, routes and the addresses that it holds, by the names that people
// know.
std::string show_routers(const Fabric& fabric);

} // namespace ringfence::agent
