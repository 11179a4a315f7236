// Host rows and the kernel's ways to them -> next hops.
#pragma once

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class HostPart {
public:
    explicit HostPart(Known& known) : known_(known) {}

    // Touches what stands on hosts that came or went.
    void finish(FabricEdit& edit);
    // Addresses to keep resolved in the underlay: of every other host the first of each family that
    // this one has itself.
    std::set<IpAddr> wanted_vteps(const std::string& own_host,
                                  const std::vector<IpAddr>& own) const;
    // Hosts of which none is such.
    std::set<std::string> out_of_reach(const std::string& own_host,
                                       const std::vector<IpAddr>& own) const;
    // Host -> whose its VTEP address is already.
    const std::map<std::string, std::string>& trouble() const { return address_taken_; }

private:
    using Hops = std::map<std::string, NextHopSettings>; // by Host name
    Hops wanted_hops();
    void choose_address(NextHopSettings& hop) const;
    bool erase_old(FabricEdit& edit, const Hops& hops);
    bool set_new(FabricEdit& edit, Hops& hops);

    Known& known_;
    std::map<std::string, std::string> address_taken_;
};

} // namespace ringfence::agent
