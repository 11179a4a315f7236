// Addresses that several ports may have: who has one, by row and by this host's own claims.
#include "builder_fixture.h"

namespace ringfence::test {

namespace {

const char* vrrp = "00:00:5e:00:01:05";

// web-0 here, web-1 and web-2 on b: all may have 10.0.0.50.
class VirtualAddressTest : public FabricBuilderTest {
protected:
    VirtualAddressTest() { put(segment("web", 5001)); }

    void add(const std::string& mac = "") {
        for (int number : {0, 1, 2}) {
            auto row = nic("web-" + std::to_string(number), "web",
                           "02:00:00:00:00:0" + std::to_string(number + 1),
                           "10.0.0." + std::to_string(number + 1));
            row.host = number ? "b" : "a";
            row.virtual_addresses["10.0.0.50"] = mac.empty() ? row.mac : mac;
            put(row);
        }
        plug("tap0", 0, "web-0");
    }
    void claim(const std::string& port, int64_t number) {
        facts_.claims[{id("web"), *IpAddr::from("10.0.0.50")}] = {port, number};
    }
    bool says(const std::string& line) {
        std::string text = fabric();
        return text.find(line + "\n") != text.npos;
    }
    std::string takeovers() {
        std::string text;
        for (const Takeover& one : builder_.take_takeovers())
            text += one.from + ">" + one.to + " ";
        return text;
    }
};

TEST_F(VirtualAddressTest, IsNobodysUntilARowOrAClaimSaysWhose) {
    add();
    EXPECT_TRUE(says("segment 0 10.0.0.50 virtual, nobody's"));
    put(virtual_address("10.0.0.50", "web", "web-1", 1));
    EXPECT_TRUE(says("segment 0 10.0.0.50 virtual, of 02:00:00:00:00:02"));
    EXPECT_TRUE(says("segment 0 10.0.0.50 is 02:00:00:00:00:02"));
    EXPECT_EQ(takeovers(), ">web-1 ");
    claim("web-0", 2); // announced here
    EXPECT_TRUE(says("segment 0 10.0.0.50 is 02:00:00:00:00:01"));
    EXPECT_TRUE(says("port 0 tap0 nic 02:00:00:00:00:01 in segment 0 10.0.0.1 has 10.0.0.50 by "
                     "02:00:00:00:00:01"));
    EXPECT_EQ(takeovers(), "web-1>web-0 ");
    put(virtual_address("10.0.0.50", "web", "web-2", 2)); // elsewhere at the same time: the row's
    EXPECT_TRUE(says("segment 0 10.0.0.50 is 02:00:00:00:00:03"));
    EXPECT_EQ(takeovers(), "web-0>web-2 ");
    put(virtual_address("10.0.0.50", "web", "", 0));
    facts_.claims.clear();
    EXPECT_TRUE(says("segment 0 10.0.0.50 virtual, nobody's"));
    EXPECT_EQ(fabric().find("10.0.0.50 is"), std::string::npos);
    EXPECT_EQ(takeovers(), "web-2> ");
}

TEST_F(VirtualAddressTest, ItsMacIsWhereItsHolderIsAndComesFromWhoeverMayHaveIt) {
    add(vrrp);
    EXPECT_TRUE(says("segment 0 00:00:5e:00:01:05 at nowhere"));
    put(virtual_address("10.0.0.50", "web", "web-1", 1));
    EXPECT_TRUE(says("segment 0 00:00:5e:00:01:05 at hop 0"));
    EXPECT_TRUE(says("segment 0 10.0.0.50 is 00:00:5e:00:01:05"));
    put(virtual_address("10.0.0.50", "web", "web-0", 2));
    EXPECT_TRUE(says("segment 0 00:00:5e:00:01:05 at port 0"));
    const Segment* web = builder_.finish()->segment(SegmentId(0));
    const MacAddr mac = *MacAddr::from(vrrp);
    EXPECT_TRUE(web->may_also_come_from(mac, NextHopId(0)));
    for (const char* name : {"web-1", "web-2"}) {
        auto row = *table<southbound::LogicalPort>().find(id(std::string("port ") + name));
        row.virtual_addresses.clear();
        put(row);
    }
    fabric();
    web = builder_.finish()->segment(SegmentId(0));
    EXPECT_FALSE(web->may_also_come_from(mac, NextHopId(0)));
}

TEST_F(VirtualAddressTest, IsOnlyWithWhoMayHaveItAndNoNicsOwn) {
    add();
    auto other = nic("other", "web", "02:00:00:00:00:09", "10.0.0.9");
    put(other);
    put(virtual_address("10.0.0.50", "web", "other", 1));
    EXPECT_TRUE(says("segment 0 10.0.0.50 virtual, nobody's"));
    put(virtual_address("10.0.0.50", "web", "web-1", 2));
    other.addresses = {"10.0.0.50"};
    put(other);
    EXPECT_TRUE(says("segment 0 10.0.0.50 is 02:00:00:00:00:09"));
    EXPECT_EQ(fabric().find("virtual,"), std::string::npos);
    erase(other);
    EXPECT_TRUE(says("segment 0 10.0.0.50 is 02:00:00:00:00:02"));
}

// The connections of who had it, and what others decided because of it.
TEST_F(VirtualAddressTest, AMoveIsAChangeEvenAtTheSameMac) {
    add(vrrp);
    put(virtual_address("10.0.0.50", "web", "web-1", 1));
    fabric();
    auto before = builder_.finish();
    put(virtual_address("10.0.0.50", "web", "web-0", 2));
    fabric();
    auto after = builder_.finish();
    std::vector<ObjectId> changed;
    ASSERT_TRUE(after->changes_since(
        before->serial(), [&](const Change& change) { changed.push_back(change.object); }));
    for (ObjectId object : {ObjectId(SegmentId(0), *IpAddr::from("10.0.0.50")),
                            ObjectId(SegmentId(0), *MacAddr::from(vrrp)), ObjectId(PortId(0))})
        EXPECT_NE(std::ranges::find(changed, object), changed.end());
}

TEST_F(VirtualAddressTest, ABadPairRejectsThePort) {
    auto row = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    row.virtual_addresses["10.0.0.50"] = "01:00:5e:00:00:12";
    put(row);
    fabric();
    EXPECT_EQ(builder_.trouble().at("port web-0"), "MAC 01:00:5e:00:00:12 is not one device's");
}

} // namespace

} // namespace ringfence::test
