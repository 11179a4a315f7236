// Firewall rows -> policies.
#pragma once

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class PolicyPart {
public:
    explicit PolicyPart(Known& known) : known_(known) {}

    // A policy that is named somewhere and has no row is not in the Fabric: it denies.
    void finish(FabricEdit& edit);

private:
    PolicySettings settings_of(const std::string& policy) const;

    Known& known_;
};

} // namespace ringfence::agent
