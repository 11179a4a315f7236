// IP packets made field by field, with checksums of the tests' own routine: what the builders and
// translators of edge-router/icmp are held against.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "core/packet/tuple.h"
#include "core/types/addresses.h"
#include "tests/packet/checksums.h"

namespace ringfence::test {

using Bytes = std::vector<uint8_t>;
using Random = std::mt19937;

inline void put16(Bytes& bytes, size_t at, unsigned value) {
    bytes[at] = static_cast<uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<uint8_t>(value);
}
inline void put32(Bytes& bytes, size_t at, uint32_t value) {
    put16(bytes, at, value >> 16);
    put16(bytes, at + 2, value & 0xffff);
}
inline void append(Bytes& packet, const Bytes& more) {
    std::copy(more.begin(), more.end(), std::back_inserter(packet));
}
inline Bytes bytes_of(Ipv4Addr address) {
    Bytes bytes(4);
    put32(bytes, 0, address.value);
    return bytes;
}
inline Bytes bytes_of(const Ipv6Addr& address) {
    return {address.bytes.begin(), address.bytes.end()};
}
inline Bytes random_bytes(Random& random, size_t n) {
    Bytes bytes(n);
    for (auto& byte : bytes)
        byte = static_cast<uint8_t>(random());
    return bytes;
}

// Addresses of single hosts.
template <class Address> Address random_address(Random& random);
template <> inline Ipv4Addr random_address(Random& random) {
    return Ipv4Addr{(1 + static_cast<uint32_t>(random()) % 126) << 24 |
                    (static_cast<uint32_t>(random()) & 0xffffff)};
}
template <> inline Ipv6Addr random_address(Random& random) {
    Ipv6Addr address;
    for (auto& byte : address.bytes)
        byte = static_cast<uint8_t>(random());
    address.bytes[0] = 0xfd;
    return address;
}

constexpr uint8_t icmp_of(const Ipv4Addr&) { return 1; }
constexpr uint8_t icmp_of(const Ipv6Addr&) { return 58; }

// The upper layer with its checksum, which lies at `at`; ICMP has no pseudo-header.
template <class Address>
void set_checksum(Bytes& l4, size_t at, const Address& source, const Address& destination,
                  uint8_t protocol) {
    InternetSum sum;
    if (protocol != 1) {
        sum.add(bytes_of(source)).add(bytes_of(destination));
        sum.add(
            {0, protocol, static_cast<uint8_t>(l4.size() >> 8), static_cast<uint8_t>(l4.size())});
    }
    put16(l4, at, 0);
    uint16_t checksum = sum.add(l4).checksum();
    put16(l4, at, protocol == 17 && checksum == 0 ? 0xffffu : checksum);
}

// `options`: of IPv4, a multiple of 4 bytes; of IPv6 an extension header before the upper layer.
inline Bytes ip_packet(Ipv4Addr source, Ipv4Addr destination, uint8_t protocol, const Bytes& l4,
                       const Bytes& options = {}) {
    Bytes ip(20);
    append(ip, options);
    ip[0] = static_cast<uint8_t>(0x45 + options.size() / 4);
    put16(ip, 2, static_cast<unsigned>(ip.size() + l4.size()));
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip, 12, source.value);
    put32(ip, 16, destination.value);
    put16(ip, 10, InternetSum().add(ip).checksum());
    append(ip, l4);
    return ip;
}
inline Bytes ip_packet(const Ipv6Addr& source, const Ipv6Addr& destination, uint8_t protocol,
                       const Bytes& l4, const Bytes& options = {}) {
    Bytes ip(40);
    ip[0] = 0x60;
    ip[6] = options.empty() ? protocol : uint8_t{60};
    ip[7] = 64;
    put16(ip, 4, static_cast<unsigned>(options.size() + l4.size()));
    std::copy(source.bytes.begin(), source.bytes.end(), ip.begin() + 8);
    std::copy(destination.bytes.begin(), destination.bytes.end(), ip.begin() + 24);
    append(ip, options);
    if (!options.empty()) {
        ip[40] = protocol;
        ip[41] = static_cast<uint8_t>(options.size() / 8 - 1);
    }
    append(ip, l4);
    return ip;
}

// A packet of the connection: TCP, UDP, an ICMP query, or anything else.
template <class Address>
Bytes packet_of(const Tuple<Address>& tuple, const Bytes& payload, const Bytes& options = {}) {
    Bytes l4(tuple.protocol == 6 ? 20 : 8);
    size_t checksum_at = 0;
    if (tuple.protocol == 6 || tuple.protocol == 17) {
        put16(l4, 0, tuple.source_port);
        put16(l4, 2, tuple.destination_port);
    }
    if (tuple.protocol == 6) {
        put32(l4, 4, 0x01020304);
        l4[12] = 0x50;
        checksum_at = 16;
    } else if (tuple.protocol == 17) {
        put16(l4, 4, static_cast<unsigned>(8 + payload.size()));
        checksum_at = 6;
    } else if (tuple.protocol == icmp_of(tuple.source)) {
        l4[0] = tuple.protocol == 1 ? 8 : 128;
        put16(l4, 4, tuple.source_port);
        checksum_at = 2;
    }
    append(l4, payload);
    if (checksum_at)
        set_checksum(l4, checksum_at, tuple.source, tuple.destination, tuple.protocol);
    return ip_packet(tuple.source, tuple.destination, tuple.protocol, l4, options);
}

// An ICMP error with this quote, right in all.
template <class Address>
Bytes error_packet(const Address& source, const Address& destination, uint8_t type, uint8_t code,
                   uint32_t rest, const Bytes& quote) {
    Bytes message(8);
    message[0] = type;
    message[1] = code;
    put32(message, 4, rest);
    append(message, quote);
    set_checksum(message, 2, source, destination, icmp_of(source));
    return ip_packet(source, destination, icmp_of(source), message);
}

template <class Address> Tuple<Address> random_tuple(Random& random) {
    static const uint8_t protocols[] = {6, 17, 17, icmp_of(Address{}), 47};
    Tuple<Address> tuple{.source = random_address<Address>(random),
                         .destination = random_address<Address>(random),
                         .protocol = protocols[random() % 5]};
    if (tuple.protocol == 47)
        return tuple;
    tuple.source_port = static_cast<uint16_t>(random());
    tuple.destination_port = static_cast<uint16_t>(random());
    if (tuple.protocol == icmp_of(tuple.source)) // an echo, packet_of() makes no other
        tuple.destination_port = tuple.protocol == 1 ? 8 << 8 : 128 << 8;
    return tuple;
}
template <class Address> Bytes random_options(Random& random) {
    bool four = sizeof(Address) == sizeof(Ipv4Addr);
    return Bytes(random() % 4 ? 0 : four ? 4 * (1 + random() % 10) : 8 * (1 + random() % 3), 0);
}
template <class Address> Bytes random_packet(Random& random) {
    return packet_of(random_tuple<Address>(random), random_bytes(random, random() % 64),
                     random_options<Address>(random));
}

inline std::string wrong(const Bytes& ip) {
    std::string names;
    for (const auto& name : wrong_checksums(ip.data(), ip.size()))
        names += name + " ";
    return names;
}
inline Bytes behind(const Bytes& bytes, size_t n) {
    return {bytes.begin() + static_cast<long>(n), bytes.end()};
}

} // namespace ringfence::test
