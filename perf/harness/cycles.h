// Cycles of the time stamp counter, and what many samples of them say.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringfence::perf {

inline uint64_t cycles() { return __builtin_ia32_rdtsc(); }

class Samples {
public:
    void add(double sample) { samples_.push_back(sample); }
    bool empty() const { return samples_.empty(); }
    double median() { return quantile(0.5); }
    // share is from 0 to under 1; there is at least one sample.
    double quantile(double share) {
        auto place =
            samples_.begin() + static_cast<ptrdiff_t>(share * static_cast<double>(samples_.size()));
        std::nth_element(samples_.begin(), place, samples_.end());
        return *place;
    }

private:
    std::vector<double> samples_;
};

} // namespace ringfence::perf
