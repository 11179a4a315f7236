#include "dataplane/worker/counters.h"

namespace ringfence {

namespace {

template <class Pick>
uint64_t sum_where(const std::array<uint64_t, verdict_count>& sums, Pick pick) {
    uint64_t sum = 0;
    for (size_t i = 0; i < verdict_count; ++i)
        if (pick(static_cast<Verdict>(i)))
            sum += sums[i];
    return sum;
}

} // namespace

CounterSums& CounterSums::operator+=(const Counters& counters) {
    for (size_t i = 0; i < verdict_count; ++i)
        sums_[i] += counters.get(static_cast<Verdict>(i));
    return *this;
}

CounterSums& CounterSums::operator+=(const CounterSums& other) {
    for (size_t i = 0; i < verdict_count; ++i)
        sums_[i] += other.sums_[i];
    return *this;
}

uint64_t CounterSums::in() const {
    return sum_where(sums_, [](Verdict v) { return info(v).kind == VerdictKind::in; });
}

uint64_t CounterSums::drops() const { return sum_where(sums_, is_drop); }

uint64_t CounterSums::out() const {
    return drops() + sum_where(sums_, [](Verdict v) { return info(v).kind == VerdictKind::out; });
}

} // namespace ringfence
