// A connection of a port that has lately moved here, of which this host knows nothing: the first
// packet that passes may be its initiator's, or an answer to it (DESIGN §5, a port that moves).
#pragma once

#include <optional>

#include "core/packet/verdicts.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// TCP from the middle of a connection, of such a port.
bool may_be_an_answer(const Fabric& fabric, const Packet& packet);

// Where the firewalls would have let the other end begin: the entry, as that end's, is the packet's
// from now on (Passage::opened); connect closes it where the packet does not get through. A drop
// where there is no room for it; none where they would not.
template <class Address>
std::optional<Verdict> begin_as_answer(const Fabric& fabric, Worker& worker, const Packet& packet);

} // namespace ringfence
