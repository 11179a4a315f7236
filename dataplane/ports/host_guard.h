// Keeps the host's own kernel out of a netdev that is a tenant's port: it neither hears what comes
// from there nor sends anything there (no ARP, no IPv6 link-local, no ICMP). For system ports, on
// the control thread.
#pragma once

#include "core/types/result.h"

namespace ringfence::ports {

// Drops in both directions of the netdev's clsact qdisc: behind packet sockets on the way in; on
// the way out packet sockets pass it by PACKET_QDISC_BYPASS. What it made goes with the object;
// after a crash it stays, and the next one takes it over.
class HostGuard {
public:
    [[nodiscard]] static Result<HostGuard> put_on(unsigned ifindex);
    ~HostGuard();
    HostGuard(HostGuard&& other) noexcept;
    HostGuard& operator=(HostGuard&&) = delete;

private:
    explicit HostGuard(unsigned ifindex) : ifindex_(ifindex) {}
    unsigned ifindex_; // 0 = none
};

} // namespace ringfence::ports
