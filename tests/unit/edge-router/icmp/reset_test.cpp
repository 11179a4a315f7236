// Resets of connections that are cut, and of what is rejected.
#include "edge-router/icmp/reset.h"

#include <gtest/gtest.h>

#include "tests/packet/frame.h"
#include "tests/unit/edge-router/icmp/packets.h"

namespace ringfence::test {

namespace {

const std::string eth = "eth 02:00:00:00:00:0a > 02:00:00:00:00:01 / ";
const Link link{*MacAddr::from("02:00:00:00:00:0a"), *MacAddr::from("02:00:00:00:00:01")};

template <class Address> Bytes reset(const Tuple<Address>& tuple, const ResetNumbers& numbers) {
    Bytes room(max_tcp_reset_frame);
    room.resize(build_tcp_reset(room, link, tuple, numbers));
    return room;
}

TcpSegment segment(const std::string& text) {
    Bytes packet = behind(frame(eth + text).bytes, 14 + (text.starts_with("ip4") ? 20 : 40));
    auto read = TcpSegment::read(packet.data(), packet.size(), packet.size());
    EXPECT_TRUE(read) << text;
    return *read;
}

} // namespace

TEST(Reset, IsBuilt) {
    Tuple4 tuple{Ipv4Addr{0x0a000001}, Ipv4Addr{0x0a000005}, 80, 4000, 6};
    EXPECT_EQ(
        reset(tuple, {.sequence = 7, .acknowledgement = 9}),
        frame(eth + "ip4 10.0.0.1 > 10.0.0.5 df / tcp 80 > 4000 flags RA seq 7 ack 9 window 0")
            .bytes);
    EXPECT_EQ(
        reset(tuple, {.sequence = 0xffffffff, .acknowledgement = {}}),
        frame(eth + "ip4 10.0.0.1 > 10.0.0.5 df / tcp 80 > 4000 flags R seq 0xffffffff window 0")
            .bytes);
    Tuple6 six{*Ipv6Addr::from("fd00::1"), *Ipv6Addr::from("fd00::5"), 80, 4000, 6};
    EXPECT_EQ(
        reset(six, {.sequence = 7, .acknowledgement = 9}),
        frame(eth + "ip6 fd00::1 > fd00::5 hops 64 / tcp 80 > 4000 flags RA seq 7 ack 9 window 0")
            .bytes);
    Bytes small(53);
    EXPECT_EQ(build_tcp_reset(small, link, tuple, {}), 0u);
}

// RFC 9293, 3.10.7.1.
TEST(Reset, OfASegmentHasTheNumbersThatItsSenderExpects) {
    auto syn = reset_for_sender(segment("ip4 10.0.0.5 > 10.0.0.1 / tcp 1 > 2 flags S seq 100"));
    EXPECT_EQ(syn.sequence, 0u);
    EXPECT_EQ(syn.acknowledgement, 101u);
    auto data = reset_for_sender(
        segment("ip4 10.0.0.5 > 10.0.0.1 / tcp 1 > 2 flags PA seq 100 ack 500 / \"hello\""));
    EXPECT_EQ(data.sequence, 500u);
    EXPECT_EQ(data.acknowledgement, std::nullopt);
    auto fin = reset_for_sender(
        segment("ip6 fd00::5 > fd00::1 / tcp 1 > 2 flags F seq 0xffffffff options 0101 / \"x\""));
    EXPECT_EQ(fin.acknowledgement, 1u) << "sequence numbers wrap";
}

// RFC 5961, 3.2: an end takes a reset with exactly the sequence number that it expects next.
TEST(Reset, OfAConnectionHasTheNumbersThatItsEndsExpect) {
    TcpRecord record;
    auto say = [&](TcpEnd end, const std::string& text) {
        record.track(end, segment("ip4 10.0.0.5 > 10.0.0.1 / tcp 1 > 2 " + text), {});
    };
    say(TcpEnd::initiator, "flags S seq 100");
    EXPECT_EQ(reset_for(record, TcpEnd::initiator).acknowledgement, 101u) << "in SYN-SENT";
    say(TcpEnd::responder, "flags SA seq 500 ack 101");
    say(TcpEnd::initiator, "flags A seq 101 ack 501");
    say(TcpEnd::initiator, "flags PA seq 101 ack 501 / \"hello\"");
    say(TcpEnd::responder, "flags A seq 501 ack 106");
    EXPECT_EQ(reset_for(record, TcpEnd::initiator).sequence, 501u);
    EXPECT_EQ(reset_for(record, TcpEnd::initiator).acknowledgement, 106u);
    EXPECT_EQ(reset_for(record, TcpEnd::responder).sequence, 106u);
    EXPECT_EQ(reset_for(record, TcpEnd::responder).acknowledgement, 501u);
}

template <class Address> void expect_right_resets(Random& random) {
    for (int i = 0; i < 50'000; ++i) {
        Tuple<Address> tuple = random_tuple<Address>(random);
        tuple.protocol = 6;
        auto number = [&] { return static_cast<uint32_t>(random()); };
        ResetNumbers numbers{.sequence = number(), .acknowledgement = std::nullopt};
        if (random() % 2)
            numbers.acknowledgement = number();
        ASSERT_EQ(wrong(behind(reset(tuple, numbers), 14)), "") << i;
    }
}

TEST(Reset, HasRightChecksumsForAnyConnection) {
    Random random(3);
    expect_right_resets<Ipv4Addr>(random);
    expect_right_resets<Ipv6Addr>(random);
}

} // namespace ringfence::test
