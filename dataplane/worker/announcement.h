// What a host tells one of its own VMs unasked: that an address of its segment is at another MAC
// from now on; and what its router advertises.
#pragma once

#include <span>

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

class Worker;

// Sends them, each counted as `generated` at its port, which this worker can send to. What finds no
// buffer is not sent: neighbour caches age anyway.
void announce(Worker& worker, std::span<const Announcement> announcements);

class Fabric;

// Sends each port the advertisement that the Fabric has for it, if any, in the same way.
void advertise(Worker& worker, const Fabric& fabric, std::span<const PortId> ports);

} // namespace ringfence
