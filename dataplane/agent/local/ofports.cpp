#include "dataplane/agent/local/ofports.h"

#include <set>

namespace ringfence::agent {

namespace {

using Taken = std::set<uint16_t>;

bool take(Taken& taken, std::optional<uint16_t> number) {
    return number && *number <= last_ofport && taken.insert(*number).second;
}

uint16_t lowest_free(const Taken& taken) {
    uint16_t number = 1;
    for (uint16_t used : taken) {
        if (used != number)
            break;
        ++number;
    }
    return number;
}

} // namespace

std::map<std::string, uint16_t> assign_ofports(const std::map<std::string, WantedPort>& ports) {
    std::map<std::string, uint16_t> assigned;
    std::map<std::string, Taken> taken; // by bridge
    auto assign = [&](auto wish) {
        for (const auto& [name, port] : ports) {
            if (assigned.contains(name))
                continue;
            if (port.is_bridge)
                assigned[name] = bridge_ofport;
            else if (std::optional<uint16_t> number = wish(port); take(taken[port.bridge], number))
                assigned[name] = *number;
        }
    };
    assign([](const WantedPort& port) { return port.ofport_request; });
    assign([](const WantedPort& port) { return port.ofport; });
    assign([&](const WantedPort& port) -> std::optional<uint16_t> {
        return lowest_free(taken[port.bridge]);
    });
    return assigned;
}

} // namespace ringfence::agent
