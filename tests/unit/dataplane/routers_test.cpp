// Routers in the Fabric: where they stand, what they hold, and what an edit notes for the workers.
#include <algorithm>

#include <gtest/gtest.h>
#include <malloc.h>

#include "core/wire/neighbour.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence {

namespace {

constexpr SegmentId parent(1), inside(2);
constexpr RouterId fence(7);
const MacAddr outside_mac = MacAddr::from_u64(0x02aa00000007),
              inside_mac = MacAddr::from_u64(0x025246000001),
              nic_mac = MacAddr::from_u64(0x020000000005);

IpAddr address(const char* text) { return *IpAddr::from(text); }

SegmentSettings settings(int64_t vni) { return {.vni = *Vni::from(vni), .intent = ""}; }

Router fence_router(RouterId id = fence, SegmentId out = parent, SegmentId in = inside,
                    MacAddr outer_mac = outside_mac, Ipv4Addr own = {0x0a000064}) {
    RouterSettings router;
    router.intent = "org/acme/vapp/shop/network/front";
    router.fence = true;
    router.translation = Translation::one_to_one;
    router.outside_addresses = {own};
    router.interfaces = {RouterInterface(out, outer_mac), RouterInterface(in, inside_mac)};
    router.interfaces[0].outside = true;
    router.interfaces[0].addresses = {{own, 24}};
    router.interfaces[1].policies = {PolicyId(id.value())};
    return Router(id, router,
                  {{*IpPrefix::from("10.0.0.0/24"), 0, std::nullopt},
                   {*IpPrefix::from("0.0.0.0/0"), 0, address("10.0.0.1")}});
}

Held held_for(const char* inside_address, RouterId router = fence) {
    return {router, *Destination::local(PortId(5)), address(inside_address)};
}

std::shared_ptr<const Fabric> fabric_with_a_fence() {
    FabricEdit edit;
    edit.segment(parent, settings(5001)).set_held(address("10.0.0.105"), held_for("10.0.0.5"));
    edit.segment(inside, settings(5002)).set_neighbour(address("10.0.0.5"), nic_mac);
    edit.set_router(fence_router());
    edit.set_policy(Policy::of_defaults(PolicyId(7), Action::drop, Action::allow));
    return edit.finish();
}

// What the edit of `before` noted.
template <class Edit> std::vector<Change> changes_of(Edit change) {
    auto before = fabric_with_a_fence();
    FabricEdit edit(before);
    change(edit);
    auto after = edit.finish();
    EXPECT_EQ(after->serial(), before->serial() + 1);
    std::vector<Change> changes;
    EXPECT_TRUE(
        after->changes_since(before->serial(), [&](const Change& one) { changes.push_back(one); }));
    return changes;
}

Change raised(ObjectId object) { return {object, Change::Effect::raises}; }
Change widened(ObjectId object) { return {object, Change::Effect::widens}; }
Change altered(ObjectId object) { return {object, Change::Effect::alters}; }

bool holds(const std::vector<Change>& changes, const Change& one) {
    return std::find(changes.begin(), changes.end(), one) != changes.end();
}

} // namespace

TEST(Routers, StandInTheSegmentsOfTheirInterfaces) {
    auto fabric = fabric_with_a_fence();
    const Segment& outer = *fabric->segment(parent);
    EXPECT_EQ(outer.find(outside_mac.to_u64()).kind(), Destination::Kind::router);
    EXPECT_EQ(*outer.router(outside_mac.to_u64()), (RouterPlace{fence, 0, true, true}));
    EXPECT_EQ(*outer.router_with(address("10.0.0.100")), (RouterPlace{fence, 0, true, true}));
    EXPECT_EQ(*outer.router_with(eui64_link_local(outside_mac)),
              (RouterPlace{fence, 0, true, true}));
    EXPECT_EQ(outer.fence(), nullptr);
    EXPECT_EQ(*fabric->segment(inside)->fence(), (RouterPlace{fence, 1, false, true}));
    EXPECT_EQ(outer.router(inside_mac.to_u64()), nullptr) << "it stands in the other segment";
}

TEST(Routers, LeaveTheirSegmentsWithoutATrace) {
    FabricEdit edit(fabric_with_a_fence());
    edit.erase_router(fence);
    auto after = edit.finish();
    for (SegmentId id : {parent, inside}) {
        const Segment& segment = *after->segment(id);
        EXPECT_EQ(segment.routers().size(), 0u);
        EXPECT_EQ(segment.macs().size(), 0u);
        EXPECT_EQ(segment.fence(), nullptr);
    }
    EXPECT_EQ(after->segment(parent)->router_with(address("10.0.0.100")), nullptr);
    EXPECT_EQ(after->router(fence), nullptr);
}

TEST(Routers, MoveToAnotherSegmentAndBack) {
    auto before = fabric_with_a_fence();
    FabricEdit edit(before);
    edit.segment(SegmentId(3), settings(5003));
    edit.set_router(fence_router(fence, SegmentId(3)));
    auto after = edit.finish();
    EXPECT_EQ(after->segment(parent)->router(outside_mac.to_u64()), nullptr);
    EXPECT_NE(after->segment(SegmentId(3))->router(outside_mac.to_u64()), nullptr);
    EXPECT_NE(before->segment(parent)->router(outside_mac.to_u64()), nullptr);
}

TEST(Routers, OfManyNetworksGetARouteWithoutTouchingThem) {
    FabricEdit build;
    RouterSettings edge;
    for (uint32_t i = 0; i < 100; ++i) {
        build.segment(SegmentId(i), settings(5000 + i));
        edge.interfaces.emplace_back(SegmentId(i), MacAddr::from_u64(0x02cc00000000 + i));
    }
    build.set_router(Router(fence, edge, {}));
    auto before = build.finish();
    FabricEdit edit(before);
    edge.interfaces[42].addresses = {{address("10.42.0.1"), 24}};
    edit.set_router(Router(fence, edge, {{*IpPrefix::from("10.42.0.0/24"), 42, std::nullopt}}));
    auto after = edit.finish();
    for (uint32_t i = 0; i < 100; ++i)
        EXPECT_EQ(before->segment(SegmentId(i)) == after->segment(SegmentId(i)), i != 42);
    EXPECT_NE(after->segment(SegmentId(42))->router_with(address("10.42.0.1")), nullptr);
    EXPECT_NE(after->router(fence)->route(address("10.42.0.9")), nullptr);
}

TEST(Routers, AreFoundAsNeighboursWithWhatTheyHaveAndHold) {
    auto fabric = fabric_with_a_fence();
    const Segment &outer = *fabric->segment(parent), &inner = *fabric->segment(inside);
    EXPECT_EQ(fabric->neighbour(outer, address("10.0.0.100")), outside_mac);
    EXPECT_EQ(fabric->neighbour(outer, address("10.0.0.105")), outside_mac);
    EXPECT_EQ(fabric->neighbour(outer, address("10.0.0.5")), std::nullopt);
    EXPECT_EQ(fabric->neighbour(inner, address("10.0.0.5")), nic_mac);
    EXPECT_EQ(fabric->neighbour(inner, address("10.0.0.105")), std::nullopt);
}

TEST(Routers, ProxyOnAFencesInsideForWhatLiesOutsideAlone) {
    auto fabric = fabric_with_a_fence();
    const Segment &outer = *fabric->segment(parent), &inner = *fabric->segment(inside);
    EXPECT_EQ(fabric->proxy(inner, address("10.0.0.1")), inside_mac);
    EXPECT_EQ(fabric->proxy(inner, address("10.0.0.105")), inside_mac);
    EXPECT_EQ(fabric->proxy(inner, address("10.0.0.5")), std::nullopt) << "a NIC inside has it";
    EXPECT_EQ(fabric->proxy(inner, address("198.51.100.1")), std::nullopt) << "not on its link";
    EXPECT_EQ(fabric->proxy(outer, address("10.0.0.1")), std::nullopt);
}

TEST(Held, IsFoundFromBothSides) {
    Segment segment(parent, settings(5001));
    segment.set_held(address("10.0.0.105"), held_for("10.0.0.5"));
    EXPECT_EQ(segment.held(address("10.0.0.105"))->inside, address("10.0.0.5"));
    EXPECT_EQ(*segment.outside_of(fence, address("10.0.0.5")), address("10.0.0.105"));
    EXPECT_EQ(segment.outside_of(RouterId(8), address("10.0.0.5")), nullptr)
        << "a clone's has the same address inside";

    segment.set_held(address("10.0.0.106"), held_for("10.0.0.5")); // it is given another
    segment.erase_held(address("10.0.0.105"));
    EXPECT_EQ(*segment.outside_of(fence, address("10.0.0.5")), address("10.0.0.106"));
    segment.erase_held(address("10.0.0.106"));
    EXPECT_EQ(segment.outside_of(fence, address("10.0.0.5")), nullptr);
}

TEST(Held, SaysWhichHostsAreBehindARouter) {
    Segment segment(parent, settings(5001));
    const NextHopId one(1), two(2);
    auto hold = [&](const char* outside, RouterId router, Destination owner) {
        segment.set_held(address(outside), {router, owner, address(outside)});
    };
    auto behind = [&](RouterId router) {
        return std::pair(segment.held().has_behind(router, one),
                         segment.held().has_behind(router, two));
    };
    hold("10.0.0.105", fence, *Destination::vtep(one));
    hold("10.0.0.106", fence, *Destination::vtep(one));
    hold("10.0.0.107", fence, *Destination::local(PortId(2)));
    EXPECT_EQ(behind(fence), std::pair(true, false));
    EXPECT_EQ(behind(RouterId(8)), std::pair(false, false)) << "another's";
    hold("10.0.0.105", fence, *Destination::vtep(two)); // it moves
    EXPECT_EQ(behind(fence), std::pair(true, true));
    const Segment copy = segment;
    hold("10.0.0.106", RouterId(8), *Destination::vtep(one));
    EXPECT_EQ(behind(fence), std::pair(false, true));
    EXPECT_EQ(behind(RouterId(8)), std::pair(true, false));
    segment.erase_held(address("10.0.0.105"));
    EXPECT_EQ(behind(fence), std::pair(false, false));
    EXPECT_TRUE(copy.held().has_behind(fence, one));
}

TEST(Changes, ARouterThatIsSetAnewChangesNothing) {
    EXPECT_TRUE(changes_of([](FabricEdit& edit) { edit.set_router(fence_router()); }).empty());
}

TEST(Changes, ARouteAltersItsRouter) {
    auto changes = changes_of([](FabricEdit& edit) {
        Router old = fence_router();
        edit.set_router(Router(fence, old.settings(), {}));
    });
    EXPECT_EQ(changes, std::vector{altered(ObjectId(fence))});
}

TEST(Changes, ARouterThatGoesIsNoticedByItsMacTooAndSoIsOneThatComes) {
    auto gone = changes_of([](FabricEdit& edit) { edit.erase_router(fence); });
    EXPECT_TRUE(holds(gone, raised(ObjectId(fence))));
    EXPECT_TRUE(holds(gone, raised(ObjectId(parent, outside_mac))));
    auto come = changes_of([](FabricEdit& edit) {
        edit.set_router(fence_router(RouterId(8), parent, inside, MacAddr::from_u64(0x02bb)));
    });
    EXPECT_TRUE(holds(come, altered(ObjectId(RouterId(8)))));
    EXPECT_TRUE(holds(come, altered(ObjectId(parent, MacAddr::from_u64(0x02bb)))));
}

TEST(Changes, ASegmentAndAPortAlterWhereTheyCome) {
    LocalPort port(PortId(5), PortKind::nic);
    auto come = [&](FabricEdit& edit) {
        edit.segment(SegmentId(3), settings(5003));
        edit.set_port(port);
        edit.set_port(port); // as it was
    };
    EXPECT_EQ(changes_of(come),
              (std::vector{altered(ObjectId(SegmentId(3))), altered(ObjectId(PortId(5)))}));
    EXPECT_EQ(changes_of([](FabricEdit& edit) { edit.erase_segment(parent); }),
              std::vector{raised(ObjectId(parent))});
}

TEST(Changes, APolicyRaisesWhereItNarrowsAndWidensWhereItAllows) {
    auto policy = [](Action in, Action out) { return Policy::of_defaults(PolicyId(7), in, out); };
    ObjectId object{PolicyId(7)};
    auto set = [](Policy to) { return [to](FabricEdit& edit) { edit.set_policy(to); }; };
    using enum Action;
    EXPECT_EQ(changes_of(set(policy(allow, allow))), std::vector{widened(object)});
    EXPECT_EQ(changes_of(set(policy(drop, drop))), std::vector{raised(object)});
    EXPECT_EQ(changes_of(set(policy(allow, drop))), (std::vector{raised(object), widened(object)}));
    EXPECT_EQ(changes_of(set(policy(drop, allow))), std::vector<Change>{});
    EXPECT_EQ(changes_of([](FabricEdit& edit) { edit.erase_policy(PolicyId(7)); }),
              std::vector{raised(object)});
}

// Whoever names a group of which nobody knows who is in it lets nothing pass.
TEST(Changes, AGroupThatBecomesKnownOrUnknownAltersItsDomainWhereAPolicyNamesIt) {
    constexpr DomainId domain(3);
    auto publish = [&](std::shared_ptr<const Fabric>& fabric, auto change) {
        FabricEdit edit(fabric);
        change(edit);
        auto before = std::exchange(fabric, edit.finish());
        std::vector<Change> changes;
        EXPECT_TRUE(fabric->changes_since(before->serial(),
                                          [&](const Change& one) { changes.push_back(one); }));
        return changes;
    };
    auto set = [&](uint32_t group, bool is_broken) {
        return [=](FabricEdit& edit) {
            edit.set_groups(AddressGroups(domain, {{GroupId(group), {}, is_broken}}));
        };
    };
    Rule allows;
    allows.action = Action::allow;
    const Policy plain(PolicyId(7), {allows});
    allows.match.edit().source = {false, {}, {GroupId(5)}};
    const Policy naming(PolicyId(7), {allows});
    auto fabric = std::make_shared<const Fabric>();
    publish(fabric, [&](FabricEdit& edit) { edit.set_policy(plain); });
    EXPECT_EQ(publish(fabric, set(5, false)), std::vector<Change>{}) << "nobody names it";
    auto both = std::vector{raised(ObjectId(PolicyId(7))), widened(ObjectId(PolicyId(7)))};
    EXPECT_EQ(publish(fabric, [&](FabricEdit& edit) { edit.set_policy(naming); }), both);
    const std::vector altered_domain{altered(ObjectId(domain))};
    EXPECT_EQ(publish(fabric, set(5, true)), altered_domain);
    EXPECT_EQ(publish(fabric, set(5, false)), altered_domain);
    EXPECT_EQ(publish(fabric, set(6, false)), altered_domain);
    EXPECT_EQ(publish(fabric, set(6, true)), std::vector<Change>{});
    EXPECT_EQ(publish(fabric, [&](FabricEdit& edit) { edit.set_policy(plain); }), both);
}

TEST(Changes, AnAddressAltersWhereItIsGivenTakenOrChanged) {
    auto give = changes_of([](FabricEdit& edit) {
        edit.segment(inside)->set_neighbour(address("10.0.0.6"), MacAddr::from_u64(6));
        edit.segment(inside)->set_neighbour(address("10.0.0.5"), nic_mac); // as it was
    });
    EXPECT_EQ(give, std::vector{altered(ObjectId(inside, address("10.0.0.6")))});
    auto take = changes_of(
        [](FabricEdit& edit) { edit.segment(inside)->erase_neighbour(address("10.0.0.5")); });
    EXPECT_EQ(take, std::vector{altered(ObjectId(inside, address("10.0.0.5")))})
        << "it may have been in somebody's way";
}

TEST(Changes, AHeldAddressIsNotedFromBothSidesAndAMoveChangesNothing) {
    auto moved = changes_of([](FabricEdit& edit) {
        edit.segment(parent)->set_held(address("10.0.0.105"),
                                       {fence, Destination::nowhere(), address("10.0.0.5")});
    });
    EXPECT_TRUE(moved.empty());
    auto taken = changes_of(
        [](FabricEdit& edit) { edit.segment(parent)->erase_held(address("10.0.0.105")); });
    EXPECT_TRUE(holds(taken, raised(ObjectId(parent, address("10.0.0.105")))));
    EXPECT_TRUE(holds(taken, raised(ObjectId(fence, address("10.0.0.5")))));
    auto given = changes_of([](FabricEdit& edit) {
        edit.segment(parent)->set_held(address("10.0.0.106"), held_for("10.0.0.6"));
    });
    EXPECT_EQ(given, (std::vector{altered(ObjectId(parent, address("10.0.0.106"))),
                                  altered(ObjectId(fence, address("10.0.0.6")))}));
}

TEST(Changes, ASegmentsMtuRaisesItAndItsOtherSettingsDoNot) {
    auto with = [](auto change) {
        return [change](FabricEdit& edit) {
            SegmentSettings wanted = settings(5001);
            change(wanted);
            edit.segment(parent, wanted);
        };
    };
    EXPECT_EQ(changes_of(with([](SegmentSettings& wanted) { wanted.mtu = 1400; })),
              std::vector{raised(ObjectId(parent))});
    EXPECT_TRUE(changes_of(with([](SegmentSettings& wanted) { wanted.intent = "x"; })).empty());
}

TEST(Changes, AreKnownForTheLastPublicationsOnly) {
    auto first = fabric_with_a_fence(), last = first;
    auto publish = [&](PolicyId policy) {
        FabricEdit edit(last);
        edit.set_policy(Policy::of_defaults(policy, Action::allow, Action::allow));
        last = edit.finish();
    };
    size_t seen = 0;
    auto count = [&](const Change&) { ++seen; };
    for (uint32_t i = 1; i <= ChangeLog::kept; ++i)
        publish(PolicyId(100 + i));
    EXPECT_TRUE(last->changes_since(first->serial(), count));
    EXPECT_EQ(seen, ChangeLog::kept);
    publish(PolicyId(99));
    EXPECT_FALSE(last->changes_since(first->serial(), count));
    EXPECT_TRUE(last->changes_since(last->serial(), count));
}

TEST(Changes, OfTooManyAtOnceNoneIsKnown) {
    auto before = fabric_with_a_fence();
    FabricEdit edit(before);
    for (uint32_t i = 0; i <= ChangeLog::max_a_publication; ++i)
        edit.segment(inside)->set_neighbour(Ipv4Addr{i}, nic_mac);
    EXPECT_FALSE(edit.finish()->changes_since(before->serial(), [](const Change&) {}));
}

// PERFORMANCE.md: under 4 KiB, with everything that it needs on a host: its router, its inside
// segment with two NICs, their outside addresses, its policy.
TEST(Routers, AnIdleTenantEdgeTakesLessThanFourKibibytes) {
    constexpr uint32_t edges = 2'000;
    FabricEdit edit;
    edit.segment(parent, settings(5001));
    const size_t before = mallinfo2().uordblks;
    if (before == 0)
        GTEST_SKIP() << "this allocator does not count";
    for (uint32_t i = 1; i <= edges; ++i) {
        const SegmentId in(100 + i);
        const RouterId id(i);
        edit.segment(in, {.vni = *Vni::from(6000 + i), .intent = "org/acme/vapp/shop/network/a"});
        for (uint32_t nic = 1; nic <= 2; ++nic) {
            const MacAddr mac = MacAddr::from_u64(0x020000000000 + nic);
            const Ipv4Addr own{0x0a000000 + nic}, outer{0x0a010000 + 2 * i + nic};
            edit.segment(in)->set_mac(mac, *Destination::local(PortId(nic)));
            edit.segment(in)->set_neighbour(own, mac);
            edit.segment(in)->add_flood(PortId(nic));
            edit.segment(parent)->set_held(outer, {id, *Destination::local(PortId(nic)), own});
        }
        edit.set_router(fence_router(id, parent, in, MacAddr::from_u64(0x02bb00000000 + i),
                                     Ipv4Addr{0x0a020000 + i}));
        edit.set_policy(Policy::of_defaults(PolicyId(i), Action::drop, Action::allow));
    }
    auto fabric = edit.finish();
    const size_t bytes = (mallinfo2().uordblks - before) / edges;
    RecordProperty("bytes", static_cast<int>(bytes));
    EXPECT_LT(bytes, 4096u);
    EXPECT_GT(bytes, 500u) << "or it was not measured";
}

} // namespace ringfence
