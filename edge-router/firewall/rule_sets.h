// Sets of rules as bits, for the classifier: what is made of a rule set has one for each class of
// addresses, ports and protocols, and most of them differ from another in a few rules. So a set is
// a list of blocks of 512 bits, equal blocks are stored once, and so are equal sets:
//
//     10,000 rules, 20 blocks; a set costs 20 indices, and 64 bytes for each block that is its own
//
// What is derived from one set by changing n rules costs at most n blocks: memory is linear in what
// the rules say, also where somebody wants it not to be.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

namespace ringfence {

class RuleSets {
public:
    using Id = uint32_t;
    static constexpr Id empty = 0;
    static constexpr size_t block_bits = 512;
    struct alignas(64) Block {
        std::array<uint64_t, block_bits / 64> words{};
        bool operator==(const Block&) const = default;
    };
    class Builder;

    size_t blocks() const { return width_; } // of a set
    const Block& block(Id set, size_t i) const { return blocks_[indices_[set * width_ + i]]; }
    // Bit n is set where one of the blocks n * stride() and so on, stride() of them, has rules.
    uint64_t summary(Id set) const { return summaries_[set]; }
    size_t stride() const { return (width_ + 63) / 64; }

    size_t bytes() const; // heap

private:
    size_t width_ = 0;
    std::vector<Block> blocks_;
    std::vector<uint32_t> indices_; // width_ of them a set
    std::vector<uint64_t> summaries_;
};

// Makes sets; rules are numbered from 0.
class RuleSets::Builder {
public:
    explicit Builder(size_t rules);
    Builder(const Builder&) = delete;

    // The set that has the rules of another one, and these; or not these.
    Id with(Id base, std::span<const uint32_t> rules) { return changed(base, rules, {}); }
    Id changed(Id base, std::span<const uint32_t> added, std::span<const uint32_t> removed);
    RuleSets finish() &&;

private:
    // Blocks, and sets, are told apart by what they hold.
    struct BlockHash {
        const RuleSets* sets;
        size_t operator()(uint32_t block) const;
    };
    struct BlockEqual {
        const RuleSets* sets;
        bool operator()(uint32_t a, uint32_t b) const;
    };
    struct SetHash {
        const RuleSets* sets;
        size_t operator()(Id set) const;
    };
    struct SetEqual {
        const RuleSets* sets;
        bool operator()(Id a, Id b) const;
    };
    Block& own_block(size_t i);
    uint32_t keep(const Block& block);
    Id keep_set();

    RuleSets sets_;
    std::unordered_set<uint32_t, BlockHash, BlockEqual> known_blocks_;
    std::unordered_set<Id, SetHash, SetEqual> known_sets_;
    // The set that is made just now.
    std::vector<uint32_t> now_;
    std::vector<std::pair<size_t, Block>> open_; // its blocks that change
};

} // namespace ringfence
