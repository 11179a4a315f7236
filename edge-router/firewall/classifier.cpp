#include "edge-router/firewall/classifier.h"

#include <algorithm>
#include <map>

#include "core/types/fixed_vector.h"

namespace ringfence {

namespace {

std::vector<Range> protocol_of(const Rule& rule) {
    if (!rule.match->protocol)
        return {};
    return {{*rule.match->protocol, *rule.match->protocol}};
}
std::vector<Range> source_ports_of(const Rule& rule) { return rule.match->source_ports; }
std::vector<Range> services_of(const Rule& rule) { return rule.match->services; }

} // namespace

Classifier::Classifier(std::span<const Rule> rules)
    : Classifier(RuleSets::Builder(rules.size()), rules) {}

Classifier::Classifier(RuleSets::Builder&& sets, std::span<const Rule> rules)
    : source_(sets, rules, &RuleMatch::source), destination_(sets, rules, &RuleMatch::destination),
      protocol_(sets, rules, protocol_of), source_port_(sets, rules, source_ports_of),
      service_(sets, rules, services_of), sets_(std::move(sets).finish()) {}

size_t Classifier::bytes() const {
    return source_.bytes() + destination_.bytes() + protocol_.bytes() + source_port_.bytes() +
           service_.bytes() + sets_.bytes();
}

// --- Making it.

namespace {

// In order, and apart from each other; none is all there is.
std::vector<Range> disjoint(std::vector<Range> ranges) {
    if (ranges.empty())
        return {Range()};
    std::ranges::sort(ranges);
    std::vector<Range> all;
    for (const Range& range : ranges)
        if (!all.empty() && range.first <= uint32_t{all.back().last} + 1)
            all.back().last = std::max(all.back().last, range.last);
        else
            all.push_back(range);
    return all;
}

// Rules that begin to match at a number, and those that no longer do.
struct Edge {
    std::vector<uint32_t> added, removed;
};

} // namespace

Classifier::Numbers::Numbers(RuleSets::Builder& sets, std::span<const Rule> rules,
                             std::vector<Range> (*ranges_of)(const Rule&)) {
    std::map<uint32_t, Edge> edges{{0, {}}};
    for (uint32_t i = 0; i < rules.size(); ++i)
        for (const Range& range : disjoint(ranges_of(rules[i]))) {
            edges[range.first].added.push_back(i);
            edges[uint32_t{range.last} + 1].removed.push_back(i);
        }
    edges.erase(uint32_t{UINT16_MAX} + 1);
    begins_.reserve(edges.size());
    sets_.reserve(edges.size());
    Set now = RuleSets::empty;
    for (const auto& [number, edge] : edges) {
        now = sets.changed(now, edge.added, edge.removed);
        begins_.push_back(static_cast<uint16_t>(number));
        sets_.push_back(now);
    }
}

size_t Classifier::Numbers::bytes() const {
    return begins_.capacity() * sizeof(uint16_t) + sets_.capacity() * sizeof(Set);
}

namespace {

template <class Key> using RulesByKey = std::map<Key, std::vector<uint32_t>>;

bool encloses(const IpPrefix& outer, const IpPrefix& inner) {
    return outer.length() <= inner.length() && outer.contains(inner.address());
}

} // namespace

// What encloses a prefix comes before it, and its rules match there too.
Classifier::Addresses::Addresses(RuleSets::Builder& sets, std::span<const Rule> rules,
                                 AddressMatch RuleMatch::*side) {
    std::vector<uint32_t> any;
    RulesByKey<IpPrefix> by_prefix;
    RulesByKey<GroupId> by_group;
    for (uint32_t i = 0; i < rules.size(); ++i) {
        const AddressMatch& match = (*rules[i].match).*side;
        if (match.any)
            any.push_back(i);
        for (const IpPrefix& prefix : match.prefixes)
            by_prefix[prefix].push_back(i);
        for (GroupId group : match.groups)
            by_group[group].push_back(i);
    }
    any_ = sets.with(RuleSets::empty, any);
    std::vector<std::pair<IpPrefix, Set>> around, all;
    for (const auto& [prefix, own] : by_prefix) {
        while (!around.empty() && !encloses(around.back().first, prefix))
            around.pop_back();
        Set set = sets.with(around.empty() ? any_ : around.back().second, own);
        around.emplace_back(prefix, set);
        all.emplace_back(prefix, set);
    }
    by_prefix_ = PrefixTable<Set>(all);
    by_group_.reserve(by_group.size());
    for (const auto& [group, own] : by_group)
        by_group_.emplace_back(group, sets.with(RuleSets::empty, own));
}

size_t Classifier::Addresses::bytes() const {
    return by_prefix_.bytes() + by_group_.capacity() * sizeof(by_group_[0]);
}

// --- Asking it.

Classifier::Set Classifier::Numbers::find(uint16_t number) const {
    auto behind = std::ranges::upper_bound(begins_, number);
    return sets_[static_cast<size_t>(behind - begins_.begin()) - 1];
}

Classifier::Set Classifier::Addresses::group(GroupId group) const {
    auto found = std::ranges::lower_bound(by_group_, group, {}, &std::pair<GroupId, Set>::first);
    return found != by_group_.end() && found->first == group ? found->second : RuleSets::empty;
}

void Classifier::intersect(Block& block, const Block& with) {
    for (size_t word = 0; word < block.words.size(); ++word)
        block.words[word] &= with.words[word];
}

// The rules that one address does not rule out: those of its prefix, and those of its groups.
class Classifier::Union {
public:
    Union(const RuleSets& sets, const Addresses& addresses, const IpAddr& address,
          std::span<const GroupId> groups)
        : sets_(sets), addresses_(addresses), own_(addresses.find(address)),
          summary_(sets.summary(own_)) {
        for (size_t i = 0; i < groups.size(); ++i) {
            Set set = addresses.group(groups[i]);
            summary_ |= sets.summary(set);
            if (parts_.full())
                rest_ = rest_.empty() ? groups.subspan(i) : rest_;
            else if (set != RuleSets::empty)
                parts_.push_back(set);
        }
    }
    uint64_t summary() const { return summary_; }
    void intersect(Block& block, size_t i) const {
        if (parts_.empty())
            return Classifier::intersect(block, sets_.block(own_, i));
        Block all = sets_.block(own_, i);
        for (Set part : parts_)
            add(all, sets_.block(part, i));
        for (GroupId group : rest_)
            add(all, sets_.block(addresses_.group(group), i));
        Classifier::intersect(block, all);
    }

private:
    static void add(Block& all, const Block& block) {
        for (size_t word = 0; word < all.words.size(); ++word)
            all.words[word] |= block.words[word];
    }

    const RuleSets& sets_;
    const Addresses& addresses_;
    const Set own_;
    uint64_t summary_;
    FixedVector<Set, 32> parts_;    // sets of groups that rules name: few, as a rule
    std::span<const GroupId> rest_; // groups that found no room there
};

std::optional<size_t> Classifier::find(const IpAddr& source, const IpAddr& destination,
                                       const Subject& subject, const Memberships& groups) const {
    const Union from(sets_, source_, source, groups.source);
    const Union to(sets_, destination_, destination, groups.destination);
    const Set protocol = protocol_.find(subject.protocol), service = service_.find(subject.service),
              port = source_port_.find(subject.source_port);
    uint64_t left = from.summary() & to.summary() & sets_.summary(protocol) &
                    sets_.summary(service) & sets_.summary(port);
    for (; left; left &= left - 1) {
        size_t first = static_cast<size_t>(__builtin_ctzll(left)) * sets_.stride();
        size_t behind = std::min(first + sets_.stride(), sets_.blocks());
        for (size_t i = first; i < behind; ++i) {
            Block all = sets_.block(protocol, i);
            intersect(all, sets_.block(service, i));
            intersect(all, sets_.block(port, i));
            from.intersect(all, i);
            to.intersect(all, i);
            for (size_t word = 0; word < all.words.size(); ++word)
                if (all.words[word])
                    return i * RuleSets::block_bits + word * 64 +
                           static_cast<size_t>(__builtin_ctzll(all.words[word]));
        }
    }
    return std::nullopt;
}

} // namespace ringfence
