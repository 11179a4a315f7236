// What a sender leaves to its network device: frames as text, checksums from the tests' own
// routine.
#include "dataplane/ports/offload.h"

#include <gtest/gtest.h>

#include "tests/packet/frame.h"

namespace ringfence::ports {

namespace {

using Bytes = std::vector<uint8_t>;
using Kind = LargeFrame::Kind;

const std::string eth = "eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / ";
const std::string tcp = "tcp 80 > 4000 flags ";

Bytes bytes_of(const std::string& text) { return test::frame(eth + text).bytes; }

std::vector<Bytes> split(const Bytes& frame, Kind kind, size_t size) {
    std::vector<Bytes> made;
    auto large = LargeFrame::of(frame, kind, size);
    for (size_t number = 0; large && number < large->count(); ++number) {
        made.emplace_back(large->length(number));
        EXPECT_LE(made.back().size(), large->longest());
        large->write(number, made.back().data());
    }
    return made;
}

} // namespace

TEST(LargeFrame, OfTcpIsManySegments) {
    EXPECT_EQ(
        split(bytes_of("ip4 10.0.0.1 > 10.0.0.5 id 7 df / " + tcp +
                       "152 seq 0xfffffffe ack 9 / \"abcdefgh\""), // PSH, ACK, CWR
              Kind::tcp, 3),
        (std::vector{
            bytes_of("ip4 10.0.0.1 > 10.0.0.5 id 7 df / " + tcp +
                     "144 seq 0xfffffffe ack 9 / \"abc\""),
            bytes_of("ip4 10.0.0.1 > 10.0.0.5 id 8 df / " + tcp + "16 seq 1 ack 9 / \"def\""),
            bytes_of("ip4 10.0.0.1 > 10.0.0.5 id 9 df / " + tcp + "24 seq 4 ack 9 / \"gh\"")}));
}

TEST(LargeFrame, KeepsTagsAndOptions) {
    EXPECT_EQ(split(bytes_of("vlan 5 / ip6 fd00::1 > fd00::5 / " + tcp +
                             "FA seq 1 options 01010101 / \"abcd\""),
                    Kind::tcp, 2),
              (std::vector{bytes_of("vlan 5 / ip6 fd00::1 > fd00::5 / " + tcp +
                                    "A seq 1 options 01010101 / \"ab\""),
                           bytes_of("vlan 5 / ip6 fd00::1 > fd00::5 / " + tcp +
                                    "FA seq 3 options 01010101 / \"cd\"")}));
}

TEST(LargeFrame, OfUdpIsManyDatagrams) {
    EXPECT_EQ(split(bytes_of("ip4 10.0.0.1 > 10.0.0.5 id 1 / udp 1 > 2 / \"abcde\""), Kind::udp, 3),
              (std::vector{bytes_of("ip4 10.0.0.1 > 10.0.0.5 id 1 / udp 1 > 2 / \"abc\""),
                           bytes_of("ip4 10.0.0.1 > 10.0.0.5 id 2 / udp 1 > 2 / \"de\"")}));
}

TEST(LargeFrame, IsNoneWhereTheFrameIsNotWhatItSays) {
    const Bytes good = bytes_of("ip4 10.0.0.1 > 10.0.0.5 / " + tcp + "A / \"abcd\"");
    EXPECT_TRUE(LargeFrame::of(good, Kind::tcp, 2));
    EXPECT_FALSE(LargeFrame::of(good, Kind::tcp, 0));
    EXPECT_FALSE(LargeFrame::of(good, Kind::udp, 2));
    for (size_t length = 0; length < good.size(); ++length)
        EXPECT_FALSE(LargeFrame::of(std::span(good).first(length), Kind::tcp, 2)) << length;
    for (const char* text :
         {"ip4 10.0.0.1 > 10.0.0.5 / tcp 80 > 4000 flags A", // nothing to split
          "ip4 10.0.0.1 > 10.0.0.5 / tcp 80 > 4000 flags A offset 4 / \"abcd\"",
          "ip4 10.0.0.1 > 10.0.0.5 / tcp 80 > 4000 flags A offset 15 / \"abcd\"",
          "ip4 10.0.0.1 > 10.0.0.5 ihl 4 / tcp 80 > 4000 flags A / \"abcd\"",
          "ip4 10.0.0.1 > 10.0.0.5 more / tcp 80 > 4000 flags A / \"abcd\"",
          "ip4 10.0.0.1 > 10.0.0.5 length 19 / tcp 80 > 4000 flags A / \"abcd\"",
          "ip6 fd00::1 > fd00::5 / destination / tcp 80 > 4000 flags A / \"abcd\"",
          "vlan 1 / vlan 2 / vlan 3 / ip4 10.0.0.1 > 10.0.0.5 / tcp 80 > 4000 flags A / \"abcd\""})
        EXPECT_FALSE(LargeFrame::of(bytes_of(text), Kind::tcp, 2)) << text;
}

TEST(Checksum, ThatIsOnlyBegunIsFinished) {
    const Bytes whole = bytes_of("ip4 10.0.0.1 > 10.0.0.5 / udp 1 > 2 / \"abcde\"");
    constexpr size_t udp = 34, field = 6;
    Bytes begun = whole; // the pseudo-header's sum: 0a00 0001 0a00 0005 0011 000d
    begun[udp + field] = 0x14;
    begun[udp + field + 1] = 0x24;
    ASSERT_TRUE(finish_checksum(begun, udp, field));
    EXPECT_EQ(begun, whole);
}

TEST(Checksum, OutsideOfTheFrameIsRefused) {
    Bytes frame(60);
    EXPECT_TRUE(finish_checksum(frame, 34, 24));
    EXPECT_FALSE(finish_checksum(frame, 34, 25));
    EXPECT_FALSE(finish_checksum(frame, 61, 0));
    EXPECT_FALSE(finish_checksum(frame, 60, 0));
    EXPECT_FALSE(finish_checksum(frame, 10, 65535));
}

} // namespace ringfence::ports
