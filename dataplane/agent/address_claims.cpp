#include "dataplane/agent/address_claims.h"

#include <algorithm>

namespace ringfence::agent {

namespace {

constexpr auto remembered = std::chrono::seconds(60); // that an address was restless

} // namespace

bool AddressClaims::take(const SegmentAddress& address, const std::string& port,
                         const VirtualEntry* entry, Time now) {
    auto own = claims_.find(address);
    if (own != claims_.end() && own->second.port == port)
        return true; // announced again, before everybody forwards by it
    auto& moves = moves_[address];
    while (!moves.empty() && now - moves.front() >= period)
        moves.pop_front();
    if (moves.size() >= most_moves) {
        refused_[address] = now;
        return false;
    }
    moves.push_back(now);
    int64_t last =
        std::max(entry ? entry->number : 0, own == claims_.end() ? 0 : own->second.number);
    claims_[address] = {port, last + 1};
    return true;
}

void AddressClaims::settle(const SegmentAddress& address, const VirtualEntry& entry,
                           const std::string& here) {
    auto own = claims_.find(address);
    if (own != claims_.end() && own->second.number > entry.number)
        return; // it knows nothing of ours yet
    if (!here.empty())
        claims_[address] = {here, entry.port ? entry.number : entry.number + 1};
    else if (own != claims_.end())
        claims_.erase(own);
}

void AddressClaims::end_unless(
    const std::function<bool(const SegmentAddress&, const OwnClaim&)>& may_have) {
    std::erase_if(claims_, [&](const auto& one) { return !may_have(one.first, one.second); });
}

std::map<SegmentAddress, AddressClaims::Time> AddressClaims::restless(Time now) const {
    std::map<SegmentAddress, Time> recent;
    for (const auto& [address, when] : refused_)
        if (now - when < remembered)
            recent.emplace(address, when);
    return recent;
}

} // namespace ringfence::agent
