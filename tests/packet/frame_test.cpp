// The grammar of frames: what packet tests expect is right by a routine of its own.
#include <gtest/gtest.h>

#include "tests/packet/checksums.h"
#include "tests/packet/frame.h"

namespace ringfence::test {

namespace {

using Bytes = std::vector<uint8_t>;

const std::string eth = "eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / ";

Bytes packet(const std::string& text) {
    Bytes bytes = frame(eth + text).bytes;
    return {bytes.begin() + 14, bytes.end()};
}

std::string wrong(const std::string& text) {
    Bytes bytes = packet(text);
    std::string names;
    for (const auto& name : wrong_checksums(bytes.data(), bytes.size()))
        names += (names.empty() ? "" : ", ") + name;
    return names;
}

} // namespace

// The example of RFC 1071, clause 3: 00 01 f2 03 f4 f5 f6 f7 add up to ddf2.
TEST(InternetSum, AddsUpTheExampleOfItsRfc) {
    Bytes bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(InternetSum().add(bytes).checksum(), static_cast<uint16_t>(~0xddf2));
}

TEST(Frame, HasRightChecksums) {
    for (const char* text :
         {"ip4 10.0.0.1 > 10.0.0.2 options 94040000 / udp 1 > 2 / \"odd\"",
          "ip4 10.0.0.1 > 10.0.0.2 / tcp 1 > 2 flags SA seq 7 ack 8 options 020405b4 / count 300",
          "ip4 10.0.0.1 > 10.0.0.2 / icmp 8 id 7 seq 9 / count 56",
          "ip4 10.0.0.9 > 10.0.0.1 / icmp 3 code 4 mtu 1400 / ip4 10.0.0.1 > 10.0.0.2 / tcp 1 > 2",
          "ip4 10.0.0.9 > 10.0.0.1 / icmp 11 quote 28 / ip4 10.0.0.1 > 10.0.0.2 / udp 1 > 2 / "
          "zeros 99",
          "ip6 fd00::1 > fd00::2 flow 7 / hop-by-hop / tcp 1 > 2 flags none",
          "ip6 fd00::1 > fd00::2 / icmp6 2 mtu 1280 / ip6 fd00::1 > fd00::2 / udp 1 > 2"})
        EXPECT_EQ(wrong(text), "") << text;
}

TEST(Frame, ShowsWrongChecksums) {
    EXPECT_EQ(wrong("ip4 10.0.0.1 > 10.0.0.2 bad-checksum / tcp 1 > 2 bad-checksum"),
              "IPv4 header, TCP");
    EXPECT_EQ(wrong("ip4 10.0.0.9 > 10.0.0.1 / icmp 11 bad-checksum / "
                    "ip4 10.0.0.1 > 10.0.0.2 bad-checksum / udp 1 > 2 bad-checksum"),
              "ICMP, quoted IPv4 header, quoted UDP");
    EXPECT_EQ(wrong("ip6 fd00::1 > fd00::2 / icmp6 128 bad-checksum"), "ICMP");
}

TEST(Frame, CutsADatagramIntoFragments) {
    Bytes whole = packet("ip4 10.0.0.1 > 10.0.0.2 id 7 / udp 1 > 2 / count 40");
    Bytes first = packet("ip4 10.0.0.1 > 10.0.0.2 id 7 slice 0 24 / udp 1 > 2 / count 40");
    Bytes last = packet("ip4 10.0.0.1 > 10.0.0.2 id 7 slice 24 48 / udp 1 > 2 / count 40");
    EXPECT_EQ((Bytes{first.begin() + 2, first.begin() + 8}), (Bytes{0, 44, 0, 7, 0x20, 0}));
    EXPECT_EQ((Bytes{last.begin() + 2, last.begin() + 8}), (Bytes{0, 44, 0, 7, 0, 3}));
    Bytes together(first.begin() + 20, first.end());
    together.insert(together.end(), last.begin() + 20, last.end());
    EXPECT_EQ(together, (Bytes{whole.begin() + 20, whole.end()}));

    Bytes six = packet("ip6 fd00::1 > fd00::2 / fragment slice 8 16 id 5 / udp 1 > 2 / count 40");
    EXPECT_EQ((Bytes{six.begin() + 40, six.end()}),
              (Bytes{17, 0, 0, 9, 0, 0, 0, 5, 0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(Frame, SetsTcpFieldsAndIcmpFields) {
    Bytes tcp = packet("ip4 10.0.0.1 > 10.0.0.2 / tcp 1 > 2 flags FRAC seq 0x01020304 ack 5 "
                       "window 6 urgent 7 options 0101");
    EXPECT_EQ((Bytes{tcp.begin() + 24, tcp.begin() + 36}),
              (Bytes{1, 2, 3, 4, 0, 0, 0, 5, 0x60, 0x95, 0, 6}));
    EXPECT_EQ((Bytes{tcp.begin() + 38, tcp.end()}), (Bytes{0, 7, 1, 1, 0, 0}));

    Bytes error = packet("ip4 10.0.0.9 > 10.0.0.1 / icmp 3 code 4 mtu 1400 quote 128 "
                         "extensions 20002000 / ip4 10.0.0.1 > 10.0.0.2 / udp 1 > 2");
    EXPECT_EQ(error.size(), 20u + 8 + 128 + 4);
    EXPECT_EQ((Bytes{error.begin() + 24, error.begin() + 28}), (Bytes{0, 32, 1400 >> 8, 0x78}));
    EXPECT_EQ(wrong("ip4 10.0.0.9 > 10.0.0.1 / icmp 3 quote 128 extensions 20002000 / "
                    "ip4 10.0.0.1 > 10.0.0.2 / udp 1 > 2"),
              "");
}

} // namespace ringfence::test
