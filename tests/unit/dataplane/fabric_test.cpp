#include <gtest/gtest.h>

#include "core/wire/checksum.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence {

namespace {

SegmentSettings settings(int64_t vni) { return {.vni = *Vni::from(vni), .intent = ""}; }

NextHopSettings hop_at(const char* address) {
    return {.host = "h", .addresses = {*Ipv4Addr::from(address)}, .paths = {}};
}

std::shared_ptr<const Fabric> fabric_of_many_segments() {
    FabricEdit edit;
    for (uint32_t id = 0; id < 500; ++id)
        edit.segment(SegmentId(id), settings(5000 + id))
            .set_mac(MacAddr::from_u64(1), Destination::nowhere());
    edit.set_port(LocalPort(PortId(7), PortKind::nic));
    edit.set_next_hop(NextHopId(3), hop_at("192.0.2.3"));
    return edit.finish();
}

} // namespace

TEST(Fabric, SharesEverythingThatAnEditDoesNotTouch) {
    auto before = fabric_of_many_segments();
    FabricEdit edit(before);
    edit.segment(SegmentId(42))->set_mac(MacAddr::from_u64(2), Destination::nowhere());
    auto after = edit.finish();
    for (uint32_t id = 0; id < 500; ++id)
        EXPECT_EQ(before->segment(SegmentId(id)) == after->segment(SegmentId(id)), id != 42);
    EXPECT_EQ(before->port(PortId(7)), after->port(PortId(7)));
    EXPECT_EQ(before->next_hop(NextHopId(3)), after->next_hop(NextHopId(3)));
}

TEST(Fabric, StaysAsItWasWhenTheNextOneChanges) {
    auto before = fabric_of_many_segments();
    FabricEdit edit(before);
    edit.segment(SegmentId(42))->set_mac(MacAddr::from_u64(1), *Destination::local(PortId(7)));
    edit.erase_segment(SegmentId(43));
    edit.erase_port(PortId(7));
    edit.erase_next_hop(NextHopId(3));
    auto after = edit.finish();
    EXPECT_EQ(before->segment(SegmentId(42))->find(1), Destination::nowhere());
    EXPECT_EQ(after->segment(SegmentId(42))->find(1), Destination::local(PortId(7)));
    EXPECT_NE(before->segment(*Vni::from(5043)), nullptr);
    EXPECT_EQ(after->segment(*Vni::from(5043)), nullptr);
    EXPECT_NE(before->port(PortId(7)), nullptr);
    EXPECT_EQ(after->port(PortId(7)), nullptr);
    EXPECT_TRUE(before->vtep(*Ipv4Addr::from("192.0.2.3")));
    EXPECT_FALSE(after->vtep(*Ipv4Addr::from("192.0.2.3")));
}

TEST(Fabric, OneMacAmongAHundredThousandCopiesOnePage) {
    FabricEdit build;
    Segment& large = build.segment(SegmentId(1), settings(5001));
    for (uint64_t i = 1; i <= 100'000; ++i)
        large.set_mac(MacAddr::from_u64(i), Destination::nowhere());
    auto before = build.finish();
    FabricEdit edit(before);
    edit.segment(SegmentId(1))->set_mac(MacAddr::from_u64(77), *Destination::local(PortId(1)));
    auto after = edit.finish();
    const MacTable &old_macs = before->segment(SegmentId(1))->macs(),
                   &new_macs = after->segment(SegmentId(1))->macs();
    EXPECT_EQ(new_macs.pages_shared_with(old_macs), old_macs.page_count() - 1);
}

TEST(Fabric, FollowsASegmentToAnotherVni) {
    FabricEdit build;
    build.segment(SegmentId(1), settings(5001));
    build.segment(SegmentId(2), settings(5002));
    auto before = build.finish();
    FabricEdit edit(before);
    edit.segment(SegmentId(1), settings(5002)); // they change places
    edit.segment(SegmentId(2), settings(5001));
    auto after = edit.finish();
    EXPECT_EQ(after->segment(*Vni::from(5001))->id(), SegmentId(2));
    EXPECT_EQ(after->segment(*Vni::from(5002))->id(), SegmentId(1));
}

TEST(Fabric, GivesAVtepAddressToTheHostThatHasItNow) {
    FabricEdit edit;
    edit.set_next_hop(NextHopId(1), hop_at("192.0.2.1"));
    edit.set_next_hop(NextHopId(2), hop_at("192.0.2.1"));
    EXPECT_EQ(*edit.view().vtep(*Ipv4Addr::from("192.0.2.1")), NextHopId(2));
    edit.erase_next_hop(NextHopId(1)); // must not take the address of the other
    EXPECT_EQ(*edit.view().vtep(*Ipv4Addr::from("192.0.2.1")), NextHopId(2));
    edit.set_next_hop(NextHopId(2), hop_at("192.0.2.9"));
    EXPECT_FALSE(edit.view().vtep(*Ipv4Addr::from("192.0.2.1")));
}

TEST(Fabric, KnowsItsOwnVtepAddresses) {
    FabricEdit edit;
    LocalPort uplink(PortId(1), PortKind::uplink);
    uplink.vtep_ip4 = {*Ipv4Addr::from("192.0.2.1")};
    edit.set_port(uplink);
    EXPECT_TRUE(edit.view().is_own(*Ipv4Addr::from("192.0.2.1")));
    uplink.vtep_ip4 = {*Ipv4Addr::from("192.0.2.2")};
    edit.set_port(uplink);
    EXPECT_FALSE(edit.view().is_own(*Ipv4Addr::from("192.0.2.1")));
    EXPECT_TRUE(edit.view().is_own(*Ipv4Addr::from("192.0.2.2")));
}

TEST(Segment, FloodsToEachReceiverOnceHoweverOftenItIsAdded) {
    Segment segment(SegmentId(1), settings(5001));
    for (uint32_t id : {3u, 1u, 3u, 2u, 1u})
        segment.add_flood(PortId(id));
    EXPECT_EQ(segment.flood_ports(), (std::vector<PortId>{PortId(1), PortId(2), PortId(3)}));
    segment.erase_flood(PortId(2));
    segment.erase_flood(PortId(2));
    EXPECT_EQ(segment.flood_ports(), (std::vector<PortId>{PortId(1), PortId(3)}));
}

TEST(Destination, TellsAllItsKindsApartAtBothEndsOfTheirRanges) {
    for (bool learned : {false, true}) {
        for (uint32_t id : {0u, Destination::max_ports - 1}) {
            auto place = *Destination::local(PortId(id), learned);
            EXPECT_EQ(place.kind(), Destination::Kind::local);
            EXPECT_EQ(place.port(), PortId(id));
            EXPECT_EQ(place.learned(), learned);
        }
        for (uint32_t id : {0u, Destination::max_next_hops - 1}) {
            auto place = *Destination::vtep(NextHopId(id), learned);
            EXPECT_EQ(place.kind(), Destination::Kind::vtep);
            EXPECT_EQ(place.next_hop(), NextHopId(id));
            EXPECT_EQ(place.learned(), learned);
        }
    }
    for (uint32_t id : {0u, 1u, 2u, Destination::max_ports - 1}) {
        auto place = Destination::doubtful(PortId(id));
        EXPECT_EQ(place.kind(), Destination::Kind::local);
        EXPECT_EQ(place.port(), PortId(id));
        EXPECT_TRUE(place.learned());
        EXPECT_NE(place, *Destination::local(PortId(id), true));
    }
    EXPECT_EQ(Destination().kind(), Destination::Kind::unknown);
    EXPECT_EQ(Destination::nowhere().kind(), Destination::Kind::nowhere);
    EXPECT_FALSE(Destination::local(PortId(Destination::max_ports)));
    EXPECT_FALSE(Destination::vtep(NextHopId(Destination::max_next_hops)));
}

TEST(NextHop, IsResolvedOnlyWithAPathThatCarriesSomething) {
    NextHopSettings settings = hop_at("192.0.2.2");
    EXPECT_FALSE(NextHop(NextHopId(1), settings, 4789).resolved());
    settings.paths = {{PortId(1), {}, {}, *Ipv4Addr::from("192.0.2.1"), 1500}};
    NextHop hop(NextHopId(1), settings, 4789);
    EXPECT_TRUE(hop.resolved());
    EXPECT_EQ(hop.only_way().max_frame, 1464u); // inner MTU 1450 and its Ethernet header
    settings.paths.front().mtu = 36;
    EXPECT_FALSE(NextHop(NextHopId(1), settings, 4789).resolved());
}

} // namespace ringfence
