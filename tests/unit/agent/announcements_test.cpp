// Who is told what when a Fabric is published.
#include "dataplane/agent/announcements.h"

#include <algorithm>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace ringfence::agent {

namespace {

constexpr SegmentId parent(1), inside(2);
constexpr RouterId edge(6), fence(7), other(8);
constexpr PortId web(1), db(2), guest(3);
const MacAddr edge_mac = MacAddr::from_u64(0x02aa00000006),
              outside_mac = MacAddr::from_u64(0x02aa00000007),
              inside_mac = MacAddr::from_u64(0x025246000001);

IpAddr address(const char* text) { return *IpAddr::from(text); }
MacAddr mac_of(PortId nic) { return MacAddr::from_u64(0x020000000000 + nic.value()); }

Router fence_router(RouterId id = fence, MacAddr outer = outside_mac,
                    const char* own = "10.0.0.100") {
    RouterSettings router;
    router.fence = true;
    router.translation = Translation::one_to_one;
    router.interfaces = {RouterInterface(parent, outer), RouterInterface(inside, inside_mac)};
    router.interfaces[0].outside = true;
    router.interfaces[0].addresses = {{address(own), 24}};
    return Router(id, router,
                  {{*IpPrefix::from("10.0.0.0/24"), 0, std::nullopt},
                   {*IpPrefix::from("0.0.0.0/0"), 0, address("10.0.0.1")}});
}

// The parent's way out.
Router edge_router() {
    RouterSettings router;
    router.interfaces = {RouterInterface(parent, edge_mac)};
    router.interfaces[0].addresses = {{address("10.0.0.1"), 24}};
    return Router(edge, router, {{*IpPrefix::from("10.0.0.0/24"), 0, std::nullopt}});
}

void plug(FabricEdit& edit, PortId id, SegmentId where, const char* its_address) {
    LocalPort port(id, PortKind::nic);
    port.mac = mac_of(id);
    port.segment = where;
    edit.set_port(port);
    edit.segment(where)->add_flood(id);
    edit.segment(where)->set_neighbour(address(its_address), port.mac);
}
void unplug(FabricEdit& edit, PortId id, SegmentId where, const char* its_address) {
    edit.erase_port(id);
    edit.segment(where)->erase_flood(id);
    edit.segment(where)->erase_neighbour(address(its_address));
}

using FabricPtr = std::shared_ptr<const Fabric>;

// Both segments, the edge in the parent, a guest there.
FabricPtr start() {
    FabricEdit edit;
    edit.segment(parent, {.vni = *Vni::from(5001), .intent = ""});
    edit.segment(inside, {.vni = *Vni::from(5002), .intent = ""});
    edit.set_router(edge_router());
    plug(edit, guest, parent, "10.0.0.9");
    return edit.finish();
}

template <class Change> FabricPtr after(const FabricPtr& before, Change change) {
    FabricEdit edit(before);
    change(edit);
    return edit.finish();
}

// "1: 10.0.0.1 at 02:..., router", sorted.
std::vector<std::string> said(const FabricPtr& before, const FabricPtr& now) {
    std::vector<std::string> lines;
    for (const auto& one : announcements(*before, *now))
        lines.push_back(fmt::format("{}: {} at {}{}", one.to.value(), to_string(one.address),
                                    to_string(one.mac), one.router ? ", router" : ""));
    std::sort(lines.begin(), lines.end());
    return lines;
}

using Lines = std::vector<std::string>;

} // namespace

TEST(Announcements, AreNoneWhereNothingChanged) {
    auto before = start();
    EXPECT_EQ(said(before, before), Lines{});
    EXPECT_EQ(said(before, after(before, [](FabricEdit& edit) { edit.set_router(edge_router()); })),
              Lines{});
}

// A fence is deployed around NICs that are new here, on a parent that a guest stands in.
TEST(Announcements, OfADeployedFence) {
    auto before = start();
    auto now = after(before, [](FabricEdit& edit) {
        edit.set_router(fence_router());
        plug(edit, web, inside, "10.0.0.5");
        Held held{fence, *Destination::local(web), address("10.0.0.5")};
        edit.segment(parent)->set_held(address("10.0.0.105"), held);
    });
    EXPECT_EQ(said(before, now), (Lines{"1: 10.0.0.1 at 02:52:46:00:00:01, router",
                                        "3: 10.0.0.100 at 02:aa:00:00:00:07, router",
                                        "3: 10.0.0.105 at 02:aa:00:00:00:07"}));
}

// The same outside address, another edge: after an undeploy and a deploy elsewhere.
TEST(Announcements, OfAnAddressThatAnotherRouterHolds) {
    auto before = after(start(), [](FabricEdit& edit) {
        edit.set_router(fence_router());
        edit.set_router(fence_router(other, MacAddr::from_u64(0x02aa00000008), "10.0.0.101"));
        edit.segment(parent)->set_held(address("10.0.0.105"),
                                       {fence, Destination::nowhere(), address("10.0.0.5")});
    });
    auto now = after(before, [](FabricEdit& edit) {
        edit.segment(parent)->set_held(address("10.0.0.105"),
                                       {other, Destination::nowhere(), address("10.0.0.5")});
    });
    EXPECT_EQ(said(before, now), (Lines{"3: 10.0.0.105 at 02:aa:00:00:00:08"}));
    auto moved = after(now, [](FabricEdit& edit) {
        edit.segment(parent)->set_held(address("10.0.0.105"),
                                       {other, *Destination::local(web), address("10.0.0.5")});
    });
    EXPECT_EQ(said(now, moved), Lines{}) << "the NIC moved: its address did not";
}

TEST(Announcements, OfAnotherMacOfTheRouterThatHoldsAddresses) {
    auto before = after(start(), [](FabricEdit& edit) {
        edit.set_router(fence_router());
        for (const char* outside : {"10.0.0.105", "10.0.0.106"})
            edit.segment(parent)->set_held(address(outside),
                                           {fence, Destination::nowhere(), address("10.0.0.5")});
    });
    auto now = after(before, [](FabricEdit& edit) {
        edit.set_router(fence_router(fence, MacAddr::from_u64(0x02aa00000008)));
        edit.segment(parent)->erase_held(address("10.0.0.106"));
        edit.segment(parent)->set_held(address("10.0.0.107"),
                                       {fence, Destination::nowhere(), address("10.0.0.7")});
    });
    EXPECT_EQ(said(before, now),
              (Lines{"3: 10.0.0.100 at 02:aa:00:00:00:08, router",
                     "3: 10.0.0.105 at 02:aa:00:00:00:08", "3: 10.0.0.107 at 02:aa:00:00:00:08"}));
}

// Bridged, then fenced: what the NIC knew is behind the fence now, except who came with it.
TEST(Announcements, OfANicThatGoesBehindAFence) {
    auto before = after(start(), [](FabricEdit& edit) {
        plug(edit, web, parent, "10.0.0.5");
        plug(edit, db, parent, "10.0.0.6");
    });
    auto now = after(before, [](FabricEdit& edit) {
        unplug(edit, web, parent, "10.0.0.5");
        unplug(edit, db, parent, "10.0.0.6");
        edit.set_router(fence_router());
        plug(edit, web, inside, "10.0.0.5");
        plug(edit, db, inside, "10.0.0.6");
    });
    EXPECT_EQ(said(before, now),
              (Lines{"1: 10.0.0.1 at 02:52:46:00:00:01, router", "1: 10.0.0.9 at 02:52:46:00:00:01",
                     "2: 10.0.0.1 at 02:52:46:00:00:01, router", "2: 10.0.0.9 at 02:52:46:00:00:01",
                     "3: 10.0.0.100 at 02:aa:00:00:00:07, router"}));
}

// And back: the gateway and the guest are themselves again.
TEST(Announcements, OfANicThatComesOutOfAFence) {
    auto before = after(start(), [](FabricEdit& edit) {
        edit.set_router(fence_router());
        plug(edit, web, inside, "10.0.0.5");
    });
    auto now = after(before, [](FabricEdit& edit) {
        unplug(edit, web, inside, "10.0.0.5");
        edit.erase_router(fence);
        plug(edit, web, parent, "10.0.0.5");
    });
    EXPECT_EQ(said(before, now), (Lines{"1: 10.0.0.1 at 02:aa:00:00:00:06, router"}));
}

TEST(Announcements, OfANewNicGoToItAlone) {
    auto before = after(start(), [](FabricEdit& edit) { edit.set_router(fence_router()); });
    auto now = after(before, [](FabricEdit& edit) { plug(edit, db, parent, "10.0.0.6"); });
    EXPECT_EQ(said(before, now), (Lines{"2: 10.0.0.1 at 02:aa:00:00:00:06, router"}))
        << "of the fence's own address nobody needs to hear";
}

} // namespace ringfence::agent
