// The groups of one domain: which of them an address is in. Rules name groups, and the address of a
// packet is looked up once, here, so that a group's members are stored once, however many rules and
// policies name it; a member that comes or goes changes this and compiles no policy.
//
// Immutable. Memory and the work of making one are linear in the members of all groups.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tables/prefix_table.h"
#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence {

struct AddressGroup {
    GroupId id;
    std::vector<IpPrefix> prefixes;
    bool is_broken = false; // its row can't be read: who is in it is not known
};

class AddressGroups {
public:
    // Of each group one entry.
    AddressGroups(DomainId domain, std::vector<AddressGroup> groups);

    DomainId domain() const { return domain_; }
    // The groups that the address is in, in order. Valid as long as this is.
    std::span<const GroupId> of(const IpAddr& address) const {
        const uint32_t* set = sets_by_prefix_.find(address);
        return set ? set_at(*set) : std::span<const GroupId>();
    }

    // Who is in it is known. A policy that names another one fails closed.
    bool knows(GroupId group) const {
        size_t word = group.value() / 64;
        return word < known_.size() && known_[word] >> group.value() % 64 & 1;
    }
    // In order, each with its prefixes in order.
    const std::vector<AddressGroup>& groups() const { return groups_; }
    size_t bytes() const; // heap

private:
    std::span<const GroupId> set_at(uint32_t set) const {
        return std::span(sets_).subspan(first_of_set_[set],
                                        first_of_set_[set + 1] - first_of_set_[set]);
    }

    DomainId domain_;
    std::vector<AddressGroup> groups_;
    std::vector<uint64_t> known_; // a bit a group, by id
    // Addresses with the same groups share a set: it is the groups of all prefixes around them.
    PrefixTable<uint32_t> sets_by_prefix_;
    std::vector<GroupId> sets_;          // one behind the other
    std::vector<uint32_t> first_of_set_; // where each begins in sets_, and the last ends
};

// A member that came or went.
struct MembershipChange {
    GroupId group;
    IpPrefix prefix;
    bool added;
};
// Between two states of a domain's groups; nullptr is a domain without any.
std::vector<MembershipChange> differences(const AddressGroups* before, const AddressGroups* after);
// The groups of which one of the two knows who is in them, and the other does not.
std::vector<GroupId> known_by_one(const AddressGroups* before, const AddressGroups* after);

} // namespace ringfence
