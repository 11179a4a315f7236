// Which virtual addresses the ports of this host have taken over: an announcement (gratuitous ARP,
// unsolicited advertisement) is a claim, which counts here at once, and elsewhere when the
// controller has confirmed it in the row. Claims of all hosts are ordered by number, so that no
// clock decides: a new one takes the number after the last that this host knows of. Pure; one
// thread; the clock is handed in.
//
//     row says: 10.0.0.50 is web-0's, 7      web-1 announces it here -> ours: web-1, 8
//     row says: web-1's, 8                   confirmed
//     row says: web-0's, 9                   overruled: web-0's host has seen it announced since
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "dataplane/agent/southbound/rows.h"

namespace ringfence::agent {

class AddressClaims {
public:
    using Time = std::chrono::steady_clock::time_point;
    // Two VMs that both believe that they have it would keep everybody busy.
    static constexpr size_t most_moves = 10; // of one address, to ports here, within
    static constexpr std::chrono::seconds period{10};

    // The port has announced the address, of which the row says `entry` (nullptr: there is none).
    // False: it has moved too often lately, and stays where it is.
    bool take(const SegmentAddress& address, const std::string& port, const VirtualEntry* entry,
              Time now);
    // By the rows as they are now, what is overruled ends. `here`: the port of this host that has
    // it by the row or, where that names none, by what is forwarded so far; "": none. That is ours,
    // whoever claimed it: after a restart, after the port has moved here, or for a database that
    // has lost it.
    void settle(const SegmentAddress& address, const VirtualEntry& entry, const std::string& here);
    // What the port may not have any more ends, too.
    void end_unless(const std::function<bool(const SegmentAddress&, const OwnClaim&)>& may_have);

    const std::map<SegmentAddress, OwnClaim>& all() const { return claims_; }
    // Addresses that move too often.
    std::map<SegmentAddress, Time> restless(Time now) const;

private:
    std::map<SegmentAddress, OwnClaim> claims_;
    std::map<SegmentAddress, std::deque<Time>> moves_;
    std::map<SegmentAddress, Time> refused_;
};

} // namespace ringfence::agent
