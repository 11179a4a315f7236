// Which link-local addresses a strict port may use. Nobody gives those out: a guest makes its own,
// by RFC 7217 or at random, so port security can't know them beforehand; and a guest must not take
// a neighbour's. What IPv6 has for that is duplicate address detection (RFC 4862, 5.4): before a
// host uses an address it asks for it, from "::", and waits a second for an answer. So
//
//  1. the EUI-64 address of the port's MAC is always the port's; a probe of another port for it is
//     answered on its behalf (stage answer), and is no claim;
//  2. any other becomes the port's when its own probe for it went unanswered for half a second (our
//     wait is shorter than the guest's, so that the guest's first packet finds it granted);
//  3. an advertisement of the address by anybody else in the segment meanwhile, here or from a
//  VTEP,
//     or another probe for it, ends the claim; so does one that another port of this host was
//     granted;
//  4. a port has at most two. A third claim takes the place of the older: guests change addresses,
//     and an attacker who collects them holds two at a time.
//
// The stages report probes and advertisements as Notices; the agent runs this on its thread, and
// publishes LocalPort::link_local of the ports that advance() names. What was granted goes into the
// state file: a guest does not probe again because our daemon was restarted (restore()). Time is
// the caller's steady clock.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence {

class LinkLocalClaims {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::milliseconds wait{500};
    static constexpr size_t max_granted = 2;

    // Notice::Kind::claim: the port's probe.
    void probed(PortId port, SegmentId segment, const Ipv6Addr& address, Time now);
    // Notice::Kind::in_use: somebody other than the port `by` has the address or probes for it.
    void in_use(SegmentId segment, const Ipv6Addr& address, PortId by);
    // Grants what has waited long enough. The ports whose list has changed.
    std::set<PortId> advance(Time now);
    // When advance() has something to do next; nothing waits: none.
    std::optional<Time> next() const;

    // What the port may use now, for LocalPort::link_local; the older first.
    std::vector<Ipv6Addr> granted(PortId port) const;
    // As it was before a restart.
    void restore(PortId port, SegmentId segment, const std::vector<Ipv6Addr>& addresses);
    // The port was closed or bound anew.
    void forget(PortId port);

private:
    struct Claim {
        SegmentId segment;
        Time since;
    };
    struct Grant {
        SegmentId segment;
        Ipv6Addr address;
    };
    bool is_granted(SegmentId segment, const Ipv6Addr& address) const;

    std::map<std::pair<PortId, Ipv6Addr>, Claim> waiting_;
    std::map<PortId, std::vector<Grant>> granted_;
};

} // namespace ringfence
