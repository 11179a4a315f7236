// Row identities of OVSDB (RFC 4122 text form, 16 bytes in text order). For every room that touches
// a row.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "core/types/result.h"

namespace ringfence::ovsdb {

struct Uuid {
    std::array<uint8_t, 16> bytes{};

    // "550e8400-e29b-41d4-a716-446655440000", either case; anything else is an error that quotes
    // the text.
    [[nodiscard]] static Result<Uuid> from(std::string_view text);
    // Version 4, from the system's random source.
    static Uuid random();
    // The same text gives the same UUID, on every machine (version 5, RFC 4122 clause 4.3, name
    // space of our own).
    static Uuid named(std::string_view text);

    constexpr bool is_nil() const { return *this == Uuid{}; }
    constexpr auto operator<=>(const Uuid&) const = default;
};

std::string to_string(const Uuid& uuid); // lower case

} // namespace ringfence::ovsdb

template <> struct std::hash<ringfence::ovsdb::Uuid> {
    size_t operator()(const ringfence::ovsdb::Uuid& uuid) const noexcept {
        uint64_t high, low;
        std::memcpy(&high, uuid.bytes.data(), 8);
        std::memcpy(&low, uuid.bytes.data() + 8, 8);
        return high ^ low * 0x9e3779b97f4a7c15u;
    }
};
