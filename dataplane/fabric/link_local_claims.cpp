#include "dataplane/fabric/link_local_claims.h"

#include <algorithm>

namespace ringfence {

void LinkLocalClaims::probed(PortId port, SegmentId segment, const Ipv6Addr& address, Time now) {
    auto ended = std::erase_if(waiting_, [&](const auto& entry) {
        const auto& [key, claim] = entry;
        return key.first != port && key.second == address && claim.segment == segment;
    });
    if (ended == 0 && !is_granted(segment, address))
        waiting_.insert({{port, address}, Claim{segment, now}}); // a repeated probe: as it was
}

void LinkLocalClaims::in_use(SegmentId segment, const Ipv6Addr& address, PortId by) {
    std::erase_if(waiting_, [&](const auto& entry) {
        const auto& [key, claim] = entry;
        return key.first != by && key.second == address && claim.segment == segment;
    });
}

std::set<PortId> LinkLocalClaims::advance(Time now) {
    std::set<PortId> changed;
    std::erase_if(waiting_, [&](const auto& entry) {
        const auto& [key, claim] = entry;
        if (now - claim.since < wait)
            return false;
        auto& list = granted_[key.first];
        list.push_back({claim.segment, key.second});
        if (list.size() > max_granted)
            list.erase(list.begin());
        changed.insert(key.first);
        return true;
    });
    return changed;
}

std::optional<LinkLocalClaims::Time> LinkLocalClaims::next() const {
    auto earliest =
        std::min_element(waiting_.begin(), waiting_.end(), [](const auto& one, const auto& other) {
            return one.second.since < other.second.since;
        });
    if (earliest == waiting_.end())
        return std::nullopt;
    return earliest->second.since + wait;
}

std::vector<Ipv6Addr> LinkLocalClaims::granted(PortId port) const {
    std::vector<Ipv6Addr> addresses;
    if (auto list = granted_.find(port); list != granted_.end())
        for (const Grant& grant : list->second)
            addresses.push_back(grant.address);
    return addresses;
}

void LinkLocalClaims::restore(PortId port, SegmentId segment,
                              const std::vector<Ipv6Addr>& addresses) {
    auto& list = granted_[port];
    list.clear();
    for (const Ipv6Addr& address : addresses)
        if (list.size() < max_granted)
            list.push_back({segment, address});
}

void LinkLocalClaims::forget(PortId port) {
    granted_.erase(port);
    std::erase_if(waiting_, [&](const auto& entry) { return entry.first.first == port; });
}

bool LinkLocalClaims::is_granted(SegmentId segment, const Ipv6Addr& address) const {
    return std::any_of(granted_.begin(), granted_.end(), [&](const auto& entry) {
        return std::any_of(entry.second.begin(), entry.second.end(), [&](const Grant& grant) {
            return grant.segment == segment && grant.address == address;
        });
    });
}

} // namespace ringfence
