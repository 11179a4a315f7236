// MAC and IP addresses as values: parsed by from(), printed by to_string() in canonical form (lower
// case MACs, RFC 5952 for IPv6), compared, ordered and hashed. Text in, text out; the wire's bytes
// are core/wire's business.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "core/types/result.h"

namespace ringfence {

// An IEEE 802 MAC address, in wire order.
struct MacAddr {
    std::array<uint8_t, 6> bytes{};

    // "02:00:00:00:00:01"; anything else is an error that quotes the text.
    [[nodiscard]] static Result<MacAddr> from(std::string_view text);
    // The low 48 bits of value, the most significant byte first.
    static constexpr MacAddr from_u64(uint64_t value) {
        MacAddr mac;
        for (size_t i = 0; i < 6; ++i)
            mac.bytes[i] = static_cast<uint8_t>(value >> (40 - 8 * i));
        return mac;
    }
    static constexpr MacAddr broadcast() { return from_u64(0xffffffffffff); }

    constexpr uint64_t to_u64() const {
        if (!std::is_constant_evaluated()) { // two loads, not six
            uint32_t high;
            uint16_t low;
            std::memcpy(&high, bytes.data(), 4);
            std::memcpy(&low, bytes.data() + 4, 2);
            return uint64_t{__builtin_bswap32(high)} << 16 | __builtin_bswap16(low);
        }
        uint64_t value = 0;
        for (uint8_t byte : bytes)
            value = value << 8 | byte;
        return value;
    }
    constexpr bool is_group() const {
        return bytes[0] & 1;
    } // multicast or broadcast (IEEE 802-2014, 8.2)
    constexpr bool is_broadcast() const { return to_u64() == 0xffffffffffff; }
    constexpr bool is_zero() const { return to_u64() == 0; }
    constexpr auto operator<=>(const MacAddr&) const = default;
};

// An IPv4 address; value is in host order.
struct Ipv4Addr {
    uint32_t value = 0;

    [[nodiscard]] static Result<Ipv4Addr> from(std::string_view text);
    constexpr bool is_multicast() const { return value >> 28 == 0xe; }
    constexpr bool is_loopback() const { return value >> 24 == 127; }
    constexpr auto operator<=>(const Ipv4Addr&) const = default;
};

// An IPv6 address, in wire order.
struct Ipv6Addr {
    std::array<uint8_t, 16> bytes{};

    [[nodiscard]] static Result<Ipv6Addr> from(std::string_view text);
    constexpr bool is_multicast() const { return bytes[0] == 0xff; }
    constexpr bool is_link_local() const { return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80; }
    constexpr bool is_unspecified() const { return bytes == std::array<uint8_t, 16>{}; }
    constexpr auto operator<=>(const Ipv6Addr&) const = default;
};

// Either family.
class IpAddr {
public:
    constexpr IpAddr() = default;
    constexpr IpAddr(Ipv4Addr address) : address_(address) {}
    constexpr IpAddr(Ipv6Addr address) : address_(address) {}
    [[nodiscard]] static Result<IpAddr> from(std::string_view text);

    constexpr bool is_v4() const { return std::holds_alternative<Ipv4Addr>(address_); }
    constexpr const Ipv4Addr* v4() const { return std::get_if<Ipv4Addr>(&address_); }
    constexpr const Ipv6Addr* v6() const { return std::get_if<Ipv6Addr>(&address_); }
    constexpr auto operator<=>(const IpAddr&) const = default;

private:
    std::variant<Ipv4Addr, Ipv6Addr> address_;
};

// A subnet: host bits are zero, always. "10.0.0.0/24"; a missing length means one host.
class IpPrefix {
public:
    [[nodiscard]] static Result<IpPrefix> from(std::string_view text);
    // Host bits set, or a length over 32 or 128, is an error.
    [[nodiscard]] static Result<IpPrefix> from(IpAddr address, unsigned length);

    const IpAddr& address() const { return address_; }
    unsigned length() const { return length_; } // bits
    bool contains(const IpAddr& address) const; // never across families
    bool overlaps(const IpPrefix& other) const;
    auto operator<=>(const IpPrefix&) const = default;

private:
    IpPrefix(IpAddr address, unsigned length) : address_(address), length_(length) {}
    IpAddr address_;
    unsigned length_;
};

// True for what one host may be reached at from beyond its link: none of the unspecified, loopback,
// multicast and reserved addresses (RFC 6890), IPv6's link-local and IPv4-mapped ones neither.
bool is_host_address(const IpAddr& address);

std::string to_string(const MacAddr& mac);
std::string to_string(const Ipv4Addr& address);
std::string to_string(const Ipv6Addr& address);
std::string to_string(const IpAddr& address);
std::string to_string(const IpPrefix& prefix);

} // namespace ringfence

template <> struct std::hash<ringfence::MacAddr> {
    size_t operator()(const ringfence::MacAddr& mac) const noexcept {
        return mac.to_u64() * 0x9e3779b97f4a7c15u >> 16;
    }
};
template <> struct std::hash<ringfence::IpAddr> {
    size_t operator()(const ringfence::IpAddr& address) const noexcept {
        if (const auto* v4 = address.v4())
            return v4->value * 0x9e3779b97f4a7c15u >> 16;
        uint64_t high, low;
        std::memcpy(&high, address.v6()->bytes.data(), 8);
        std::memcpy(&low, address.v6()->bytes.data() + 8, 8);
        return (high * 31 + low) * 0x9e3779b97f4a7c15u >> 16;
    }
};
