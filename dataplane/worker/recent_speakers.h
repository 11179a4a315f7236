// Who has lately been heard to speak for an address, so that the agent is not told of every ARP
// packet: a small table that forgets, of one worker.
#pragma once

#include <array>
#include <cstdint>

#include "core/tables/hash.h"
#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence {

class RecentSpeakers {
public:
    // True where this was not heard within the period, or has been forgotten. now: any clock.
    bool is_news(SegmentId segment, MacAddr mac, const IpAddr& address, uint64_t now,
                 uint64_t period) {
        uint64_t key = mix(std::hash<IpAddr>{}(address) ^ mac.to_u64(), segment.value());
        Heard& heard = heard_[key % heard_.size()];
        if (heard.key == key && now - heard.when < period)
            return false;
        heard = {key, now};
        return true;
    }

private:
    struct Heard {
        uint64_t key = 0, when = 0;
    };
    std::array<Heard, 256> heard_;
};

} // namespace ringfence
