#include "dataplane/agent/bridges/stations.h"

#include <algorithm>

namespace ringfence::agent {

void Stations::set_limits(size_t most, std::chrono::seconds lifetime) {
    most_ = most;
    lifetime_ = lifetime;
    while (stations_.size() > most_)
        make_room();
}

void Stations::saw(const Key& key, PortId port, Time now) {
    auto known = stations_.find(key);
    if (known != stations_.end()) {
        --counts_[known->second.port];
    } else {
        if (stations_.size() >= most_)
            make_room();
        known = stations_.emplace(key, Station{port, now}).first;
    }
    known->second = {port, now};
    ++counts_[port];
    place(key, known->second);
}

bool Stations::age(Time now) {
    const size_t before = changes_.size();
    for (auto next = stations_.begin(); next != stations_.end();) {
        auto& [key, station] = *next;
        const auto silent = now - station.seen;
        if (silent >= lifetime_) {
            next = forget(next);
            continue;
        }
        if (!station.doubtful && silent >= lifetime_ / 2) {
            station.doubtful = true;
            place(key, station);
        }
        ++next;
    }
    return changes_.size() != before;
}

void Stations::place(const Key& key, const Station& station) {
    Destination place = station.doubtful ? Destination::doubtful(station.port)
                                         : *Destination::local(station.port, true);
    changes_.push_back({key.first, key.second, place});
}

Stations::Stored Stations::forget(Stored station) {
    changes_.push_back({station->first.first, station->first.second, Destination()});
    if (--counts_[station->second.port] == 0)
        counts_.erase(station->second.port);
    return stations_.erase(station);
}

// Of the port that has the most, the one that was silent the longest.
void Stations::make_room() {
    const PortId port =
        std::ranges::max_element(counts_, {}, &std::pair<const PortId, size_t>::second)->first;
    auto oldest = stations_.end();
    for (auto next = stations_.begin(); next != stations_.end(); ++next)
        if (next->second.port == port &&
            (oldest == stations_.end() || next->second.seen < oldest->second.seen))
            oldest = next;
    forget(oldest);
}

} // namespace ringfence::agent
