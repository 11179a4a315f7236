// Mirror rows -> which ports' frames are copied, and to which port. Pure.
//
// What a mirror selects is copied once as it comes in, and once as it goes out by a port of which
// that is asked, unless it has come in by such a one. Its output port carries nothing else.
#pragma once

#include "dataplane/agent/local/wanted.h"

namespace ringfence::agent {

// Adds the bridge's mirrors to `wanted`, whose ports are all there. One that can't be obeyed copies
// nothing, and is named in wanted.fabric.errors.
void read_mirrors(const vswitch::Tables& tables, const vswitch::Bridge& bridge, Wanted& wanted);

} // namespace ringfence::agent
