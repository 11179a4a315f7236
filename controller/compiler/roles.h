// What a host may write: its own rows of the tables that are hosts', and nothing else. The server
// enforces it on listeners that name the role (RBAC of ovsdb-server).
#pragma once

#include "controller/compiler/products.h"

namespace ringfence::compiler {

inline constexpr char host_role[] = "ringfence-host";

// The RBAC_Role and RBAC_Permission rows, which depend on nothing.
Product compile_roles();

} // namespace ringfence::compiler
