#include <gtest/gtest.h>

#include "core/types/addresses.h"

namespace ringfence {

TEST(MacAddr, ParsesAndPrintsLowerCase) {
    auto mac = MacAddr::from("02:00:AB:cd:00:1f");
    ASSERT_TRUE(mac);
    EXPECT_EQ(to_string(*mac), "02:00:ab:cd:00:1f");
    EXPECT_EQ(MacAddr::from_u64(mac->to_u64()), *mac);
}

TEST(MacAddr, RefusesWhatIsNotOne) {
    for (const char* text : {"", "02", "02:00:00:00:00:0", "02:00:00:00:00:0g", "02-00-00-00-00-01",
                             "02:00:00:00:00:01:02", "020000000001xxxxx"})
        EXPECT_FALSE(MacAddr::from(text)) << text;
}

TEST(IpAddr, ParsesBothFamiliesAndNothingElse) {
    EXPECT_EQ(to_string(*IpAddr::from("10.0.0.5")), "10.0.0.5");
    EXPECT_EQ(to_string(*IpAddr::from("FD00:0:0::1")), "fd00::1");
    using namespace std::string_view_literals;
    for (std::string_view text :
         {""sv, "10.0.0"sv, "10.0.0.256"sv, "fd00::1::2"sv, "10.0.0.1 "sv, "10.0.0.1\0x"sv})
        EXPECT_FALSE(IpAddr::from(text)) << text;
}

TEST(IpPrefix, RefusesHostBitsAndNamesTheSubnet) {
    auto prefix = IpPrefix::from("10.0.0.5/24");
    ASSERT_FALSE(prefix);
    EXPECT_EQ(prefix.error().text, "10.0.0.5/24 has host bits set; the subnet is 10.0.0.0/24");
    EXPECT_FALSE(IpPrefix::from("10.0.0.0/33"));
    EXPECT_FALSE(IpPrefix::from("fd00::/129"));
    EXPECT_FALSE(IpPrefix::from("10.0.0.0/"));
    EXPECT_FALSE(IpPrefix::from("10.0.0.0/-1"));
}

TEST(IpPrefix, ContainsItsOwnFamilyOnly) {
    auto v4 = *IpPrefix::from("10.0.0.0/23");
    EXPECT_TRUE(v4.contains(*IpAddr::from("10.0.1.255")));
    EXPECT_FALSE(v4.contains(*IpAddr::from("10.0.2.0")));
    EXPECT_FALSE(v4.contains(*IpAddr::from("::a00:1")));
    auto v6 = *IpPrefix::from("fd00:0:0:10::/60");
    EXPECT_TRUE(v6.contains(*IpAddr::from("fd00:0:0:1f::1")));
    EXPECT_FALSE(v6.contains(*IpAddr::from("fd00:0:0:20::1")));
    EXPECT_TRUE(IpPrefix::from("0.0.0.0/0")->contains(*IpAddr::from("255.255.255.255")));
}

TEST(IpPrefix, OverlapsWhenOneContainsTheOther) {
    auto wide = *IpPrefix::from("10.0.0.0/16"), narrow = *IpPrefix::from("10.0.3.0/24");
    EXPECT_TRUE(wide.overlaps(narrow));
    EXPECT_TRUE(narrow.overlaps(wide));
    EXPECT_FALSE(narrow.overlaps(*IpPrefix::from("10.0.4.0/24")));
}

} // namespace ringfence
