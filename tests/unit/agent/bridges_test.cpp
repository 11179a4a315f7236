// Bridges without a fabric: which segments they are, what they learn, and what the Fabric has of
// it.
#include <gtest/gtest.h>

#include "builder_fixture.h"
#include "dataplane/agent/bridges/plan.h"
#include "dataplane/agent/bridges/stations.h"

namespace ringfence::test {

namespace {

using namespace std::chrono_literals;

MacAddr mac(uint8_t last) { return MacAddr::from_u64(0x020000000000 + last); }

BridgeMember member(uint32_t port, VlanMode mode = VlanMode::trunk, uint16_t tag = 0,
                    std::set<uint16_t> trunks = {}) {
    return {PortId(port), "br0", mode, tag, std::move(trunks)};
}

// "bridge/br0/vlan/10: 1 2", in the order of the names.
std::string text_of(const BridgePlan& plan) {
    std::map<std::string, std::string> lines;
    for (const auto& [id, segment] : plan.segments)
        for (PortId port : segment.members)
            lines[segment.settings.intent] += " " + std::to_string(port.value());
    std::string text;
    for (const auto& [name, members] : lines)
        text += name + ":" + members + "\n";
    return text;
}

} // namespace

TEST(BridgePlan, PortsWithoutATagAreOneSegmentAndCarryAllOtherVlansTogether) {
    Ids ids;
    BridgePlan plan = plan_bridges({member(1), member(2)}, ids);
    EXPECT_EQ(text_of(plan), "bridge/br0/vlan/0: 1 2\nbridge/br0/vlans: 1 2\n");
    const BridgePort& port = plan.ports.at(PortId(1));
    EXPECT_EQ(port.segment_of(0), ids.segments.find("bridge/br0/vlan/0"));
    EXPECT_EQ(port.segment_of(7), ids.segments.find("bridge/br0/vlans"));
    for (const auto& [id, segment] : plan.segments)
        EXPECT_FALSE(segment.settings.vni) << "no tunnel carries it";
}

TEST(BridgePlan, AVlanThatAPortNamesIsASegmentOfItsOwn) {
    Ids ids;
    BridgePlan plan = plan_bridges(
        {member(1), member(2, VlanMode::access, 10), member(3, VlanMode::trunk, 0, {10, 20}),
         member(4, VlanMode::native_untagged, 30, {20}), member(5, VlanMode::native_tagged, 10)},
        ids);
    EXPECT_EQ(text_of(plan), "bridge/br0/vlan/0: 1 5\n"
                             "bridge/br0/vlan/10: 1 2 3 5\n"
                             "bridge/br0/vlan/20: 1 3 4 5\n"
                             "bridge/br0/vlan/30: 1 4 5\n"
                             "bridge/br0/vlans: 1 5\n");
    auto ten = ids.segments.find("bridge/br0/vlan/10");
    EXPECT_EQ(plan.ports.at(PortId(2)).segment_of(0), ten);
    EXPECT_EQ(plan.ports.at(PortId(2)).segment_of(10), std::nullopt) << "an access port";
    EXPECT_EQ(plan.ports.at(PortId(3)).segment_of(0), std::nullopt) << "0 is not named";
    EXPECT_EQ(plan.ports.at(PortId(3)).segment_of(30), std::nullopt);
    EXPECT_EQ(plan.ports.at(PortId(5)).segment_of(0), ten);
    EXPECT_TRUE(plan.ports.at(PortId(5)).sends_tagged(10));
    EXPECT_FALSE(plan.ports.at(PortId(4)).sends_tagged(30));
}

TEST(BridgePlan, BridgesDoNotMeetAndNumbersStayAsLongAsTheyAreNeeded) {
    Ids ids;
    BridgeMember other = member(2);
    other.bridge = "br1";
    BridgePlan before = plan_bridges({member(1), other}, ids);
    EXPECT_EQ(text_of(before), "bridge/br0/vlan/0: 1\nbridge/br0/vlans: 1\n"
                               "bridge/br1/vlan/0: 2\nbridge/br1/vlans: 2\n");
    ids.segments.get("the row of a fabric's segment");
    BridgePlan after = plan_bridges({other}, ids);
    EXPECT_EQ(after.ports.at(PortId(2)), before.ports.at(PortId(2)));
    EXPECT_EQ(ids.segments.all().size(), 3u);
}

TEST(Stations, DoubtAfterHalfALifeAndForgetAfterAWholeOne) {
    const SegmentId in(1);
    const Stations::Time start{};
    Stations stations;
    stations.set_limits(10, 300s);
    stations.saw({in, mac(1)}, PortId(1), start);
    stations.saw({in, mac(2)}, PortId(2), start);
    stations.take_changes();
    EXPECT_FALSE(stations.age(start + 149s));
    EXPECT_TRUE(stations.age(start + 150s));
    EXPECT_EQ(stations.take_changes(),
              (std::vector<StationChange>{{in, mac(1), Destination::doubtful(PortId(1))},
                                          {in, mac(2), Destination::doubtful(PortId(2))}}));
    stations.saw({in, mac(1)}, PortId(1), start + 160s);
    EXPECT_EQ(stations.take_changes(),
              (std::vector<StationChange>{{in, mac(1), *Destination::local(PortId(1), true)}}));
    EXPECT_TRUE(stations.age(start + 300s));
    EXPECT_EQ(stations.take_changes(), (std::vector<StationChange>{{in, mac(2), Destination()}}));
}

TEST(Stations, WhoFillsTheTableDisplacesWhatHeHasBroughtHimself) {
    const SegmentId in(1);
    const Stations::Time start{};
    Stations stations;
    stations.set_limits(4, 300s);
    stations.saw({in, mac(1)}, PortId(1), start);
    for (uint8_t i = 0; i < 100; ++i)
        stations.saw({in, mac(static_cast<uint8_t>(100 + i))}, PortId(2), start + i * 1s);
    EXPECT_EQ(stations.all().size(), 4u);
    EXPECT_TRUE(stations.all().contains({in, mac(1)}));
    EXPECT_TRUE(stations.all().contains({in, mac(199)})) << "the newest";
    EXPECT_FALSE(stations.all().contains({in, mac(196)})) << "the oldest";
    stations.set_limits(2, 300s);
    EXPECT_EQ(stations.all().size(), 2u);
    EXPECT_TRUE(stations.all().contains({in, mac(1)}));
}

TEST(Stations, AMacThatMovesIsWhereItWasSeenLast) {
    const Stations::Key key{SegmentId(1), mac(1)};
    Stations stations;
    stations.saw(key, PortId(1), {});
    stations.saw(key, PortId(2), {});
    EXPECT_EQ(stations.all().at(key).port, PortId(2));
    stations.keep([](SegmentId, PortId port) { return port == PortId(1); });
    EXPECT_TRUE(stations.all().empty());
    EXPECT_EQ(stations.take_changes().back(), (StationChange{SegmentId(1), mac(1), Destination()}));
}

// A bridge's segments stand beside the fabric's, and what one learns is not the other's.
TEST(BridgePart, MakesSegmentsAndPlacesWhatIsLearned) {
    Ids ids;
    FabricBuilder builder(ids);
    auto describe = [&](const std::vector<BridgeMember>& members) {
        BridgePlan plan = plan_bridges(members, ids);
        LocalFacts facts;
        for (const auto& [id, bridge] : plan.ports) {
            PortFacts port(id);
            port.kind = PortKind::bridged;
            port.bridge = bridge;
            facts.ports.emplace("tap" + std::to_string(id.value()), port);
        }
        facts.bridge_segments = plan.segments;
        builder.set_facts(facts);
    };
    describe({member(1), member(2)});
    const SegmentId untagged = *ids.segments.find("bridge/br0/vlan/0");
    builder.take_stations({{untagged, mac(1), *Destination::local(PortId(1), true)}});
    auto fabric = builder.finish();
    EXPECT_EQ(fabric->segment(untagged)->find(mac(1).to_u64()),
              *Destination::local(PortId(1), true));
    EXPECT_EQ(fabric->segment(untagged)->flood_ports(), (std::vector{PortId(1), PortId(2)}));
    EXPECT_EQ(*fabric->port(PortId(2))->bridge,
              plan_bridges({member(1), member(2)}, ids).ports.at(PortId(2)));
    EXPECT_EQ(builder.finish(), fabric) << "nothing has changed";

    describe({member(2)});
    builder.take_stations({{untagged, mac(1), Destination()}});
    fabric = builder.finish();
    EXPECT_EQ(fabric->segment(untagged)->find(mac(1).to_u64()), Destination());
    EXPECT_EQ(fabric->segment(untagged)->flood_ports(), std::vector{PortId(2)});
    describe({});
    fabric = builder.finish();
    EXPECT_EQ(fabric->segment(untagged), nullptr);
}

} // namespace ringfence::test
