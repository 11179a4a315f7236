// Echo requests turned around in place.
#include "edge-router/icmp/echo.h"

#include <gtest/gtest.h>

#include "tests/packet/frame.h"
#include "tests/unit/edge-router/icmp/packets.h"

namespace ringfence::test {

namespace {

const std::string there = "eth 02:00:00:00:00:01 > 02:00:00:00:00:0a / ",
                  back = "eth 02:00:00:00:00:0a > 02:00:00:00:00:01 / ";

void expect_turned(const std::string& request, const std::string& reply) {
    Bytes bytes = frame(there + request).bytes;
    EXPECT_TRUE(turn_into_echo_reply(bytes, 14)) << request;
    EXPECT_EQ(bytes, frame(back + reply).bytes) << request;
}

} // namespace

TEST(Echo, IsAnsweredWithWhatItBrought) {
    expect_turned("ip4 10.0.0.5 > 10.0.0.1 ttl 3 id 7 / icmp 8 id 9 seq 2 / count 56",
                  "ip4 10.0.0.1 > 10.0.0.5 ttl 64 id 7 / icmp 0 id 9 seq 2 / count 56");
    expect_turned("ip4 10.0.0.5 > 10.0.0.1 options 94040000 / icmp 8",
                  "ip4 10.0.0.1 > 10.0.0.5 options 94040000 / icmp 0");
    expect_turned("ip6 fd00::5 > fd00::1 hops 3 / icmp6 128 id 9 seq 2 / count 55",
                  "ip6 fd00::1 > fd00::5 hops 64 / icmp6 129 id 9 seq 2 / count 55");
    expect_turned("ip6 fd00::5 > fd00::1 / destination / icmp6 128",
                  "ip6 fd00::1 > fd00::5 hops 64 / destination / icmp6 129");
}

TEST(Echo, OfNothingButZerosIsAnsweredAsWell) {
    expect_turned("ip4 10.0.0.5 > 10.0.0.1 / icmp 8 id 0 seq 0",
                  "ip4 10.0.0.1 > 10.0.0.5 / icmp 0 id 0 seq 0");
}

TEST(Echo, InFragmentsIsAnsweredFragmentByFragment) {
    expect_turned("ip4 10.0.0.5 > 10.0.0.1 id 7 slice 0 1400 / icmp 8 / count 2000",
                  "ip4 10.0.0.1 > 10.0.0.5 id 7 slice 0 1400 / icmp 0 / count 2000");
    expect_turned("ip4 10.0.0.5 > 10.0.0.1 id 7 slice 1400 2008 / icmp 8 / count 2000",
                  "ip4 10.0.0.1 > 10.0.0.5 id 7 slice 1400 2008 proto 1 / icmp 0 / count 2000");
    expect_turned("ip6 fd00::5 > fd00::1 / fragment slice 0 1200 / icmp6 128 / count 2000",
                  "ip6 fd00::1 > fd00::5 hops 64 / fragment slice 0 1200 / icmp6 129 / count 2000");
    expect_turned(
        "ip6 fd00::5 > fd00::1 / fragment slice 1200 2008 / icmp6 128 / count 2000",
        "ip6 fd00::1 > fd00::5 hops 64 / fragment slice 1200 2008 / icmp6 129 / count 2000");
}

TEST(Echo, ThatCameDamagedIsAnsweredDamaged) {
    expect_turned("ip4 10.0.0.5 > 10.0.0.1 / icmp 8 bad-checksum / \"abc\"",
                  "ip4 10.0.0.1 > 10.0.0.5 / icmp 0 bad-checksum / \"abc\"");
}

TEST(Echo, IsNothingElse) {
    for (const char* packet :
         {"ip4 10.0.0.5 > 10.0.0.1 / icmp 0", "ip4 10.0.0.5 > 10.0.0.1 / icmp 13",
          "ip4 10.0.0.5 > 10.0.0.1 / udp 8 > 8",
          "ip4 10.0.0.5 > 10.0.0.1 proto 58 / hex 8000000000000000",
          "ip6 fd00::5 > fd00::1 / icmp6 129", "ip6 fd00::5 > fd00::1 / tcp 1 > 2",
          "ip6 fd00::5 > fd00::1 next 1 / hex 0800000000000000"}) {
        Bytes before = frame(there + packet).bytes, bytes = before;
        EXPECT_FALSE(turn_into_echo_reply(bytes, 14)) << packet;
        EXPECT_EQ(bytes, before) << packet;
    }
}

TEST(Echo, CutAnywhereIsLeftAlone) {
    for (const char* packet : {"ip4 10.0.0.5 > 10.0.0.1 options 94040000 / icmp 8",
                               "ip6 fd00::5 > fd00::1 / hop-by-hop / icmp6 128"}) {
        Bytes whole = frame(there + packet).bytes;
        for (size_t size = 0; size < whole.size(); ++size) {
            Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));
            cut.shrink_to_fit();
            EXPECT_FALSE(turn_into_echo_reply(cut, 14)) << packet << " cut to " << size;
        }
    }
}

template <class Address> void expect_right_replies(Random& random) {
    for (int i = 0; i < 50'000; ++i) {
        Tuple<Address> tuple = random_tuple<Address>(random);
        tuple.protocol = icmp_of(tuple.source);
        Bytes bytes(14);
        append(bytes, packet_of(tuple, random_bytes(random, random() % 64),
                                random_options<Address>(random)));
        ASSERT_TRUE(turn_into_echo_reply(bytes, 14));
        ASSERT_EQ(wrong(behind(bytes, 14)), "") << i;
    }
}

TEST(Echo, HasRightChecksumsWhateverItBrings) {
    Random random(2);
    expect_right_replies<Ipv4Addr>(random);
    expect_right_replies<Ipv6Addr>(random);
}

} // namespace ringfence::test
