#include "edge-router/firewall/rule_sets.h"

#include <algorithm>
#include <random>
#include <utility>

#include "core/tables/hash.h"

namespace ringfence {

namespace {

// Nobody who writes rules can choose blocks that collide.
uint64_t seed() {
    static const uint64_t chosen = uint64_t{std::random_device()()} << 32 | std::random_device()();
    return chosen;
}

constexpr uint32_t no_rules = 0; // the block without any

template <class Words> size_t hash_of(const Words& words) {
    uint64_t hash = seed();
    for (uint64_t word : words)
        hash = mix(hash ^ word);
    return hash;
}

} // namespace

size_t RuleSets::bytes() const {
    return blocks_.capacity() * sizeof(Block) + indices_.capacity() * sizeof(uint32_t) +
           summaries_.capacity() * sizeof(uint64_t);
}

RuleSets::Builder::Builder(size_t rules)
    : known_blocks_(16, BlockHash{&sets_}, BlockEqual{&sets_}),
      known_sets_(16, SetHash{&sets_}, SetEqual{&sets_}) {
    sets_.width_ = (rules + block_bits - 1) / block_bits;
    now_.assign(sets_.width_, keep(Block())); // no_rules
    keep_set();                               // `empty`
}

RuleSets::Id RuleSets::Builder::changed(Id base, std::span<const uint32_t> added,
                                        std::span<const uint32_t> removed) {
    auto indices = sets_.indices_.begin() + static_cast<ptrdiff_t>(base * sets_.width_);
    now_.assign(indices, indices + static_cast<ptrdiff_t>(sets_.width_));
    for (uint32_t rule : added)
        own_block(rule / block_bits).words[rule % block_bits / 64] |= uint64_t{1} << rule % 64;
    for (uint32_t rule : removed)
        own_block(rule / block_bits).words[rule % block_bits / 64] &= ~(uint64_t{1} << rule % 64);
    for (const auto& [i, block] : std::exchange(open_, {}))
        now_[i] = keep(block);
    return keep_set();
}

// Rules come in order, as a rule: the block that is wanted is the last one.
RuleSets::Block& RuleSets::Builder::own_block(size_t i) {
    auto found = std::find_if(open_.rbegin(), open_.rend(),
                              [&](const auto& open) { return open.first == i; });
    if (found != open_.rend())
        return found->second;
    return open_.emplace_back(i, sets_.blocks_[now_[i]]).second;
}

uint32_t RuleSets::Builder::keep(const Block& block) {
    auto index = static_cast<uint32_t>(sets_.blocks_.size());
    sets_.blocks_.push_back(block);
    auto [known, is_new] = known_blocks_.insert(index);
    if (!is_new)
        sets_.blocks_.pop_back();
    return *known;
}

RuleSets::Id RuleSets::Builder::keep_set() {
    auto id = static_cast<Id>(sets_.summaries_.size());
    uint64_t summary = 0;
    for (size_t i = 0; i < sets_.width_; ++i)
        if (now_[i] != no_rules)
            summary |= uint64_t{1} << i / sets_.stride();
    sets_.summaries_.push_back(summary);
    sets_.indices_.insert(sets_.indices_.end(), now_.begin(), now_.end());
    auto [known, is_new] = known_sets_.insert(id);
    if (!is_new) {
        sets_.summaries_.pop_back();
        sets_.indices_.resize(sets_.indices_.size() - sets_.width_);
    }
    return *known;
}

RuleSets RuleSets::Builder::finish() && {
    known_blocks_.clear();
    known_sets_.clear();
    sets_.blocks_.shrink_to_fit();
    sets_.indices_.shrink_to_fit();
    sets_.summaries_.shrink_to_fit();
    return std::move(sets_);
}

size_t RuleSets::Builder::BlockHash::operator()(uint32_t block) const {
    return hash_of(sets->blocks_[block].words);
}
bool RuleSets::Builder::BlockEqual::operator()(uint32_t a, uint32_t b) const {
    return sets->blocks_[a] == sets->blocks_[b];
}

namespace {

std::span<const uint32_t> slice(const std::vector<uint32_t>& indices, size_t set, size_t width) {
    return std::span(indices).subspan(set * width, width);
}

} // namespace

size_t RuleSets::Builder::SetHash::operator()(Id set) const {
    return hash_of(slice(sets->indices_, set, sets->width_));
}
bool RuleSets::Builder::SetEqual::operator()(Id a, Id b) const {
    return std::ranges::equal(slice(sets->indices_, a, sets->width_),
                              slice(sets->indices_, b, sets->width_));
}

} // namespace ringfence
