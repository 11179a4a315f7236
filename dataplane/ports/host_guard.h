// Keeps the host's own kernel out of a netdev that is a tenant's port: it neither hears what comes
// from there nor sends anything there (no ARP, no IPv6 link-local, no ICMP). For system ports, on
// the control thread.
//
// Drops in both directions of the netdev's clsact qdisc: behind packet sockets on the way in; on
// the way out packet sockets pass it by PACKET_QDISC_BYPASS. It stays when the port closes, and
// when this process ends or dies: a VM that runs on must not meet the host in between.
#pragma once

#include "core/types/result.h"

namespace ringfence::ports {

// Does nothing where it is on already. Another kind of qdisc in its place, or another filter, is an
// error.
[[nodiscard]] Result<> guard_from_host(unsigned ifindex);

// The netdev is nobody's port any more, and the host's again.
void give_back_to_host(unsigned ifindex);

} // namespace ringfence::ports
