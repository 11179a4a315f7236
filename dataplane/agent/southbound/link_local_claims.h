// Which IPv6 link-local addresses a strict port may use beside the one that follows from its MAC:
// at most two that it has claimed by a probe of its own (duplicate address detection, RFC 4862)
// that nobody answered. Pure: the caller brings the time.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence::agent {

class LinkLocalClaims {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Granted = std::map<std::string, std::vector<Ipv6Addr>>; // by Logical_Port.name

    // A guest waits a second for an answer to its probe (RetransTimer); the address must be its own
    // by the time that it uses it.
    static constexpr std::chrono::milliseconds wait{800};
    static constexpr size_t most = 2; // addresses a port; a third takes the place of the oldest

    explicit LinkLocalClaims(Granted kept = {}) : granted_(std::move(kept)) {}

    void probed(const std::string& nic, SegmentId segment, const Ipv6Addr& address, Time now);
    // Somebody in the segment has the address: no claim to it holds.
    void in_use(SegmentId segment, const Ipv6Addr& address);
    // Grants what has waited long enough; true when granted() is different now.
    bool settle(Time now);
    // The port is not plugged here any more.
    void forget(const std::string& nic);

    const Granted& granted() const { return granted_; }

private:
    struct Claim {
        std::string nic;
        SegmentId segment;
        Ipv6Addr address;
        Time since;
    };
    std::vector<Claim> pending_;
    Granted granted_;
};

} // namespace ringfence::agent
