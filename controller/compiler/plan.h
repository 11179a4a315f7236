// One round's southbound transaction: what changes, whom it touches, and the number by which
// everybody knows when it has arrived (DESIGN.md, §2: --wait=hosts).
#pragma once

#include <set>
#include <string>

#include "ovsdb/southbound.h"

namespace ringfence::compiler {

struct Plan {
    southbound::Tables wanted; // with the numbers in it
    std::set<std::string> touched;
    bool empty = true; // nothing to write
};

// Where anything differs, raises Lease.sequence by one and writes it as Host_Config.number of the
// hosts that the difference touches. `current` has a Lease row.
Plan plan(const southbound::Tables& current, southbound::Tables wanted);

// The Ringfence hosts in service to whom a change matters: those with a claim or a binding of a
// port that needs a changed row's domain; all of them where a Host row changes. Nobody waits for a
// host that isn't admitted.
std::set<std::string> touched_hosts(const southbound::Tables& before,
                                    const southbound::Tables& after,
                                    const southbound::Changes& changes);

} // namespace ringfence::compiler
