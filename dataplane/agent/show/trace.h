// A line of `ringfence/trace`. Pure.
#pragma once

#include <string>

#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/trace.h"

namespace ringfence::agent {

// The record, and whose packet it is: the port's name, the path of the northbound object that the
// port (of a NIC) or the segment (of what came by tunnel) was made from; the segment that it was
// routed into; the routers whose MACs it carries.
std::string show(const TraceRecord& record, const Fabric& fabric);

} // namespace ringfence::agent
