// Gives out the small numbers by which workers know ports, segments and next hops, and keeps them
// stable: the same thing gets the same number as long as it is known, over restarts too (the state
// file keeps them). For the agent's control thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/types/ids.h"
#include "dataplane/fabric/destination.h"

namespace ringfence::agent {

template <class Id> class IdPool {
public:
    // Ids are below the limit.
    explicit IdPool(uint32_t limit) : limit_(limit) {}

    // The name's number, a new one if it has none; nullopt when all are taken. A number that was
    // released is given again as late as possible.
    std::optional<Id> get(const std::string& name) {
        if (auto known = find(name))
            return known;
        for (uint32_t tried = 0; tried < limit_; ++tried) {
            uint32_t number = next_++ % limit_;
            if (adopt(name, Id(number)))
                return Id(number);
        }
        return std::nullopt;
    }
    std::optional<Id> find(const std::string& name) const {
        auto found = by_name_.find(name);
        return found == by_name_.end() ? std::nullopt : std::optional(found->second);
    }
    // What a state file says. False, and nothing done, where name or number are taken or the number
    // is out of range.
    bool adopt(const std::string& name, Id id) {
        if (id.value() >= limit_ || by_name_.contains(name) || !taken_.insert(id.value()).second)
            return false;
        by_name_.emplace(name, id);
        return true;
    }
    void release(const std::string& name) {
        if (auto found = by_name_.find(name); found != by_name_.end()) {
            taken_.erase(found->second.value());
            by_name_.erase(found);
        }
    }
    const std::map<std::string, Id>& all() const { return by_name_; }

private:
    uint32_t limit_, next_ = 0;
    std::map<std::string, Id> by_name_;
    std::set<uint32_t> taken_;
};

struct Ids {
    IdPool<PortId> ports{Destination::max_ports};            // by Interface name
    IdPool<SegmentId> segments{1 << 20};                     // by UUID of the Segment row
    IdPool<NextHopId> next_hops{Destination::max_next_hops}; // by Host name
    IdPool<RouterId> routers{1 << 20};                       // by Router.name
    IdPool<PolicyId> policies{1 << 20};                      // by Firewall.policy
    IdPool<DomainId> domains{1 << 20};                       // by the rows' domain
    // Not kept over restarts: nothing that lasts names them.
    IdPool<RuleId> rules{1 << 20};   // by UUID of the Firewall row
    IdPool<GroupId> groups{1 << 20}; // by Address_Group.name, whatever the domain

    // visit("ports", pool) and so on, by the keys of the state file.
    template <class Visit> void each(Visit visit) { each_of(*this, visit); }
    template <class Visit> void each(Visit visit) const { each_of(*this, visit); }

private:
    template <class Self, class Visit> static void each_of(Self& self, Visit& visit) {
        visit("ports", self.ports);
        visit("segments", self.segments);
        visit("next_hops", self.next_hops);
        visit("routers", self.routers);
        visit("policies", self.policies);
        visit("domains", self.domains);
    }
};

} // namespace ringfence::agent
