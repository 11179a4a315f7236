// What the controller tells the northbound database: the status of every object, who has which
// NIC, how the hosts are, and how far it has come.
#pragma once

#include <cstdint>

#include "controller/compiler/compile.h"

namespace ringfence::compiler {

// Events beyond this number go, the oldest first.
inline constexpr size_t most_events = 1000;

struct Progress {
    int64_t change; // Global.change of the rows that were compiled
    int64_t time;   // milliseconds since 1970, for events: for people, nothing is decided by it
};

// The northbound database as it should be: `current`, with the columns that are the controller's
// brought up to date; a Host row for whoever dialed in without one; Global where it is missing.
// `fabric` is the southbound database after the round's transaction.
northbound::Tables report(const northbound::Tables& current, const southbound::Tables& fabric,
                          const Compiled& compiled, const Progress& progress);

} // namespace ringfence::compiler
