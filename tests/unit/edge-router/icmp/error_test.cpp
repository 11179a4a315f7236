// What a router says about a packet that it can't pass on.
#include "edge-router/icmp/error.h"

#include <gtest/gtest.h>

#include "tests/packet/frame.h"
#include "tests/unit/edge-router/icmp/packets.h"

namespace ringfence::test {

namespace {

using Kind = IcmpProblem::Kind;

const std::string A = "02:00:00:00:00:01", R = "02:00:00:00:00:0a";
const std::string to_router = "eth " + A + " > " + R + " / ",
                  to_sender = "eth " + R + " > " + A + " / ";

IcmpErrorSender sender(const char* address) {
    return {*MacAddr::from(R), *MacAddr::from(A), *IpAddr::from(address)};
}

// The error about a frame, from the router's address.
Bytes error(const char* from, IcmpProblem problem, const std::string& frame_text) {
    Bytes room(max_icmp_error_frame);
    Bytes packet = behind(frame(frame_text).bytes, 14);
    room.resize(build_icmp_error(room, sender(from), problem, packet));
    return room;
}

bool may_answer(const std::string& text) { return may_answer_with_error(frame(text).bytes, 14); }

} // namespace

TEST(IcmpError, SaysWhatIsWrong) {
    const std::string udp = "ip4 10.0.0.5 > 192.0.2.9 ttl 1 / udp 4000 > 33434 / \"hello\"";
    struct {
        IcmpProblem problem;
        std::string says;
    } const rows[] = {{{Kind::time_exceeded}, "icmp 11 code 0"},
                      {{Kind::no_route}, "icmp 3 code 0"},
                      {{Kind::no_neighbour}, "icmp 3 code 1"},
                      {{Kind::no_protocol}, "icmp 3 code 2"},
                      {{Kind::no_port}, "icmp 3 code 3"},
                      {{Kind::prohibited}, "icmp 3 code 13"},
                      {{Kind::too_big, 1400}, "icmp 3 code 4 mtu 1400"},
                      {{Kind::too_big, 40}, "icmp 3 code 4 mtu 68"}};
    for (const auto& row : rows)
        EXPECT_EQ(
            error("10.0.0.1", row.problem, to_router + udp),
            frame(to_sender + "ip4 10.0.0.1 > 10.0.0.5 df tos 0xc0 / " + row.says + " / " + udp)
                .bytes)
            << row.says;
}

TEST(IcmpError, SaysWhatIsWrongInIpv6) {
    const std::string tcp = "ip6 fd00::5 > fd01::9 hops 1 / tcp 4000 > 80";
    struct {
        IcmpProblem problem;
        std::string says;
    } const rows[] = {
        {{Kind::time_exceeded}, "icmp6 3 code 0"},   {{Kind::no_route}, "icmp6 1 code 0"},
        {{Kind::no_neighbour}, "icmp6 1 code 3"},    {{Kind::no_protocol}, "icmp6 4 code 1 rest 6"},
        {{Kind::no_port}, "icmp6 1 code 4"},         {{Kind::prohibited}, "icmp6 1 code 1"},
        {{Kind::too_big, 1400}, "icmp6 2 mtu 1400"}, {{Kind::too_big, 1000}, "icmp6 2 mtu 1280"}};
    for (const auto& row : rows)
        EXPECT_EQ(
            error("fd00::1", row.problem, to_router + tcp),
            frame(to_sender + "ip6 fd00::1 > fd00::5 hops 64 / " + row.says + " / " + tcp).bytes)
            << row.says;
}

// RFC 1812, 4.3.2.3: as much as fits into 576 bytes; RFC 4443, 2.4 c: into 1280.
TEST(IcmpError, QuotesAsMuchAsEveryLinkCarries) {
    const std::string big = "ip4 10.0.0.5 > 192.0.2.9 df / udp 1 > 2 / count 1400";
    EXPECT_EQ(error("10.0.0.1", {Kind::too_big, 1400}, to_router + big),
              frame(to_sender +
                    "ip4 10.0.0.1 > 10.0.0.5 df tos 0xc0 / icmp 3 code 4 mtu 1400 quote "
                    "548 / " +
                    big)
                  .bytes);
    const std::string big6 = "ip6 fd00::5 > fd01::9 / udp 1 > 2 / count 1400";
    EXPECT_EQ(
        error("fd00::1", {Kind::too_big, 1400}, to_router + big6),
        frame(to_sender + "ip6 fd00::1 > fd00::5 hops 64 / icmp6 2 mtu 1400 quote 1232 / " + big6)
            .bytes);
}

TEST(IcmpError, QuotesNoPadding) {
    EXPECT_EQ(error("10.0.0.1", {Kind::no_route},
                    to_router + "ip4 10.0.0.5 > 10.9.0.1 / udp 1 > 2 | pad 60")
                  .size(),
              14u + 20 + 8 + 28);
}

TEST(IcmpError, IsNotMadeWhereItCannotBe) {
    const std::string udp = to_router + "ip4 10.0.0.5 > 10.9.0.1 / udp 1 > 2";
    EXPECT_TRUE(error("fd00::1", {Kind::no_route}, udp).empty()) << "of the other family";
    EXPECT_TRUE(error("10.0.0.1", {Kind::no_route}, udp + " | cut 30").empty()) << "half a header";
    EXPECT_TRUE(error("fd00::1", {Kind::no_protocol},
                      to_router + "ip6 fd00::5 > fd00::1 / destination / hex 00")
                    .empty())
        << "which header names the protocol is not known";
    Bytes room(69), packet = behind(frame(udp).bytes, 14);
    EXPECT_EQ(build_icmp_error(room, sender("10.0.0.1"), {Kind::no_route}, packet), 0u)
        << "no room";
}

TEST(IcmpError, AnswersOrdinaryPackets) {
    for (const char* packet :
         {"ip4 10.0.0.5 > 10.9.0.1 / udp 1 > 2", "ip4 10.0.0.5 > 10.9.0.1 / tcp 1 > 2",
          "ip4 10.0.0.5 > 10.9.0.1 / icmp 8", "ip4 10.0.0.5 > 10.9.0.1 / icmp 13",
          "ip4 10.0.0.5 > 10.9.0.1 more / udp 1 > 2", "ip4 10.0.0.5 > 10.9.0.1 proto 47",
          "ip6 fd00::5 > fd01::9 / tcp 1 > 2", "ip6 fd00::5 > fd01::9 / icmp6 128",
          "ip6 fd00::5 > fd01::9 / fragment 0 more / udp 1 > 2"})
        EXPECT_TRUE(may_answer(to_router + packet)) << packet;
}

// RFC 1122, 3.2.2; RFC 4443, 2.4 e.
TEST(IcmpError, AnswersNothingThatCouldMultiply) {
    for (const char* packet :
         {"ip4 10.0.0.5 > 10.9.0.1 / icmp 3 / ip4 10.9.0.1 > 10.0.0.5 / udp 1 > 2",
          "ip4 10.0.0.5 > 10.9.0.1 / icmp 4",
          "ip4 10.0.0.5 > 10.9.0.1 / icmp 5",
          "ip4 10.0.0.5 > 10.9.0.1 / icmp 11",
          "ip4 10.0.0.5 > 10.9.0.1 / icmp 12",
          "ip4 10.0.0.5 > 10.9.0.1 offset 8 proto 17 / zeros 8",
          "ip4 10.0.0.5 > 224.0.0.5 / udp 1 > 2",
          "ip4 10.0.0.5 > 255.255.255.255 / udp 1 > 2",
          "ip4 0.0.0.0 > 10.9.0.1 / udp 1 > 2",
          "ip4 127.0.0.1 > 10.9.0.1 / udp 1 > 2",
          "ip4 224.0.0.1 > 10.9.0.1 / udp 1 > 2",
          "ip4 255.255.255.255 > 10.9.0.1 / udp 1 > 2",
          "ip4 240.0.0.1 > 10.9.0.1 / udp 1 > 2",
          "ip6 fd00::5 > fd01::9 / icmp6 1",
          "ip6 fd00::5 > fd01::9 / icmp6 127",
          "ip6 fd00::5 > fd01::9 / icmp6 137",
          "ip6 fd00::5 > fd01::9 / destination / icmp6 3",
          "ip6 fd00::5 > fd01::9 / fragment 8 next 17 / zeros 8",
          "ip6 :: > fd01::9 / udp 1 > 2",
          "ip6 ::1 > fd01::9 / udp 1 > 2",
          "ip6 ff02::1 > fd01::9 / udp 1 > 2",
          "ip6 fd00::5 > ff0e::1 / udp 1 > 2"})
        EXPECT_FALSE(may_answer(to_router + packet)) << packet;
    EXPECT_FALSE(
        may_answer("eth " + A + " > ff:ff:ff:ff:ff:ff / ip4 10.0.0.5 > 10.9.0.1 / udp 1 > 2"));
    EXPECT_FALSE(may_answer("eth " + A + " > " + R + " / arp request " + A + " 10.0.0.5 > " + R +
                            " 10.0.0.1"));
}

TEST(IcmpError, DoesNotLookPastTheEnd) {
    for (const char* packet :
         {"ip4 10.0.0.5 > 10.9.0.1 options 94040000 / icmp 8",
          "ip6 fd00::5 > fd01::9 / hop-by-hop / destination / icmp6 128 / zeros 8"}) {
        Bytes whole = frame(to_router + packet).bytes;
        for (size_t size = 0; size < whole.size(); ++size) {
            Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));
            cut.shrink_to_fit();
            may_answer_with_error(cut, 14);
            Bytes room(max_icmp_error_frame);
            if (size >= 14)
                build_icmp_error(room, sender("fd00::1"), {Kind::no_route},
                                 std::span(cut).subspan(14));
        }
    }
}

template <class Address> void expect_right_errors(Random& random) {
    for (int i = 0; i < 50'000; ++i) {
        Bytes packet = random_packet<Address>(random);
        IcmpErrorSender from{*MacAddr::from(R), *MacAddr::from(A), random_address<Address>(random)};
        Bytes room(max_icmp_error_frame);
        room.resize(build_icmp_error(room, from, {static_cast<Kind>(random() % 7), 1400}, packet));
        if (!room.empty()) {
            ASSERT_EQ(wrong(behind(room, 14)), "") << i;
        }
    }
}

TEST(IcmpError, HasRightChecksumsAboutAnyPacket) {
    Random random(1);
    expect_right_errors<Ipv4Addr>(random);
    expect_right_errors<Ipv6Addr>(random);
}

} // namespace ringfence::test
