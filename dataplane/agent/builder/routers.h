// Router, Router_Interface and Route rows -> routers, which the Fabric puts into their segments.
#pragma once

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class RouterPart {
public:
    explicit RouterPart(Known& known) : known_(known) {}

    // After the segments. A router of which only interfaces are known here (its own row is in
    // another domain) still steers: it is one that translates and has no routes.
    void finish(FabricEdit& edit);

private:
    void erase(FabricEdit& edit, const std::string& name);
    std::optional<Router> router(const std::string& name);
    RouterSettings settings_of(const std::string& name);
    std::vector<Route> routes_of(const std::string& name) const;

    Known& known_;
    std::map<Uuid, uint16_t> index_; // of the interfaces of the router that is being made
};

} // namespace ringfence::agent
