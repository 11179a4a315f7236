// What tells VMs where a router is.
#include "edge-router/icmp/announcement.h"

#include <gtest/gtest.h>

#include "tests/packet/frame.h"
#include "tests/unit/edge-router/icmp/packets.h"

namespace ringfence::test {

namespace {

const MacAddr mac = *MacAddr::from("02:52:46:00:00:01");

Bytes announcement(const char* address, bool router) {
    Bytes room(max_announcement_frame);
    room.resize(build_announcement(room, mac, *IpAddr::from(address), router));
    return room;
}

} // namespace

TEST(Announcement, IsGratuitousArp) {
    EXPECT_EQ(announcement("10.0.0.1", true),
              frame("eth 02:52:46:00:00:01 > ff:ff:ff:ff:ff:ff / arp request 02:52:46:00:00:01 "
                    "10.0.0.1 > 00:00:00:00:00:00 10.0.0.1")
                  .bytes);
}

TEST(Announcement, IsAnUnsolicitedAdvertisement) {
    const std::string begin =
        "eth 02:52:46:00:00:01 > 33:33:00:00:00:01 / ip6 fd00::1 > ff02::1 / ";
    EXPECT_EQ(announcement("fd00::1", true),
              frame(begin + "na fd00::1 flags 0xa0000000 tll 02:52:46:00:00:01").bytes);
    EXPECT_EQ(announcement("fd00::1", false),
              frame(begin + "na fd00::1 flags 0x20000000 tll 02:52:46:00:00:01").bytes);
}

TEST(Announcement, NeedsRoom) {
    Bytes room(41);
    EXPECT_EQ(build_announcement(room, mac, Ipv4Addr{1}, true), 0u);
    room.resize(85);
    EXPECT_EQ(build_announcement(room, mac, Ipv6Addr{}, true), 0u);
}

TEST(Announcement, HasRightChecksumsForAnyAddress) {
    Random random(4);
    for (int i = 0; i < 100'000; ++i) {
        Bytes room(max_announcement_frame);
        build_announcement(room, mac, random_address<Ipv6Addr>(random), i % 2);
        ASSERT_EQ(wrong(behind(room, 14)), "") << i;
    }
}

} // namespace ringfence::test
