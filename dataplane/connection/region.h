// The memory that a worker's connections live in: one named file, mapped shared, that a restarted
// daemon can take over. It holds indices and object ids only, so it may lie at any address. The
// file says in its first page what it is, and one that isn't what this program would make is
// refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/types/result.h"

namespace ringfence {

// One array of a region. Sections begin at 64-byte boundaries, in the order in which they are
// named.
struct Section {
    std::string_view name; // at most 23 characters
    uint32_t element_size; // bytes
    uint64_t count;
};

class Region {
public:
    // A fresh file, all zero, in place of whatever was there: on a tmpfs, or a hugetlbfs. All of
    // its memory is taken at once.
    [[nodiscard]] static Result<Region> create(const std::string& path,
                                               std::span<const Section> sections);
    // One that was made before, with its contents. An error names the file and the first thing that
    // differs from `sections`; the file is left alone.
    [[nodiscard]] static Result<Region> open(const std::string& path,
                                             std::span<const Section> sections);
    // Without a name, for tests and benchmarks: gone with the process. Memory is taken as it is
    // used.
    [[nodiscard]] static Result<Region> anonymous(std::span<const Section> sections);

    Region(Region&& other) noexcept;
    Region& operator=(Region&& other) noexcept;
    ~Region(); // unmaps; the file stays

    // The index-th of the sections that it was made with; T is what it consists of.
    template <class T> std::span<T> section(size_t index) {
        static_assert(std::is_trivially_copyable_v<T>);
        Place place = place_of(index);
        return {reinterpret_cast<T*>(place.address), place.count};
    }
    size_t bytes() const { return bytes_; } // mapped
    // Bytes of it that memory is taken for, as the kernel counts.
    size_t resident_bytes() const;

private:
    struct Place {
        std::byte* address;
        size_t count;
    };
    Region(std::byte* base, size_t bytes) : base_(base), bytes_(bytes) {}
    Place place_of(size_t index) const;

    std::byte* base_ = nullptr;
    size_t bytes_ = 0;
};

} // namespace ringfence
