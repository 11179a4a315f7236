// Bytes on the wire: big-endian numbers, and the Cursor that turns bytes into headers. It is the
// only place that casts bytes to a header, and it never looks past the end. Header types consist of
// bytes alone, so they may lie at any address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace ringfence {

// A 16-bit number in network order. No arithmetic: host() and the constructor are the way out and
// in.
class Be16 {
public:
    constexpr Be16() = default;
    constexpr explicit Be16(uint16_t host)
        : bytes_{static_cast<uint8_t>(host >> 8), static_cast<uint8_t>(host)} {}
    constexpr uint16_t host() const { return static_cast<uint16_t>(bytes_[0] << 8 | bytes_[1]); }
    constexpr bool operator==(const Be16&) const = default;

private:
    uint8_t bytes_[2] = {};
};

// A 32-bit number in network order.
class Be32 {
public:
    constexpr Be32() = default;
    constexpr explicit Be32(uint32_t host)
        : bytes_{static_cast<uint8_t>(host >> 24), static_cast<uint8_t>(host >> 16),
                 static_cast<uint8_t>(host >> 8), static_cast<uint8_t>(host)} {}
    constexpr uint32_t host() const {
        return uint32_t{bytes_[0]} << 24 | uint32_t{bytes_[1]} << 16 | uint32_t{bytes_[2]} << 8 |
               bytes_[3];
    }
    constexpr bool operator==(const Be32&) const = default;

private:
    uint8_t bytes_[4] = {};
};

// Walks over bytes that belong to somebody else, front to back.
class Cursor {
public:
    Cursor(uint8_t* data, size_t length) : data_(data), left_(length) {}
    // For reading alone: nothing may be written through it.
    static Cursor over(std::span<const uint8_t> bytes) {
        return {const_cast<uint8_t*>(bytes.data()), bytes.size()};
    }

    // The header at the cursor, and past it; nullptr, and the cursor stays, where it does not fit.
    template <class Header> Header* take() {
        Header* header = peek<Header>();
        if (header)
            skip(sizeof(Header));
        return header;
    }
    template <class Header> Header* peek() const {
        static_assert(alignof(Header) == 1 && std::is_trivially_copyable_v<Header>);
        return left_ < sizeof(Header) ? nullptr : reinterpret_cast<Header*>(data_);
    }
    // False, and the cursor stays, where fewer bytes are left.
    bool skip(size_t bytes) {
        if (left_ < bytes)
            return false;
        data_ += bytes;
        left_ -= bytes;
        return true;
    }
    // Forgets what lies behind the next `bytes`: the end of a packet inside its frame.
    void limit(size_t bytes) {
        if (bytes < left_)
            left_ = bytes;
    }

    uint8_t* data() const { return data_; }
    size_t left() const { return left_; }

private:
    uint8_t* data_;
    size_t left_;
};

} // namespace ringfence
