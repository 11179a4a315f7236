// An option's value as it is gathered from a message, in place: a few bytes, or some hundred.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ringfence {

template <size_t most> class OptionBytes {
public:
    // False, and nothing is added, where it would be more than fits.
    bool append(std::span<const uint8_t> bytes) {
        present_ = true;
        if (bytes.size() > most - size_)
            return false;
        std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<long>(size_));
        size_ += bytes.size();
        return true;
    }
    bool present() const { return present_; } // perhaps empty
    size_t size() const { return size_; }
    std::span<const uint8_t> bytes() const { return std::span(bytes_).first(size_); }

private:
    std::array<uint8_t, most> bytes_;
    size_t size_ = 0;
    bool present_ = false;
};

} // namespace ringfence
