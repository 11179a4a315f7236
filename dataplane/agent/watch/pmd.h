// dpif-netdev/pmd-rxq-show and pmd-stats-show: what workers have to do, in the form that operators
// of Open vSwitch know. Pure.
#pragma once

#include <optional>
#include <string>

#include "dataplane/agent/watch/numbers.h"

namespace ringfence::agent {

// Which worker polls which port.
std::string show_queues(const Numbers& numbers, std::optional<unsigned> core);
// What each has done since `since` (pmd-stats-clear); an empty one: since the start.
std::string show_workers(const Numbers& numbers, const std::vector<WorkerNumbers>& since,
                         std::optional<unsigned> core);

} // namespace ringfence::agent
