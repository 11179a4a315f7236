// Which changes of the databases are news, and which are only the echo of what the controller
// wrote.
#pragma once

#include "ovsdb/northbound.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// Do these changes matter to compile()? Not if they are the controller's own columns.
bool concerns_intent(const northbound::Changes& changes);

enum class News {
    none,      // as the controller wanted it, or nobody's business
    heartbeat, // a host is alive: for people to see, no hurry
    progress,  // a host has applied a change, or is in trouble: somebody may wait to see it
    placement, // compile: where ports and VTEPs are has changed, or somebody wrote into our tables
};

// The weightiest news of the changes. `wanted` is the southbound database as last compiled.
News news_of(const southbound::Changes& changes, const southbound::Tables& wanted);

} // namespace ringfence::compiler
