// Writes the options of a reply into room of a given size: one that does not fit whole is left out.
#pragma once

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "core/types/addresses.h"
#include "core/wire/cursor.h"

namespace ringfence {

// DHCPv4's. What is longer than one option holds becomes several of the same code (RFC 3396).
class OptionWriter4 {
public:
    // Keeps `reserved` bytes of the room for what comes last.
    OptionWriter4(std::span<uint8_t> room, size_t reserved)
        : room_(room), end_(room.size() - std::min(room.size(), reserved)) {}

    void release_reserve() { end_ = room_.size(); }
    static size_t size_of(size_t value) {
        return value + 2 * std::max<size_t>(1, (value + 254) / 255);
    }

    // Each code once; false: not written.
    bool put(uint8_t code, std::span<const uint8_t> value) {
        if (written_[code] || size_ + size_of(value.size()) > end_)
            return false;
        written_.set(code);
        do {
            auto piece = value.first(std::min<size_t>(255, value.size()));
            put_byte(code);
            put_byte(static_cast<uint8_t>(piece.size()));
            std::copy(piece.begin(), piece.end(), room_.begin() + static_cast<long>(size_));
            size_ += piece.size();
            value = value.subspan(piece.size());
        } while (!value.empty());
        return true;
    }
    bool put(uint8_t code, uint8_t value) { return put(code, std::span(&value, 1)); }
    bool put(uint8_t code, Be16 value) { return put_number(code, value); }
    bool put(uint8_t code, Be32 value) { return put_number(code, value); }
    bool put(uint8_t code, Ipv4Addr address) { return put(code, Be32(address.value)); }

    size_t size() const { return size_; }

private:
    template <class Number> bool put_number(uint8_t code, Number value) {
        uint8_t bytes[sizeof value];
        std::memcpy(bytes, &value, sizeof value);
        return put(code, bytes);
    }
    void put_byte(uint8_t byte) { room_[size_++] = byte; }

    std::span<uint8_t> room_;
    size_t end_, size_ = 0;
    std::bitset<256> written_;
};

// DHCPv6's (RFC 8415, 21.1), which may hold options themselves.
class OptionWriter6 {
public:
    explicit OptionWriter6(std::span<uint8_t> room) : room_(room) {}

    void put(uint16_t code, std::span<const uint8_t> value) {
        group(code, [&] { put_bytes(value); });
    }
    template <class Value> void put_value(uint16_t code, const Value& value) {
        group(code, [&] { put_field(value); });
    }
    // fill() puts what the option holds; where that does not fit, none of it is there.
    template <class Fill> void group(uint16_t code, Fill fill) {
        const size_t began = size_;
        const bool was_full = std::exchange(full_, false);
        put_field(Be16(code));
        put_field(Be16());
        fill();
        if (full_) {
            size_ = began;
        } else {
            Be16 length(static_cast<uint16_t>(size_ - began - 2 * sizeof(Be16)));
            std::memcpy(room_.data() + began + sizeof(Be16), &length, sizeof length);
        }
        full_ = was_full || full_;
    }

    // Inside of a group.
    template <class Field> void put_field(const Field& field) {
        static_assert(alignof(Field) == 1 && std::is_trivially_copyable_v<Field>);
        uint8_t bytes[sizeof field];
        std::memcpy(bytes, &field, sizeof field);
        put_bytes(bytes);
    }
    void put_bytes(std::span<const uint8_t> bytes) {
        full_ = full_ || bytes.size() > room_.size() - size_;
        if (full_)
            return;
        std::copy(bytes.begin(), bytes.end(), room_.begin() + static_cast<long>(size_));
        size_ += bytes.size();
    }
    size_t size() const { return size_; }

private:
    std::span<uint8_t> room_;
    size_t size_ = 0;
    bool full_ = false; // something of the group at hand did not fit
};

} // namespace ringfence
