// What firewalls say to a connection's first packet: those of the networks that it leaves and
// enters by the routers that it crosses, and a local port's own. A network is asked `out` for what
// leaves it, and `in` for what comes from outside or from a sibling network; each of its policies
// must allow.
#pragma once

#include <vector>

#include "core/packet/verdicts.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/walk/walk.h"

namespace ringfence {

// A firewall and what it is shown.
struct Question {
    const std::vector<PolicyId>& policies;
    Direction direction;
    const IpAddr &source, &destination;
};

// In the order of the packet's way: visit(const Question&).
template <class Visit> void for_each_question(const Walk& walk, Visit visit) {
    for (const Crossing& crossing : walk.crossings()) {
        if (crossing.in == crossing.out)
            continue; // back into the network that it came from
        const RouterInterface& in = crossing.router->interfaces()[crossing.in];
        const RouterInterface& out = crossing.router->interfaces()[crossing.out];
        if (!in.outside)
            visit(Question{in.policies, Direction::out, crossing.source, crossing.destination});
        if (!out.outside)
            visit(Question{out.policies, Direction::in, crossing.source, crossing.destination});
    }
}

// `next`, or why it is denied. Ports and protocol are the header's.
Verdict ask(const Fabric& fabric, const Question& question, const Header& header);

} // namespace ringfence
