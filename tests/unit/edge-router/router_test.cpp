#include <gtest/gtest.h>

#include "edge-router/routing/router.h"

namespace ringfence {

namespace {

constexpr SegmentId outside_segment(1), inside_segment(2), other_segment(3);

IpAddr address(const char* text) { return *IpAddr::from(text); }
IpPrefix prefix(const char* text) { return *IpPrefix::from(text); }

RouterInterface interface_on(SegmentId segment, bool outside, const char* own) {
    RouterInterface interface(segment, MacAddr::from_u64(0x020000000000 + segment.value()));
    interface.outside = outside;
    if (own)
        interface.addresses.push_back({address(own), 24});
    return interface;
}

RouterSettings two_sides(const char* inside) {
    RouterSettings settings;
    settings.outside_addresses = {address("192.0.2.9"), address("fd00::9")};
    settings.interfaces = {interface_on(outside_segment, true, "192.0.2.9"),
                           interface_on(inside_segment, false, inside)};
    return settings;
}

Router router() {
    return Router(RouterId(7), two_sides("10.0.0.1"),
                  {{prefix("192.0.2.0/24"), 0, std::nullopt},
                   {prefix("10.0.0.0/24"), 1, std::nullopt},
                   {prefix("10.0.0.128/25"), 1, address("10.0.0.2")},
                   {prefix("0.0.0.0/0"), 0, address("192.0.2.1")}});
}

} // namespace

TEST(Router, RoutesByTheLongestPrefix) {
    Router edge = router();
    EXPECT_EQ(*edge.route(address("10.0.0.5")), (Hop{1, std::nullopt}));
    EXPECT_EQ(*edge.route(address("10.0.0.200")), (Hop{1, address("10.0.0.2")}));
    EXPECT_EQ(*edge.route(address("192.0.2.77")), (Hop{0, std::nullopt}));
    EXPECT_EQ(*edge.route(address("198.51.100.1")), (Hop{0, address("192.0.2.1")}));
    EXPECT_EQ(edge.route(address("fd00::1")), nullptr);
}

TEST(Router, LeavesOutRoutesByAnInterfaceThatIsNotThere) {
    Router edge(RouterId(7), two_sides("10.0.0.1"), {{prefix("0.0.0.0/0"), 2, std::nullopt}});
    EXPECT_EQ(edge.route(address("198.51.100.1")), nullptr);
}

TEST(Router, KnowsItsInterfacesBySegment) {
    Router edge = router();
    EXPECT_TRUE(edge.interface_on(outside_segment)->outside);
    EXPECT_FALSE(edge.interface_on(inside_segment)->outside);
    EXPECT_EQ(edge.interface_on(other_segment), nullptr);
}

TEST(Router, SpeaksFromWhereThePacketCameInOrFromItsAddressOnTheParentNetwork) {
    Router edge = router();
    EXPECT_EQ(*edge.own_address(0, true), address("192.0.2.9"));
    EXPECT_EQ(*edge.own_address(1, true), address("10.0.0.1"));
    EXPECT_EQ(*edge.own_address(1, false), address("fd00::9"));
    Router fence(RouterId(8), two_sides(nullptr), {});
    EXPECT_EQ(*fence.own_address(1, true), address("192.0.2.9"));
}

TEST(Router, IsTheSameWhateverTheOrderOfItsRoutes) {
    RouterSettings settings = two_sides("10.0.0.1");
    Route one{prefix("10.0.0.0/24"), 1, std::nullopt}, other{prefix("0.0.0.0/0"), 0, std::nullopt};
    Router first(RouterId(7), settings, {one, other});
    EXPECT_TRUE(first.is_same_as(Router(RouterId(7), settings, {other, one})));
    EXPECT_FALSE(first.is_same_as(Router(RouterId(7), settings, {one})));
    settings.fence = true;
    EXPECT_FALSE(first.is_same_as(Router(RouterId(7), settings, {one, other})));
}

} // namespace ringfence
