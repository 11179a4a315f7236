// Addresses that two claim at once: MACs and IP addresses of one NIC that another port speaks for
// (dropped, or let through where the provider trusts the port), and addresses that nobody gave out
// (a tenant's own DHCP, bridged segments) and that two MACs speak for by turns while both live
// (RFC 5227, 2.4). Each is told with both ports, until a minute after it was last seen. Pure; one
// thread; the clock is handed in.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "core/types/addresses.h"
#include "dataplane/agent/southbound/rows.h"

namespace ringfence::agent {

class Duplicates {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds remembered{60};
    static constexpr size_t most = 4096; // of each kind; then new ones are not heard of

    // `what`, an address or MAC that `holder` has, is also claimed by `claimant`.
    struct Conflict {
        std::string what, claimant, holder; // claimant, holder: logical ports, or what is known
        auto operator<=>(const Conflict&) const = default;
    };
    // True where that is news.
    bool claimed(const Conflict& conflict, Time now);
    // The MAC speaks for the address. The other that does: it has spoken since this one did before.
    std::optional<MacAddr> spoke(const SegmentAddress& address, MacAddr mac, Time now);

    // Forgets what is over. True where there are other conflicts than at the last call.
    bool advance(Time now);
    const std::map<Conflict, Time>& current() const { return conflicts_; }

private:
    // The last to speak, and who spoke before.
    struct Speakers {
        MacAddr last;
        std::optional<MacAddr> previous;
        Time when, previous_when;
    };
    std::map<Conflict, Time> conflicts_; // when it was last seen
    std::map<SegmentAddress, Speakers> speakers_;
    bool changed_ = false;
};

} // namespace ringfence::agent
