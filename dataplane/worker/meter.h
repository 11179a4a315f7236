// A token bucket: so many a second, with a burst of as many. One worker's.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ringfence {

class Meter {
public:
    // now and ticks_per_second in the same clock; limit in events a second, 0 = none pass.
    bool take(uint64_t now, uint64_t ticks_per_second, uint32_t limit) {
        // Credit is counted in ticks: one event costs ticks_per_second / limit of them, and a
        // second's worth can be saved. It starts full.
        uint64_t earned = started_ ? now - last_ : ticks_per_second;
        started_ = true;
        last_ = now;
        credit_ = std::min(credit_ + std::min(earned, ticks_per_second), ticks_per_second);
        uint64_t price = limit ? ticks_per_second / limit : ticks_per_second + 1;
        if (credit_ < price)
            return false;
        credit_ -= price;
        return true;
    }

private:
    uint64_t credit_ = 0, last_ = 0;
    bool started_ = false;
};

} // namespace ringfence
