// The guard against a kept decision that is wider than the packet that made it, or older than what
// it stands on (the shape of CVE-2023-1668): of the packets whose connection is known, a sample is
// walked and judged once more, as if it were not, and must come to what the entry says. In debug
// builds and under sanitizers; elsewhere it is not there at all.
#pragma once

#include "core/packet/packet.h"
#include "dataplane/connection/connections.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// The half is live, and the packet, which is still as it came, fits its way. Ends the process, and
// says why on standard error, where they differ.
template <class Address>
void recheck(const Fabric& fabric, Worker& worker, typename ConnectionTable<Address>::Hit hit,
             const Packet& packet);

// The same of one of so many as the worker wants.
template <class Address>
void recheck_some([[maybe_unused]] const Fabric& fabric, [[maybe_unused]] Worker& worker,
                  [[maybe_unused]] typename ConnectionTable<Address>::Hit hit,
                  [[maybe_unused]] const Packet& packet) {
#ifdef RINGFENCE_RECHECK
    if (worker.rechecks())
        recheck<Address>(fabric, worker, hit, packet);
#endif
}

} // namespace ringfence
