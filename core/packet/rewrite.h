// Rewrite: what a connection's packets become in one direction, however many routers and
// translations stand on the way: addresses and ports, and what that does to the checksums, computed
// once (RFC 1624) and applied in a dozen instructions. 16 bytes for IPv4, 40 for IPv6.
//
//     auto out = Rewrite4::make(as_the_port_sees_it, as_the_fabric_sees_it);
//     out.apply(hops, data + l3, has_l4 ? data + l4 : nullptr, protocol);
//
// What ICMP errors quote is not its business, nor are MACs, which it shares with no checksum.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "core/packet/tuple.h"
#include "core/types/addresses.h"
#include "core/wire/ip.h"

namespace ringfence {

// What is to be added to a sum of 16-bit words, of which some have changed (RFC 1624, equation 3:
// ~m + m', over all of them). Words are read as this machine reads them: the sum does not mind.
class ChecksumDelta {
public:
    void replace(const uint8_t* before, const uint8_t* after, size_t even_length) {
        for (size_t i = 0; i < even_length; i += 2) {
            uint16_t old, now;
            std::memcpy(&old, before + i, 2);
            std::memcpy(&now, after + i, 2);
            replace(old, now);
        }
    }
    void replace(uint16_t before, uint16_t after) {
        sum_ += static_cast<uint16_t>(~before) + uint32_t{after};
    }
    uint16_t folded() const { return fold(sum_); }

    // The checksum of what has changed so, from the one of what was before.
    static uint16_t applied(uint16_t checksum, uint32_t delta) {
        return static_cast<uint16_t>(~fold(static_cast<uint16_t>(~checksum) + delta));
    }

private:
    static uint16_t fold(uint32_t sum) {
        sum = (sum & 0xffff) + (sum >> 16);
        return static_cast<uint16_t>(sum + (sum >> 16));
    }
    uint32_t sum_ = 0;
};

// Where a transport header has its checksum and its ports, in bytes.
struct L4Layout {
    uint8_t checksum = 0; // 0: a protocol in which nothing is to be changed
    uint8_t ports = 0;    // of ICMP the identifier, and two bytes more

    static constexpr L4Layout of(uint8_t protocol) {
        switch (protocol) {
        case ip_protocol::tcp:
            return {16, 0};
        case ip_protocol::udp:
            return {6, 0};
        case ip_protocol::icmp:
        case ip_protocol::icmp6:
            return {2, 4};
        default:
            return {};
        }
    }
};

template <class Address> class Rewrite {
public:
    // Both of the same protocol. Of ICMP queries the identifier changes, once; what only the
    // protocol's own header knows (GRE, ESP) stays as it is.
    static Rewrite make(const Tuple<Address>& before, const Tuple<Address>& after);

    // l3: the IP header, of which the TTL or hop limit is larger than hops. l4: the header behind
    // it, whole; nullptr where the packet has none (later fragments).
    void apply(uint8_t hops, uint8_t* l3, uint8_t* l4, uint8_t protocol) const {
        apply_to_l3(hops, l3);
        if (l4) [[likely]]
            apply_to_l4(l4, protocol);
    }

    bool operator==(const Rewrite&) const = default;

private:
    void apply_to_l3(uint8_t hops, uint8_t* l3) const;
    void apply_to_l4(uint8_t* l4, uint8_t protocol) const;

    std::array<uint8_t, 2 * sizeof(Address)> addresses_; // source, destination, as they lie there
    std::array<uint16_t, 2> ports_; // the bits of both that change, as they lie there
    uint16_t header_delta_, l4_delta_;
};

using Rewrite4 = Rewrite<Ipv4Addr>;
using Rewrite6 = Rewrite<Ipv6Addr>;
static_assert(sizeof(Rewrite4) == 16 && sizeof(Rewrite6) == 40);

template <> inline void Rewrite<Ipv4Addr>::apply_to_l3(uint8_t hops, uint8_t* l3) const {
    constexpr size_t ttl = 8, header_checksum = 10, addresses = 12;
    std::memcpy(l3 + addresses, addresses_.data(), addresses_.size());
    l3[ttl] = static_cast<uint8_t>(l3[ttl] - hops);
    uint16_t sum; // the TTL is the low byte of its word, as this machine reads it
    std::memcpy(&sum, l3 + header_checksum, sizeof sum);
    sum = ChecksumDelta::applied(sum, header_delta_ + (0xffffu - hops));
    std::memcpy(l3 + header_checksum, &sum, sizeof sum);
}

template <> inline void Rewrite<Ipv6Addr>::apply_to_l3(uint8_t hops, uint8_t* l3) const {
    constexpr size_t hop_limit = 7, addresses = 8;
    std::memcpy(l3 + addresses, addresses_.data(), addresses_.size());
    l3[hop_limit] = static_cast<uint8_t>(l3[hop_limit] - hops);
}

// A UDP checksum of 0 is none, and stays so; one that comes to 0 is written as 0xffff (RFC 768).
template <class Address>
inline void Rewrite<Address>::apply_to_l4(uint8_t* l4, uint8_t protocol) const {
    const L4Layout layout = L4Layout::of(protocol);
    if (layout.checksum == 0) [[unlikely]]
        return;
    uint32_t ports, change;
    std::memcpy(&change, ports_.data(), sizeof change);
    std::memcpy(&ports, l4 + layout.ports, sizeof ports);
    ports ^= change;
    std::memcpy(l4 + layout.ports, &ports, sizeof ports);
    uint16_t before;
    std::memcpy(&before, l4 + layout.checksum, sizeof before);
    uint16_t after = ChecksumDelta::applied(before, l4_delta_);
    if (protocol == ip_protocol::udp) {
        after = after ? after : 0xffff;
        after = before ? after : 0;
    }
    std::memcpy(l4 + layout.checksum, &after, sizeof after);
}

} // namespace ringfence
