// What the control side has a worker do between two of its rounds: look at what is the worker's
// own, change it, or send something. The worker takes no lock for it: errands come by a ring, and
// go back by one when they are done.
#pragma once

#include <functional>

#include "core/tables/spsc_ring.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence::loop {

struct Errand {
    std::function<void(Worker&, const Fabric&)> run; // the worker's thread; short
    std::function<void()> done;                      // the control thread, after it
};

// At most `most` are on their way, so neither ring is ever full.
struct Errands {
    static constexpr unsigned most = 64;
    SpscRing<Errand*> to_worker{most}, back{most};
};

} // namespace ringfence::loop
