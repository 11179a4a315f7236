#include "dataplane/agent/duplicates.h"

namespace ringfence::agent {

bool Duplicates::claimed(const Conflict& conflict, Time now) {
    auto known = conflicts_.find(conflict);
    if (known != conflicts_.end())
        known->second = now;
    if (known != conflicts_.end() || conflicts_.size() >= most)
        return false;
    conflicts_.emplace(conflict, now);
    return changed_ = true;
}

// One who follows another may have taken the address over; one who speaks again after the other
// shows that both have it.
std::optional<MacAddr> Duplicates::spoke(const SegmentAddress& address, MacAddr mac, Time now) {
    auto known = speakers_.find(address);
    if (known == speakers_.end()) {
        if (speakers_.size() < most)
            speakers_.emplace(address, Speakers{mac, std::nullopt, now, {}});
        return std::nullopt;
    }
    Speakers& all = known->second;
    if (all.last != mac) {
        bool again = all.previous == mac && now - all.previous_when < remembered;
        std::optional<MacAddr> other;
        if (again)
            other = all.last;
        all = {mac, all.last, now, all.when};
        return other;
    }
    all.when = now;
    return std::nullopt;
}

bool Duplicates::advance(Time now) {
    auto is_over = [&](Time when) { return now - when >= remembered; };
    if (std::erase_if(conflicts_, [&](const auto& one) { return is_over(one.second); }))
        changed_ = true;
    std::erase_if(speakers_, [&](const auto& one) { return is_over(one.second.when); });
    return std::exchange(changed_, false);
}

} // namespace ringfence::agent
