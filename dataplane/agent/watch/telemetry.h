// The numbers for DPDK's telemetry socket (dpdk-telemetry.py), where dpdk-extra has --telemetry:
// /ringfence/ports, /ringfence/port,NAME and /ringfence/drops[,PORT].
#pragma once

#include <functional>
#include <memory>

#include "core/types/result.h"
#include "dataplane/agent/watch/numbers.h"
#include "ovsdb/reactor.h"

namespace ringfence::agent {

// One at a time in a process, because DPDK's callbacks know no owner. DPDK asks from threads of its
// own; each answer is read on the control thread, for which they wait a second at most.
class Telemetry {
public:
    // After the EAL's start. numbers: called on the reactor's thread.
    Telemetry(ovsdb::Reactor& reactor, std::function<Numbers()> numbers);
    ~Telemetry();
    Telemetry(const Telemetry&) = delete;
};

} // namespace ringfence::agent
