// The interfaces of this host, and the logical ports that they are -> local ports.
#pragma once

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class PortPart {
public:
    explicit PortPart(Known& known) : known_(known) {}
    void finish(FabricEdit& edit);

private:
    LocalPort local_port(const std::string& name, const PortFacts& facts);

    Known& known_;
    std::map<std::string, PortId> ports_; // by Interface name, as in the Fabric
};

} // namespace ringfence::agent
