#include "edge-router/firewall/policy.h"

namespace ringfence {

bool narrows(const Policy* before, const Policy* after) {
    static const PolicySettings closed;
    const PolicySettings& old = before ? before->settings() : closed;
    const PolicySettings& now = after ? after->settings() : closed;
    return (old.in == Judgement::allow && now.in == Judgement::deny) ||
           (old.out == Judgement::allow && now.out == Judgement::deny);
}

} // namespace ringfence
