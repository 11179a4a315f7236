// All kinds of units, in their order.
#pragma once

#include "controller/compiler/unit.h"

namespace ringfence::compiler {

// The sources and tables outlive the engine.
void add_units(Engine& engine, Sources& sources, const northbound::Tables& intent,
               const southbound::Tables& fabric);

} // namespace ringfence::compiler
