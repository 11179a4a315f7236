// Addresses that several ports may have, one at a time: Virtual_Address rows, and what this host's
// own ports have announced since -> neighbours and MACs of their segments.
#pragma once

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class VirtualAddressPart {
public:
    explicit VirtualAddressPart(Known& known) : known_(known) {}

    // After the NICs: what one of those has is no virtual address. All those of a
    // segment are made anew where anything about one may have changed: they are few.
    void finish(FabricEdit& edit);

private:
    struct Placement {
        std::map<IpAddr, VirtualAddress> addresses;
        std::map<IpAddr, std::string> holders; // Logical_Port.name
        std::map<MacAddr, Destination> macs;   // that several ports share
        // VRRP MACs may stand at several ports: hosts that frames with them may come from.
        std::set<std::pair<MacAddr, NextHopId>> senders;
    };
    Placement wanted(const Uuid& row, const Segment& segment) const;
    void settle(const Uuid& row, Placement& placement) const;
    const NicEntry* holder_of(const Uuid& row, const IpAddr& address) const;
    void replace(Segment& segment, const Uuid& row, const Placement& before, const Placement& now);
    void tell_moves(const Uuid& row, const Placement& before, const Placement& now);

    Known& known_;
    std::map<Uuid, Placement> placements_; // by segment
};

} // namespace ringfence::agent
