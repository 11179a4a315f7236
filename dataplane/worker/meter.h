// A token bucket: so many units a second, with a burst. One worker's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "dataplane/fabric/port_limits.h"

namespace ringfence {

class Meter {
public:
    // True where the units stay within the rate; else they cost nothing. now and ticks_per_second
    // in the same clock, of less than 2^32 Hz. A rate that is new begins with a full burst.
    bool take(uint64_t now, uint64_t ticks_per_second, const Rate& rate, uint64_t units = 1) {
        // Credit is counted in units x ticks a second, so that a tick earns as many as the rate has
        // units, and nothing is divided.
        if (rate != rate_) [[unlikely]]
            adopt(rate, ticks_per_second);
        uint64_t elapsed = now - last_;
        last_ = now;
        credit_ = elapsed < fills_in_ ? std::min(credit_ + elapsed * rate_.units, full_) : full_;
        uint64_t price = units * ticks_per_second;
        if (credit_ < price)
            return false;
        credit_ -= price;
        return true;
    }

private:
    void adopt(const Rate& rate, uint64_t ticks_per_second) {
        rate_ = rate;
        full_ = rate.units ? std::min(rate.burst, Rate::max_burst) * ticks_per_second : 0;
        fills_in_ = rate.units ? full_ / rate.units + 1 : std::numeric_limits<uint64_t>::max();
        credit_ = full_;
    }

    uint64_t credit_ = 0, last_ = 0;
    uint64_t full_ = 0, fills_in_ = 0; // ticks from empty to full, or more
    Rate rate_;
};

} // namespace ringfence
