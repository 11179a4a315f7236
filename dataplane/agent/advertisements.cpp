#include "dataplane/agent/advertisements.h"

#include <algorithm>

#include "edge-router/dhcp/router_advertisement.h"

namespace ringfence::agent {

namespace {

using namespace std::chrono_literals;

constexpr unsigned first_ones = 3;       // MAX_INITIAL_RTR_ADVERTISEMENTS
constexpr auto between_first_ones = 16s; // MAX_INITIAL_RTR_ADVERT_INTERVAL
constexpr auto shortest = 3s;            // MIN_DELAY_BETWEEN_RAS

} // namespace

std::vector<PortId> Advertisements::due(const Fabric& fabric, Clock::time_point now) {
    std::vector<PortId> due;
    std::map<PortId, Schedule> ports;
    fabric.for_each_port([&](const LocalPort& port) {
        if (!port.dhcp6 || !port.segment)
            return;
        auto known = ports_.find(port.id);
        bool same = known != ports_.end() && known->second.said == port.dhcp6;
        Schedule schedule = same ? known->second : Schedule{port.dhcp6, 0, now};
        if (schedule.next <= now) {
            due.push_back(port.id);
            ++schedule.sent;
            schedule.next = now + pause(schedule);
        }
        ports.emplace(port.id, std::move(schedule));
    });
    ports_ = std::move(ports);
    return due;
}

// Evenly between a third of the longest and the longest (6.2.1), so that hosts that began together
// do not go on so.
Advertisements::Clock::duration Advertisements::pause(const Schedule& schedule) {
    std::chrono::milliseconds longest = advertisement_interval(*schedule.said);
    if (schedule.sent < first_ones)
        longest = std::min<std::chrono::milliseconds>(longest, between_first_ones);
    std::uniform_int_distribution<long> some(longest.count() / 3, longest.count());
    return std::max<std::chrono::milliseconds>(std::chrono::milliseconds(some(random_)), shortest);
}

} // namespace ringfence::agent
