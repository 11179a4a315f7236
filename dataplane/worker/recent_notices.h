// What the agent has lately been told, so that it is not told with every packet: a small table that
// forgets, of one worker.
#pragma once

#include <array>
#include <cstdint>

#include "core/tables/hash.h"
#include "dataplane/worker/notice.h"

namespace ringfence {

class RecentNotices {
public:
    // True where it was not told within the period, or that has been forgotten. now: any clock.
    // state: of what it was told in; in another one it is news.
    bool is_news(const Notice& notice, uint64_t state, uint64_t now, uint64_t period) {
        uint64_t key = mix(std::hash<IpAddr>{}(notice.address) ^ notice.mac.to_u64(),
                           uint64_t{notice.segment.value()} << 32 | notice.port.value());
        key = mix(key ^ static_cast<uint64_t>(notice.kind), state);
        Told& told = told_[(key >> 32) % told_.size()];
        if (told.key == key && now - told.when < period)
            return false;
        told = {key, now};
        return true;
    }

private:
    struct Told {
        uint64_t key = 0, when = 0;
    };
    std::array<Told, 1024> told_;
};

} // namespace ringfence
