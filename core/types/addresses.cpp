#include "core/types/addresses.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

namespace ringfence {

namespace {

// The bytes of an address with everything behind the first `length` bits cleared.
template <size_t N> std::array<uint8_t, N> masked(std::array<uint8_t, N> bytes, unsigned length) {
    for (unsigned i = 0; i < N; ++i) {
        unsigned keep = length > 8 * i ? std::min(length - 8 * i, 8u) : 0;
        bytes[i] = static_cast<uint8_t>(bytes[i] & (0xff00u >> keep));
    }
    return bytes;
}

Ipv4Addr masked(Ipv4Addr address, unsigned length) {
    return Ipv4Addr{length == 0 ? 0 : address.value & ~uint32_t{0} << (32 - length)};
}

IpAddr masked(const IpAddr& address, unsigned length) {
    if (const auto* v4 = address.v4())
        return masked(*v4, length);
    return Ipv6Addr{masked(address.v6()->bytes, length)};
}

std::optional<uint8_t> hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return static_cast<uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f')
        return static_cast<uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return static_cast<uint8_t>(c - 'A' + 10);
    return std::nullopt;
}

} // namespace

Result<MacAddr> MacAddr::from(std::string_view text) {
    auto bad = [&] { return fail("\"{}\" is not a MAC address (like 02:00:00:00:00:01)", text); };
    if (text.size() != 17)
        return bad();
    MacAddr mac;
    for (size_t i = 0; i < 6; ++i) {
        auto high = hex_digit(text[3 * i]), low = hex_digit(text[3 * i + 1]);
        if (!high || !low || (i < 5 && text[3 * i + 2] != ':'))
            return bad();
        mac.bytes[i] = static_cast<uint8_t>(*high << 4 | *low);
    }
    return mac;
}

Result<Ipv4Addr> Ipv4Addr::from(std::string_view text) {
    in_addr parsed;
    if (inet_pton(AF_INET, std::string(text).c_str(), &parsed) != 1 || text.find('\0') != text.npos)
        return fail("\"{}\" is not an IPv4 address", text);
    return Ipv4Addr{ntohl(parsed.s_addr)};
}

Result<Ipv6Addr> Ipv6Addr::from(std::string_view text) {
    Ipv6Addr address;
    if (inet_pton(AF_INET6, std::string(text).c_str(), address.bytes.data()) != 1 ||
        text.find('\0') != text.npos)
        return fail("\"{}\" is not an IPv6 address", text);
    return address;
}

Result<IpAddr> IpAddr::from(std::string_view text) {
    if (auto v4 = Ipv4Addr::from(text))
        return IpAddr(*v4);
    if (auto v6 = Ipv6Addr::from(text))
        return IpAddr(*v6);
    return fail("\"{}\" is not an IP address", text);
}

Result<IpPrefix> IpPrefix::from(std::string_view text) {
    auto slash = text.find('/');
    auto address = IpAddr::from(text.substr(0, slash));
    if (!address)
        return fail("\"{}\" is not a subnet (like 10.0.0.0/24)", text);
    unsigned length = address->is_v4() ? 32 : 128;
    if (slash != text.npos) {
        const char* end = text.data() + text.size();
        auto [stop, error] = std::from_chars(text.data() + slash + 1, end, length);
        if (error != std::errc() || stop != end)
            return fail("\"{}\" is not a subnet (like 10.0.0.0/24)", text);
    }
    return from(*address, length);
}

Result<IpPrefix> IpPrefix::from(IpAddr address, unsigned length) {
    unsigned longest = address.is_v4() ? 32 : 128;
    if (length > longest)
        return fail("{}/{}: the length is over {}", to_string(address), length, longest);
    IpAddr network = masked(address, length);
    if (network != address)
        return fail("{}/{} has host bits set; the subnet is {}/{}", to_string(address), length,
                    to_string(network), length);
    return IpPrefix(address, length);
}

bool IpPrefix::contains(const IpAddr& address) const {
    return address.is_v4() == address_.is_v4() && masked(address, length_) == address_;
}

bool IpPrefix::overlaps(const IpPrefix& other) const {
    return contains(other.address_) || other.contains(address_);
}

bool is_host_address(const IpAddr& address) {
    if (const Ipv4Addr* ip4 = address.v4())
        return ip4->value >> 24 != 0 && !ip4->is_loopback() && ip4->value >> 28 < 0xe;
    const Ipv6Addr& ip6 = *address.v6();
    constexpr std::array<uint8_t, 10> zeros{}; // of ::, ::1 and ::ffff:0:0/96
    return std::memcmp(ip6.bytes.data(), zeros.data(), zeros.size()) != 0 && !ip6.is_multicast() &&
           !ip6.is_link_local();
}

std::string to_string(const MacAddr& mac) {
    const auto& b = mac.bytes;
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b[0], b[1], b[2], b[3], b[4],
                       b[5]);
}

std::string to_string(const Ipv4Addr& address) {
    uint32_t v = address.value;
    return fmt::format("{}.{}.{}.{}", v >> 24, v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff);
}

std::string to_string(const Ipv6Addr& address) {
    char text[INET6_ADDRSTRLEN];
    return inet_ntop(AF_INET6, address.bytes.data(), text, sizeof text);
}

std::string to_string(const IpAddr& address) {
    return address.is_v4() ? to_string(*address.v4()) : to_string(*address.v6());
}

std::string to_string(const IpPrefix& prefix) {
    return fmt::format("{}/{}", to_string(prefix.address()), prefix.length());
}

} // namespace ringfence
