// Writes headers one behind the other; for the builders of this folder.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace ringfence {

// Over room that was found large enough.
class Writer {
public:
    explicit Writer(std::span<uint8_t> room) : room_(room) {}

    template <class Header> void put(const Header& header) {
        static_assert(alignof(Header) == 1 && std::is_trivially_copyable_v<Header>);
        std::memcpy(room_.data() + size_, &header, sizeof header);
        size_ += sizeof header;
    }
    void put_bytes(std::span<const uint8_t> bytes) {
        std::copy(bytes.begin(), bytes.end(), room_.begin() + static_cast<long>(size_));
        size_ += bytes.size();
    }
    size_t size() const { return size_; } // bytes written

private:
    std::span<uint8_t> room_;
    size_t size_ = 0;
};

} // namespace ringfence
