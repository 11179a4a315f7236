// Which rule of many decides about a packet: the first one, in the order of their rank, of which
// every part matches. For each part of the packet (both addresses, protocol, source port, service)
// a table says which rules it does not rule out, as a set (rule_sets.h); what is in all five sets
// matches, and of that the first counts:
//
//     rule                                   10.0.0.7 > 10.1.0.9 tcp 4000 > 443
//     0  tcp from group web to any 80        source {0 1 3}  (in group web)
//     1  tcp from group web to any 443       destination {0 1 2 3}
//     2  udp from 10.9.0.0/16 to any         protocol {0 1 3}, source port {0 1 2 3}
//     3  any                                 service {1 2 3}                -> {1 3}: rule 1
//
// A look-up costs five binary searches and the blocks of rules that no part rules out: some hundred
// cycles for 10,000 rules, whatever the packet, because nothing depends on how rules overlap.
// Memory and the work of making it are linear in what the rules say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/tables/prefix_table.h"
#include "edge-router/firewall/rule.h"
#include "edge-router/firewall/rule_sets.h"

namespace ringfence {

// The groups that the packet's addresses are in, each in order.
struct Memberships {
    std::span<const GroupId> source, destination;
};

class Classifier {
public:
    // In the order of their rank; all of one direction, and compared with the same addresses.
    explicit Classifier(std::span<const Rule> rules);

    // The first rule that matches, by its place in the order; nullopt where none does.
    std::optional<size_t> find(const IpAddr& source, const IpAddr& destination,
                               const Subject& subject, const Memberships& groups) const;

    size_t bytes() const; // heap

private:
    using Set = RuleSets::Id;
    using Block = RuleSets::Block;

    // Which rules a number does not rule out.
    class Numbers {
    public:
        Numbers(RuleSets::Builder& sets, std::span<const Rule> rules,
                std::vector<Range> (*ranges_of)(const Rule&));
        Set find(uint16_t number) const;
        size_t bytes() const;

    private:
        std::vector<uint16_t> begins_; // of intervals, the first at 0
        std::vector<Set> sets_;
    };

    // The same of an address.
    class Addresses {
    public:
        Addresses(RuleSets::Builder& sets, std::span<const Rule> rules,
                  AddressMatch RuleMatch::*side);
        // By itself; those that name one of its groups are in group().
        Set find(const IpAddr& address) const {
            const Set* set = by_prefix_.find(address);
            return set ? *set : any_;
        }
        Set group(GroupId group) const; // RuleSets::empty where no rule names it
        size_t bytes() const;

    private:
        Set any_; // rules that match every address
        PrefixTable<Set> by_prefix_;
        std::vector<std::pair<GroupId, Set>> by_group_;
    };

    class Union;
    Classifier(RuleSets::Builder&& sets, std::span<const Rule> rules);
    static void intersect(Block& block, const Block& with);

    Addresses source_, destination_;
    Numbers protocol_, source_port_, service_;
    RuleSets sets_;
};

} // namespace ringfence
