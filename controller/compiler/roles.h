// What a host may write: its own rows of the tables that are hosts', and nothing else. The server
// enforces it on listeners that name the role (RBAC of ovsdb-server).
#pragma once

#include "ovsdb/southbound.h"

namespace ringfence::compiler {

inline constexpr char host_role[] = "ringfence-host";

// Adds the RBAC_Role and RBAC_Permission rows, which depend on nothing.
void compile_roles(southbound::Tables& wanted);

} // namespace ringfence::compiler
