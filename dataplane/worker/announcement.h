// What a host tells one of its own VMs unasked: that an address of its segment is at another MAC
// from now on (edge-router/icmp/announcement.h makes the frame).
#pragma once

#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence {

struct Announcement {
    PortId to;
    MacAddr mac;
    IpAddr address;
    bool router; // who has it routes
    bool operator==(const Announcement&) const = default;
};

} // namespace ringfence
