// What firewalls say to a connection's first packet: those of the networks that it leaves and
// enters by the routers that it crosses, and a local port's own. A network is asked `out` for what
// leaves it, and `in` for what comes from outside or from a sibling network. Each that is asked
// must allow; of all its policies together one rule says whether it does.
#pragma once

#include <vector>

#include "core/packet/verdicts.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/walk/walk.h"

namespace ringfence {

// A firewall and what it is shown.
struct Question {
    const std::vector<PolicyId>& policies;
    DomainId domain; // of whose they are
    Direction direction;
    Subject subject;
    const Crossing* crossing = nullptr; // of the router whose network's it is; none: a port's own
    // This host counts and logs what it says: of a firewall that both ends' hosts ask, the
    // initiator's alone does (DESIGN §5, rule 6).
    bool counts = true;
};

// Ports and protocol are the header's.
Subject subject_of(const Header& header, const IpAddr& source, const IpAddr& destination);

// In the order of the packet's way: visit(const Question&).
template <class Visit> void for_each_question(const Walk& walk, Visit visit) {
    const auto& crossings = walk.crossings();
    for (size_t i = 0; i < crossings.size(); ++i) {
        const Crossing& crossing = crossings[i];
        if (crossing.in == crossing.out)
            continue; // back into the network that it came from
        const RouterInterface& in = crossing.router->interfaces()[crossing.in];
        const RouterInterface& out = crossing.router->interfaces()[crossing.out];
        Subject subject = subject_of(walk.begin(), crossing.source, crossing.destination);
        subject.outside_source = walk.source_after(i);
        subject.outside_destination = walk.destination_before(i);
        bool counts = walk.from() != Walk::From::elsewhere || i >= walk.crossed_before();
        if (!in.outside)
            visit(Question{in.policies, in.domain, Direction::out, subject, &crossing, counts});
        if (!out.outside)
            visit(Question{out.policies, out.domain, Direction::in, subject, &crossing, counts});
    }
}

// What a firewall said: the rule that decided, none where there is none, or one of its policies is
// not known here: then nothing passes.
struct Answer {
    Verdict verdict; // next, or why not
    const Rule* rule = nullptr;
};
Answer ask(const Fabric& fabric, const Question& question);

} // namespace ringfence
