// The Internet checksum as RFC 1071 describes it, word by word: for tests, which must not hold
// core/wire against itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ringfence::test {

class InternetSum {
public:
    // Adds 16-bit big-endian words with end-around carry; an odd last byte is a word's high one.
    InternetSum& add(const std::vector<uint8_t>& bytes) { return add(bytes.data(), bytes.size()); }
    InternetSum& add(const uint8_t* bytes, size_t length);
    uint16_t checksum() const { return static_cast<uint16_t>(~sum_); }

private:
    uint16_t sum_ = 0;
};

// Every checksum of an IP packet that is wrong, by name ("IPv4 header", "TCP", "quoted ICMP"...);
// empty where all are right. A UDP checksum of 0 over IPv4 says nothing and is right; of fragments
// only the header is looked at. In an ICMP error the quote's are looked at too: its IPv4 header's
// always, its upper layer's where the quote is whole.
std::vector<std::string> wrong_checksums(const uint8_t* ip, size_t length);

} // namespace ringfence::test
