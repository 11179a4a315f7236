// Networks behind an edge router to the Firewall rows of their inbound default.
#pragma once

#include <vector>

#include "controller/compiler/edges.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// Two rows of the inside link's network: what begins elsewhere is dropped unless the tenant allows
// it, what begins inside may leave. Both are stateful: replies pass.
std::vector<southbound::Firewall> compile_policy(const Link& inside);

} // namespace ringfence::compiler
