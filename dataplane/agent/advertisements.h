// When router advertisements are due that nobody has asked for (RFC 4861, 6.2.4): what they say
// ends if it is not said again, and a VM hears of a change at once. Pure; the clock is handed in.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "core/types/ids.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class Advertisements {
public:
    using Clock = std::chrono::steady_clock;

    // The ports that are to be sent one now, and not again before their next time. To be asked
    // every second or so.
    std::vector<PortId> due(const Fabric& fabric, Clock::time_point now);

private:
    struct Schedule {
        std::shared_ptr<const Dhcp6Binding> said;
        unsigned sent = 0; // of what is said
        Clock::time_point next;
    };
    Clock::duration pause(const Schedule& schedule);

    std::map<PortId, Schedule> ports_;
    std::minstd_rand random_{std::random_device{}()};
};

} // namespace ringfence::agent
