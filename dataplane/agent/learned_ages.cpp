#include "dataplane/agent/learned_ages.h"

namespace ringfence::agent {

LearnedAges::Due LearnedAges::follow(const std::vector<LearnedEntry>& known, Time now) {
    Due due;
    std::map<ovsdb::Uuid, Time> seen;
    for (const LearnedEntry& learned : known) {
        auto before = seen_.find(uuid_of(learned));
        Time last = before == seen_.end() ? now : before->second;
        if (now - last >= lifetime) {
            due.gone.push_back(learned);
            continue;
        }
        seen.emplace(uuid_of(learned), last);
        if (now - last >= doubt_after)
            due.doubtful.emplace_back(learned).is_doubtful = true;
    }
    seen_ = std::move(seen);
    return due;
}

} // namespace ringfence::agent
