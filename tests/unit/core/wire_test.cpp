#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "core/wire/checksum.h"
#include "core/wire/cursor.h"
#include "core/wire/ip.h"
#include "core/wire/neighbour.h"
#include "core/wire/vxlan.h"

namespace ringfence {

namespace {

// RFC 1071, 4.1, as plainly as it can be written.
uint16_t plain_checksum(const std::vector<uint8_t>& bytes) {
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes.size(); ++i)
        sum += i % 2 ? bytes[i] : uint32_t{bytes[i]} << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
}

// +0 and -0 are one number in one's complement.
bool same(uint16_t one, uint16_t other) {
    return one == other || (one == 0 && other == 0xffff) || (one == 0xffff && other == 0);
}

} // namespace

TEST(Checksum, EqualsThePlainOneOnAMillionRandomBuffers) {
    std::mt19937 random(1071);
    std::vector<uint8_t> bytes;
    for (int i = 0; i < 1'000'000; ++i) {
        bytes.resize(random() % 41);
        for (auto& byte : bytes)
            byte = static_cast<uint8_t>(random() % 4 ? random() : 0xff * (random() % 2));
        ASSERT_EQ(checksum(bytes.data(), bytes.size()), plain_checksum(bytes)) << "buffer " << i;
    }
}

TEST(Checksum, CorrectedForOneWordEqualsTheWholeOnAMillionRandomPackets) {
    std::mt19937 random(1624);
    for (int i = 0; i < 1'000'000; ++i) {
        std::vector<uint8_t> bytes(20);
        for (auto& byte : bytes)
            byte = static_cast<uint8_t>(random());
        uint16_t before = checksum(bytes.data(), bytes.size());
        size_t at = 2 * (random() % 10);
        auto old_word = static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
        auto new_word = static_cast<uint16_t>(i % 8 ? random() : 0xffffu * (random() % 2));
        bytes[at] = static_cast<uint8_t>(new_word >> 8);
        bytes[at + 1] = static_cast<uint8_t>(new_word);
        ASSERT_TRUE(
            same(checksum_after(before, old_word, new_word), checksum(bytes.data(), bytes.size())))
            << "packet " << i;
    }
}

TEST(Checksum, IsZeroOverBytesThatHoldTheRightOne) {
    // The example of RFC 1071, clause 3: the sum is ddf2.
    std::vector<uint8_t> bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(checksum(bytes.data(), bytes.size()), static_cast<uint16_t>(~0xddf2));
    bytes.insert(bytes.end(), {0x22, 0x0d});
    EXPECT_EQ(checksum(bytes.data(), bytes.size()), 0);
}

TEST(Cursor, NeverGivesAHeaderThatWouldEndBehindTheBuffer) {
    std::vector<uint8_t> bytes(20);
    for (size_t length = 0; length <= bytes.size(); ++length) {
        Cursor cursor(bytes.data(), length);
        EXPECT_EQ(cursor.take<Ipv4Header>() != nullptr, length >= 20);
        EXPECT_EQ(cursor.left(), length >= 20 ? 0 : length);
    }
}

TEST(Cursor, StaysWhereItIsWhenItCannotSkip) {
    uint8_t bytes[4] = {1, 2, 3, 4};
    Cursor cursor(bytes, sizeof bytes);
    EXPECT_FALSE(cursor.skip(5));
    EXPECT_EQ(cursor.data(), bytes);
    EXPECT_TRUE(cursor.skip(4));
    EXPECT_EQ(cursor.left(), 0u);
}

TEST(BigEndian, GoesOutAsItCameIn) {
    EXPECT_EQ(Be16(0x1234).host(), 0x1234);
    EXPECT_EQ(Be32(0x12345678).host(), 0x12345678u);
    uint8_t bytes[4];
    Be32 value(0x12345678);
    std::memcpy(bytes, &value, 4);
    EXPECT_EQ(bytes[0], 0x12);
    EXPECT_EQ(bytes[3], 0x78);
}

TEST(Ethernet, GivesMacsAsNumbers) {
    EthernetHeader header{};
    header.destination = MacAddr::from_u64(0x0123456789ab);
    header.source = MacAddr::from_u64(0xfedcba987654);
    header.set_type(0xffff);
    EXPECT_EQ(header.destination_bits(), 0x0123456789abu);
    EXPECT_EQ(header.source_bits(), 0xfedcba987654u);
}

TEST(Vxlan, CarriesEveryBitOfTheVniAndRefusesZero) {
    VxlanHeader header = VxlanHeader::without_vni();
    EXPECT_TRUE(header.has_vni());
    EXPECT_FALSE(header.vni());
    for (uint32_t value = 1; value <= Vni::max; value = value << 1 | 1) {
        header.set_vni(*Vni::from(value));
        ASSERT_EQ(header.vni()->value(), value);
    }
}

TEST(Ipv4, KeepsItsChecksumRightWhenTheEcnBitsChange) {
    auto header = Ipv4Header::make(Ipv4Addr{0x0a000001}, Ipv4Addr{0x0a000002}, 17, 64);
    auto* bytes = reinterpret_cast<uint8_t*>(&header);
    for (unsigned traffic_class = 0; traffic_class < 256; ++traffic_class)
        for (Ecn ecn : {Ecn::not_ect, Ecn::ect0, Ecn::ect1, Ecn::ce}) {
            header.set_traffic_class(static_cast<uint8_t>(traffic_class));
            header.set_checksum(0);
            header.set_checksum(checksum(bytes, sizeof header));
            header.set_ecn(ecn);
            EXPECT_EQ(header.ecn(), ecn);
            EXPECT_EQ(header.traffic_class() >> 2, traffic_class >> 2);
            EXPECT_EQ(checksum(bytes, sizeof header), 0);
        }
}

TEST(LinkLocal, FollowsFromTheMacAndBack) {
    auto mac = *MacAddr::from("02:11:22:33:44:55");
    EXPECT_EQ(to_string(eui64_link_local(mac)), "fe80::11:22ff:fe33:4455");
    EXPECT_EQ(mac_of_eui64(eui64_link_local(mac)), mac);
    EXPECT_FALSE(mac_of_eui64(*Ipv6Addr::from("fe80::11:22ff:ee33:4455")));
    EXPECT_FALSE(mac_of_eui64(*Ipv6Addr::from("fe80:1::11:22ff:fe33:4455")));
    EXPECT_EQ(to_string(solicited_node(*Ipv6Addr::from("fd00::12:3456"))), "ff02::1:ff12:3456");
}

} // namespace ringfence
