// Whom a publication makes wrong: VMs of this host whose neighbour caches name another MAC than the
// one that an address is at from now on. They are told, by gratuitous ARP and unsolicited
// advertisements, so that a deployed fence, a switched mode or a moved address works at once and
// not when the caches have aged. For fabric_agent.cpp.
#pragma once

#include <vector>

#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/announcement.h"

namespace ringfence::agent {

// To every NIC of a segment: the addresses of routers that are new there, and what they hold or
// proxy. To a NIC that is new in its segment: its routers, and what it knew where it was before.
// Segments that both Fabrics share cost nothing.
std::vector<Announcement> announcements(const Fabric& before, const Fabric& after);

} // namespace ringfence::agent
