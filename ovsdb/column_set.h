// A set of columns of one table, as bits. Generated rows name theirs Row::Columns.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringfence::ovsdb {

template <class Column, size_t count> class ColumnSet {
public:
    static_assert(count <= 64, "a table of more than 64 columns needs a wider set");

    constexpr ColumnSet() = default;
    constexpr ColumnSet(Column column) : bits_(uint64_t{1} << static_cast<unsigned>(column)) {}
    static constexpr ColumnSet from_bits(uint64_t bits) {
        ColumnSet set;
        set.bits_ = bits & all().bits_;
        return set;
    }
    static constexpr ColumnSet all() {
        ColumnSet set;
        set.bits_ = count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
        return set;
    }

    constexpr bool contains(Column column) const { return (bits_ & ColumnSet(column).bits_) != 0; }
    constexpr bool intersects(ColumnSet other) const { return (bits_ & other.bits_) != 0; }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr uint64_t bits() const { return bits_; } // bit n: the schema's column n
    constexpr ColumnSet without(ColumnSet other) const { return from_bits(bits_ & ~other.bits_); }
    constexpr ColumnSet operator|(ColumnSet other) const { return from_bits(bits_ | other.bits_); }
    constexpr ColumnSet& operator|=(ColumnSet other) { return *this = *this | other; }
    constexpr bool operator==(const ColumnSet&) const = default;

private:
    uint64_t bits_ = 0;
};

} // namespace ringfence::ovsdb
