// What the firewalls of the crossed routers say to a connection's first packet. A network is asked
// `in` for what comes from outside of it or from a sibling network, and `out` for what leaves it;
// each of its policies must allow.
#pragma once

#include <vector>

#include "core/packet/verdicts.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/walk/walk.h"

namespace ringfence {

// `next`, or why it is denied.
Verdict judge_crossings(const Fabric& fabric, const Walk& walk);

// The same of a local port's own policies, for the packet as that port sees it.
Verdict judge_port(const Fabric& fabric, const LocalPort& port, Direction direction,
                   const Header& header);

} // namespace ringfence
