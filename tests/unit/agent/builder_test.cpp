// Southbound rows and local facts in, the Fabric out, as text that can be read.
#include "builder_fixture.h"

namespace ringfence::test {

namespace {

TEST_F(FabricBuilderTest, OuterHeadersFollowTheSettings) {
    fabric();
    facts_.tunnel = {.udp_port = 8472, .copy_dscp = false};
    builder_.set_facts(facts_);
    EXPECT_EQ(builder_.finish()->tunnel(), facts_.tunnel);
    facts_.tunnel = {};
    builder_.set_facts(facts_);
    EXPECT_EQ(builder_.finish()->tunnel(), TunnelSettings());
}

TEST_F(FabricBuilderTest, PortWithoutIfaceIdIsUnbound) {
    plug("tap0", 3, "");
    EXPECT_EQ(fabric(), "port 3 tap0 unbound\n"
                        "hop 0 b 192.0.2.2 unresolved\n");
}

TEST_F(FabricBuilderTest, TwoNicsHereAndOneOnTheOtherHost) {
    put(segment("web", 5001));
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    auto web1 = nic("web-1", "web", "02:00:00:00:00:02", "10.0.0.2");
    web0.host = "a";
    web1.host = "b";
    put(web0);
    put(web1);
    plug("tap0", 0, "web-0");
    EXPECT_EQ(fabric(), "port 0 tap0 nic 02:00:00:00:00:01 in segment 0 10.0.0.1\n"
                        "hop 0 b 192.0.2.2 unresolved\n"
                        "segment 0 vni 5001 mtu 1450\n"
                        "segment 0 02:00:00:00:00:01 at port 0\n"
                        "segment 0 02:00:00:00:00:02 at hop 0\n"
                        "segment 0 10.0.0.1 is 02:00:00:00:00:01\n"
                        "segment 0 10.0.0.2 is 02:00:00:00:00:02\n"
                        "segment 0 floods hop 0\n"
                        "segment 0 floods port 0\n");
}

TEST_F(FabricBuilderTest, PluggedNicStaysOutOfItsSegmentUntilTheDatabaseBindsIt) {
    put(segment("web", 5001));
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    put(web0);
    plug("tap0", 0, "web-0");
    EXPECT_EQ(fabric(), "port 0 tap0 nic 02:00:00:00:00:01 10.0.0.1\n"
                        "hop 0 b 192.0.2.2 unresolved\n"
                        "segment 0 vni 5001 mtu 1450\n"
                        "segment 0 02:00:00:00:00:01 at nowhere\n"
                        "segment 0 10.0.0.1 is 02:00:00:00:00:01\n");
    EXPECT_EQ(builder_.binding("web-0")->mtu, 1450u);
    web0.host = "a";
    put(web0);
    EXPECT_NE(fabric().find("tap0 nic 02:00:00:00:00:01 in segment 0"), std::string::npos);
}

TEST_F(FabricBuilderTest, DeadVlanGetsNoFloods) {
    put(segment("web", 5001));
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    web0.host = "a";
    put(web0);
    plug("tap0", 0, "web-0");
    facts_.ports.at("tap0").dead_vlan = true;
    std::string text = fabric();
    EXPECT_NE(text.find("10.0.0.1 dead\n"), text.npos) << text;
    EXPECT_EQ(text.find("floods"), text.npos) << text;
}

TEST_F(FabricBuilderTest, RowsMayComeInAnyOrder) {
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    web0.host = "b";
    put(web0);
    fabric();
    EXPECT_EQ(builder_.without_segment(), std::vector<std::string>{"web-0"});
    put(segment("web", 5001));
    EXPECT_NE(fabric().find("segment 0 02:00:00:00:00:01 at hop 0"), std::string::npos);
    EXPECT_TRUE(builder_.without_segment().empty());
}

TEST_F(FabricBuilderTest, VtepLeavesTheFloodWithItsLastPort) {
    put(segment("web", 5001));
    auto one = nic("web-1", "web", "02:00:00:00:00:01", "10.0.0.1");
    auto two = nic("web-2", "web", "02:00:00:00:00:02", "10.0.0.2");
    one.host = two.host = "b";
    put(one);
    put(two);
    fabric();
    erase(one);
    EXPECT_NE(fabric().find("floods hop 0"), std::string::npos);
    erase(two);
    EXPECT_EQ(fabric().find("floods"), std::string::npos);
}

TEST_F(FabricBuilderTest, NicThatMovedMayStillComeFromItsOldHostForAWhile) {
    put(host("c", "192.0.2.3"));
    put(segment("web", 5001));
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    web0.host = "b";
    put(web0);
    fabric();
    web0.host = "c";
    put(web0);
    fabric();
    auto moves = builder_.take_moves();
    ASSERT_EQ(moves.size(), 1u);
    NextHopId b = *ids_.next_hops.find("b");
    auto allowed = [&] {
        const Segment* web = builder_.finish()->segment(*Vni::from(5001));
        return web->may_also_come_from(
            web0.mac == "02:00:00:00:00:01" ? *MacAddr::from(web0.mac) : MacAddr(), b);
    };
    EXPECT_TRUE(allowed());
    builder_.forget(moves.front());
    EXPECT_FALSE(allowed());
}

TEST_F(FabricBuilderTest, ANicMayComeFromItsCandidateToo) {
    put(host("c", "192.0.2.3"));
    put(segment("web", 5001));
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    web0.host = "b";
    web0.candidate = "c";
    put(web0);
    fabric();
    auto may_come_from = [&](const char* name) {
        const Segment* web = builder_.finish()->segment(*Vni::from(5001));
        return web->may_also_come_from(*MacAddr::from("02:00:00:00:00:01"),
                                       *ids_.next_hops.find(name));
    };
    EXPECT_TRUE(may_come_from("c"));
    EXPECT_NE(fabric().find("02:00:00:00:00:01 at hop 0"), std::string::npos) << "where it is";
    web0.candidate.reset();
    put(web0);
    EXPECT_FALSE(may_come_from("c"));
    web0.host = "c"; // it has moved
    put(web0);
    EXPECT_FALSE(may_come_from("c"));
    EXPECT_TRUE(may_come_from("b")) << "for a while";
}

TEST_F(FabricBuilderTest, ANicThatIsToMoveHereIsHereFromItsFirstFrameOn) {
    put(segment("web", 5001));
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    web0.host = "b";
    put(web0);
    plug("tap0", 0, "web-0");
    EXPECT_NE(fabric().find("elsewhere"), std::string::npos);
    facts_.ports.at("tap0").activated = true;
    EXPECT_NE(fabric().find("elsewhere"), std::string::npos) << "nobody has let it move here";
    web0.candidate = "a";
    put(web0);
    std::string text = fabric();
    EXPECT_EQ(text.find("elsewhere"), std::string::npos) << text;
    EXPECT_NE(text.find("02:00:00:00:00:01 at port 0"), std::string::npos) << text;
    web0.host = "a";
    web0.candidate.reset();
    put(web0);
    EXPECT_EQ(fabric(), text) << "the row confirms it";
    web0.host = "b";
    put(web0);
    EXPECT_NE(fabric().find("elsewhere"), std::string::npos) << "it has moved away";
}

TEST_F(FabricBuilderTest, BadRowKeepsItsLastGoodValueAndIsReported) {
    put(segment("web", 5001));
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    web0.host = "b";
    put(web0);
    std::string good = fabric();
    auto bad = web0;
    bad.mac = "rubbish";
    put(bad);
    auto other = nic("web-1", "web", "02:00:00:00:00:02", "10.0.0.2");
    put(other);
    std::string text = fabric();
    EXPECT_NE(text.find("02:00:00:00:00:01 at hop 0"), text.npos) << text;
    EXPECT_NE(text.find("02:00:00:00:00:02 at nowhere"), text.npos) << text;
    ASSERT_EQ(builder_.trouble().size(), 1u);
    EXPECT_TRUE(builder_.trouble().contains("port web-0"));
    erase(other);
    put(web0);
    EXPECT_EQ(fabric(), good);
    EXPECT_TRUE(builder_.trouble().empty());
}

TEST_F(FabricBuilderTest, WhatIsNotBuiltIsRefusedByName) {
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    web0.limits = {{"pps", 1}};
    put(web0);
    auto external = segment("out", 7);
    external.kind = "external";
    put(external);
    fabric();
    EXPECT_EQ(builder_.trouble().at("port web-0"), "limit pps is not one that this version knows");
    EXPECT_EQ(builder_.trouble().at("segment org/acme/network/out"),
              "external segments are not built yet");
}

TEST_F(FabricBuilderTest, LimitsAreTheFabricsAndTheHostsTheLowerOneCounts) {
    put(segment("web", 5001));
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    web0.host = "a";
    web0.limits = {{"bandwidth-in", 8'000'000}, {"bandwidth-out", 80'000'000},
                   {"burst-out", 90'000},       {"broadcast", 50},
                   {"slow-path", 70},           {"connections", 9}};
    put(web0);
    plug("tap0", 0, "web-0");
    auto limits = [&] {
        std::string text = fabric();
        size_t from = text.find("10.0.0.1 bytes-in");
        return from == text.npos ? text : text.substr(from, text.find('\n', from) - from);
    };
    EXPECT_EQ(limits(), "10.0.0.1 bytes-in 1000000 burst 100000 bytes-out 10000000 burst 90000 "
                        "broadcast 50 burst 50 slow-path 70 burst 70 connections 9");
    facts_.ports.at("tap0").limits.bandwidth_in = Rate{500'000, 20'000};
    facts_.ports.at("tap0").limits.bandwidth_out = Rate{20'000'000, 20'000};
    EXPECT_EQ(limits(), "10.0.0.1 bytes-in 500000 burst 20000 bytes-out 10000000 burst 90000 "
                        "broadcast 50 burst 50 slow-path 70 burst 70 connections 9");
    facts_.limits.broadcast = Rate::each_second(5);
    web0.limits = {{"bandwidth-in", 800}};
    put(web0);
    EXPECT_EQ(limits(), "10.0.0.1 bytes-in 100 burst 65600 bytes-out 20000000 burst 20000 "
                        "broadcast 5 burst 5");
}

TEST_F(FabricBuilderTest, LimitsThatMeanNothingAreRefusedByName) {
    put(segment("web", 5001));
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    for (auto [name, value, says] : {std::tuple{"burst-in", 5, "nothing without bandwidth-in"},
                                     std::tuple{"connections", 0, "0 is too small"},
                                     std::tuple{"broadcast", -1, "-1 is too small"}}) {
        web0.limits = {{name, value}};
        put(web0);
        fabric();
        EXPECT_NE(builder_.trouble().at("port web-0").find(says), std::string::npos)
            << builder_.trouble().at("port web-0");
    }
}

TEST_F(FabricBuilderTest, AddressOfTwoNicsStaysWithTheFirstUntilItLetsGo) {
    put(segment("web", 5001));
    auto first = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    put(first);
    fabric();
    put(nic("web-1", "web", "02:00:00:00:00:02", "10.0.0.1"));
    EXPECT_NE(fabric().find("10.0.0.1 is 02:00:00:00:00:01"), std::string::npos);
    EXPECT_EQ(builder_.trouble().at("port web-1"),
              "address 10.0.0.1 is 02:00:00:00:00:01's already");
    erase(first);
    EXPECT_NE(fabric().find("10.0.0.1 is 02:00:00:00:00:02"), std::string::npos);
    EXPECT_TRUE(builder_.trouble().empty());
}

// A report to the database may be due between a change and the Fabric that is made of it.
TEST_F(FabricBuilderTest, TroubleOfANicGoesWithItsRowAtOnce) {
    put(segment("web", 5001));
    put(nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1"));
    fabric();
    auto second = nic("web-1", "web", "02:00:00:00:00:02", "10.0.0.1");
    auto homeless = nic("lost", "nowhere", "02:00:00:00:00:03", "10.0.0.3");
    put(second);
    put(homeless);
    fabric();
    EXPECT_EQ(builder_.trouble().count("port web-1"), 1u);
    EXPECT_EQ(builder_.without_segment(), std::vector<std::string>{"lost"});
    erase(second);
    erase(homeless);
    EXPECT_TRUE(builder_.trouble().empty());
    EXPECT_TRUE(builder_.without_segment().empty());
}

TEST_F(FabricBuilderTest, VtepAddressOfTwoHostsIsReported) {
    put(host("z", "192.0.2.2"));
    fabric();
    EXPECT_EQ(builder_.trouble().at("host z"), "VTEP address 192.0.2.2 is host b's already");
}

TEST_F(FabricBuilderTest, SegmentLargerThanTheUnderlayIsReported) {
    put(segment("web", 5001));
    facts_.underlay_mtu = 1500;
    fabric();
    EXPECT_TRUE(builder_.trouble().empty());
    facts_.underlay_mtu = 1499;
    fabric();
    EXPECT_EQ(builder_.trouble().at("segment org/acme/network/web"),
              "MTU 1450 exceeds what the underlay carries, 1449");
}

TEST_F(FabricBuilderTest, LearnedMacCountsWhereNoNicHasIt) {
    put(segment("web", 5001));
    auto appliance = nic("lb", "web", "02:00:00:00:00:01", "10.0.0.1");
    appliance.host = "b";
    appliance.port_security = "trusted";
    put(appliance);
    auto seen = learned("02:00:00:00:00:09", "web", "b", "lb");
    put(seen);
    EXPECT_NE(fabric().find("02:00:00:00:00:09 at hop 0 learned"), std::string::npos);
    auto owner = nic("web-0", "web", "02:00:00:00:00:09", "10.0.0.2");
    put(owner);
    EXPECT_NE(fabric().find("02:00:00:00:00:09 at nowhere"), std::string::npos);
    erase(owner);
    EXPECT_NE(fabric().find("02:00:00:00:00:09 at hop 0 learned"), std::string::npos);
    erase(seen);
    EXPECT_EQ(fabric().find("02:00:00:00:00:09"), std::string::npos);
}

TEST_F(FabricBuilderTest, LearnedMacCountsOnlyOfATrustedPortOfThatHost) {
    put(segment("web", 5001));
    fabric(); // the first number is its
    put(segment("db", 5002));
    auto port = nic("lb", "web", "02:00:00:00:00:01", "10.0.0.1");
    port.host = "b";
    put(port);
    put(learned("02:00:00:00:00:09", "web", "b", "lb"));
    put(learned("02:00:00:00:00:09", "db", "b", "lb"));
    put(learned("02:00:00:00:00:08", "web", "b", "nobody"));
    EXPECT_EQ(fabric().find("learned"), std::string::npos);
    port.port_security = "trusted";
    put(port);
    std::string text = fabric();
    size_t first = text.find("learned");
    EXPECT_NE(text.find("segment 0 02:00:00:00:00:09 at hop 0 learned"), std::string::npos);
    EXPECT_EQ(text.find("learned", first + 1), std::string::npos) << text;
    port.host = "elsewhere";
    put(port);
    EXPECT_EQ(fabric().find("learned"), std::string::npos);
}

TEST_F(FabricBuilderTest, SameRowsAgainAreTheSameFabric) {
    put(segment("web", 5001));
    put(nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1"));
    plug("tap0", 0, "web-0");
    builder_.set_facts(facts_);
    auto before = builder_.finish();
    builder_.reload(tables_);
    builder_.set_facts(facts_);
    EXPECT_EQ(builder_.finish(), before); // the same object: workers see no change at all
}

TEST_F(FabricBuilderTest, ReloadDropsWhatIsGone) {
    put(segment("web", 5001));
    put(nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1"));
    fabric();
    put(segment("db", 5002));
    fabric();
    southbound::Tables less;
    less.host = tables_.host;
    less.segment.insert(segment("db", 5002));
    builder_.reload(less);
    EXPECT_EQ(fabric(), "hop 0 b 192.0.2.2 unresolved\n"
                        "segment 1 vni 5002 mtu 1450\n");
}

TEST_F(FabricBuilderTest, OneNicsChangeLeavesOtherSegmentsAlone) {
    put(segment("web", 5001));
    put(segment("db", 5002));
    auto web0 = nic("web-0", "web", "02:00:00:00:00:01", "10.0.0.1");
    put(web0);
    fabric();
    auto before = builder_.finish();
    web0.host = "b";
    put(web0);
    fabric();
    auto after = builder_.finish();
    EXPECT_NE(after->segment(*Vni::from(5001)), before->segment(*Vni::from(5001)));
    EXPECT_EQ(after->segment(*Vni::from(5002)), before->segment(*Vni::from(5002)));
}

} // namespace

} // namespace ringfence::test
