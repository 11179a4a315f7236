#include "dataplane/agent/southbound/link_local_claims.h"

#include <algorithm>

namespace ringfence::agent {

void LinkLocalClaims::probed(const std::string& nic, SegmentId segment, const Ipv6Addr& address,
                             Time now) {
    if (auto own = granted_.find(nic);
        own != granted_.end() && std::ranges::count(own->second, address))
        return;
    bool pending = std::ranges::any_of(
        pending_, [&](const Claim& claim) { return claim.nic == nic && claim.address == address; });
    if (!pending)
        pending_.push_back({nic, segment, address, now});
}

void LinkLocalClaims::in_use(SegmentId segment, const Ipv6Addr& address) {
    std::erase_if(pending_, [&](const Claim& claim) {
        return claim.segment == segment && claim.address == address;
    });
}

bool LinkLocalClaims::settle(Time now) {
    bool changed = false;
    for (const Claim& claim : pending_) {
        if (now - claim.since < wait)
            continue;
        auto& own = granted_[claim.nic];
        if (own.size() == most)
            own.erase(own.begin());
        own.push_back(claim.address);
        changed = true;
    }
    std::erase_if(pending_, [&](const Claim& claim) { return now - claim.since >= wait; });
    return changed;
}

void LinkLocalClaims::forget(const std::string& nic) {
    granted_.erase(nic);
    std::erase_if(pending_, [&](const Claim& claim) { return claim.nic == nic; });
}

} // namespace ringfence::agent
