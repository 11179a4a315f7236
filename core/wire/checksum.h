// The Internet checksum (RFC 1071): whole, and corrected for one changed word (RFC 1624).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/types/addresses.h"

namespace ringfence {

// A running one's complement sum of 16-bit big-endian words. Add any number of pieces of even
// length, at most one of odd length, and that last.
class ChecksumSum {
public:
    void add(uint16_t word) { sum_ += word; }
    void add(const uint8_t* bytes, size_t length);
    void add(const Ipv6Addr& address) { add(address.bytes.data(), address.bytes.size()); }
    // What goes into the header: the complement, in host order.
    uint16_t checksum() const { return static_cast<uint16_t>(~folded()); }
    // 0xffff over bytes that include a right checksum.
    uint16_t folded() const {
        uint64_t sum = (sum_ & 0xffffffff) + (sum_ >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return static_cast<uint16_t>((sum & 0xffff) + (sum >> 16));
    }

private:
    uint64_t sum_ = 0;
};

// The checksum of the bytes, to be stored where they hold 0; 0 when they hold the right one.
inline uint16_t checksum(const uint8_t* bytes, size_t length) {
    ChecksumSum sum;
    sum.add(bytes, length);
    return sum.checksum();
}

// The checksum after one aligned word under it changed from `before` to `after` (RFC 1624, equation
// 3: HC' = ~(~HC + ~m + m')).
constexpr uint16_t checksum_after(uint16_t checksum, uint16_t before, uint16_t after) {
    uint32_t sum =
        static_cast<uint16_t>(~checksum) + static_cast<uint16_t>(~before) + uint32_t{after};
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
}

// The sum over the IPv4 pseudo-header (RFC 9293, 3.1) of an upper-layer packet of `length` bytes.
ChecksumSum ipv4_pseudo_header(Ipv4Addr source, Ipv4Addr destination, uint8_t protocol,
                               uint16_t length);

// The sum over the IPv6 pseudo-header (RFC 8200, 8.1) of an upper-layer packet of `length` bytes.
ChecksumSum ipv6_pseudo_header(const Ipv6Addr& source, const Ipv6Addr& destination,
                               uint8_t protocol, uint32_t length);

inline void ChecksumSum::add(const uint8_t* bytes, size_t length) {
    uint64_t sum = 0; // of words as this machine reads them: swapping commutes with the sum
    for (; length >= 4; bytes += 4, length -= 4) {
        uint32_t word;
        std::memcpy(&word, bytes, 4);
        sum += word;
    }
    if (length >= 2) {
        uint16_t word;
        std::memcpy(&word, bytes, 2);
        sum += word;
        bytes += 2;
        length -= 2;
    }
    if (length)
        sum += *bytes; // the high byte of a big-endian word whose low byte is 0
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    static_assert(std::endian::native == std::endian::little);
    sum_ += __builtin_bswap16(static_cast<uint16_t>(sum));
}

} // namespace ringfence
