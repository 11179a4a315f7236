// Between two bursts: connections that have been silent for too long end, and those whose decision
// no longer stands are decided again, so that a silent one is judged too (DESIGN §5, rule 1).
// Fragments that wait for others end in time.
#pragma once

#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// One small step: call it once a round, after set_now(), and every connection is visited once a
// second. True while the steps so far were not enough for that.
bool sweep(const Fabric& fabric, Worker& worker);

} // namespace ringfence
