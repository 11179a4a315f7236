// What the compiler makes of edge routers: every kind of network behind one, as rows to read; whom
// a change touches; and what is said where something is amiss.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/compiler/compile.h"
#include "tests/unit/controller/edge_cloud.h"

namespace ringfence::test {
namespace {

using compiler::compile;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

// A fenced vApp with web and db, h1 has web.
northbound::Tables fenced_cloud() {
    auto rows = empty_cloud();
    add_vapp(rows, {.name = "shop"});
    add_vm(rows, "shop", "web", {"10.0.0.10"}, {"10.0.0.101"});
    return rows;
}

void add_ipv6(northbound::Tables& rows) {
    edit(rows.organization_network, "network/acme", [](auto& network) {
        network.subnets.insert("2001:db8::/64");
        network.gateways.insert("2001:db8::1");
    });
}

// --- Rows by mode -------------------------------------------------------------------------------

TEST(Edge, AFencesRouterHasTheParentsSubnetOutsideAndEveryNicThere) {
    auto compiled = compile(fenced_cloud(), fabric());
    EXPECT_THAT(
        edge_lines(compiled.wanted),
        ElementsAre("firewall shop/front: in drop, stateful @ shop/front",
                    "firewall shop/front: out allow, stateful @ shop/front",
                    "interface shop/front: inside on shop/front, 02:52:46:00:00:01 [] asks "
                    "shop/front @ shop/front",
                    "interface shop/front: outside on web, 02:be:11:4e:2f:bc [10.0.0.201/24] @ web",
                    "nat 10.0.0.101 on web: 10.0.0.10 of acme/shop/web/0 at - behind shop/front "
                    "@ web",
                    "route shop/front: 0.0.0.0/0 on web via 10.0.0.1 @ shop/front",
                    "route shop/front: 10.0.0.0/24 on web @ shop/front",
                    "router shop/front: fence, one-to-one [10.0.0.201] @ shop/front"));
    EXPECT_THAT(domain_lines(compiled.wanted),
                ElementsAre("port acme/shop/web/0 @ shop/front, needs shop/front web",
                            "segment shop/front @ shop/front", "segment web @ web"));
    EXPECT_THAT(compiled.notes, IsEmpty());
}

TEST(Edge, AFenceOfTwoFamiliesTranslatesBoth) {
    auto rows = empty_cloud();
    add_ipv6(rows);
    add_vapp(rows, {.name = "shop", .own = {"10.0.0.201", "2001:db8::c9"}});
    add_vm(rows, "shop", "web", {"10.0.0.10", "2001:db8::10"}, {"10.0.0.101", "2001:db8::65"});
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(
        edge_lines(compiled.wanted),
        ElementsAre("firewall shop/front: in drop, stateful @ shop/front",
                    "firewall shop/front: out allow, stateful @ shop/front",
                    "interface shop/front: inside on shop/front, 02:52:46:00:00:01 [] asks "
                    "shop/front @ shop/front",
                    "interface shop/front: outside on web, 02:be:11:4e:2f:bc [10.0.0.201/24 "
                    "2001:db8::c9/64] @ web",
                    "nat 10.0.0.101 on web: 10.0.0.10 of acme/shop/web/0 at - behind shop/front "
                    "@ web",
                    "nat 2001:db8::65 on web: 2001:db8::10 of acme/shop/web/0 at - behind "
                    "shop/front @ web",
                    "route shop/front: 0.0.0.0/0 on web via 10.0.0.1 @ shop/front",
                    "route shop/front: 10.0.0.0/24 on web @ shop/front",
                    "route shop/front: 2001:db8::/64 on web @ shop/front",
                    "route shop/front: ::/0 on web via 2001:db8::1 @ shop/front",
                    "router shop/front: fence, one-to-one [10.0.0.201 2001:db8::c9] @ shop/front"));
    EXPECT_THAT(compiled.notes, IsEmpty());
}

TEST(Edge, ANatRoutedNetworkOneToOneHasASubnetOfItsOwnInside) {
    auto rows = empty_cloud();
    add_vapp(rows, {.name = "shop", .mode = "nat-routed", .translation = "one-to-one"});
    add_vm(rows, "shop", "web", {"192.168.5.10"}, {"10.0.0.101"});
    edit(rows.vapp_network, "vapp-network/shop", [](auto& n) { n.inbound = "allow"; });
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(
        edge_lines(compiled.wanted),
        ElementsAre("firewall shop/front: in allow, stateful @ shop/front",
                    "firewall shop/front: out allow, stateful @ shop/front",
                    "interface shop/front: inside on shop/front, 02:52:46:00:00:01 "
                    "[192.168.5.1/24] asks shop/front @ shop/front",
                    "interface shop/front: outside on web, 02:be:11:4e:2f:bc [10.0.0.201/24] @ web",
                    "nat 10.0.0.101 on web: 192.168.5.10 of acme/shop/web/0 at - behind "
                    "shop/front @ web",
                    "route shop/front: 0.0.0.0/0 on web via 10.0.0.1 @ shop/front",
                    "route shop/front: 10.0.0.0/24 on web @ shop/front",
                    "route shop/front: 192.168.5.0/24 on shop/front @ shop/front",
                    "router shop/front: one-to-one [10.0.0.201] @ shop/front"));
    EXPECT_THAT(domain_lines(compiled.wanted),
                Contains("port acme/shop/web/0 @ shop/front, needs shop/front web"));
    EXPECT_THAT(compiled.notes, IsEmpty());
}

TEST(Edge, RoutedNetworksOfOneEdgeAreOneDomain) {
    auto rows = empty_cloud();
    add_network(rows, "db", 5500, "10.1.0.0/24", "10.1.0.1");
    add_network(rows, "alone", 5501, "10.2.0.0/24", "10.2.0.1");
    add_edge(rows, {"acme", "db"});
    edit(rows.organization_network, "network/db", [](auto& n) { n.inbound = "allow"; });
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(
        edge_lines(compiled.wanted),
        ElementsAre("firewall db: in allow, stateful @ edge/main",
                    "firewall db: out allow, stateful @ edge/main",
                    "firewall web: in drop, stateful @ edge/main",
                    "firewall web: out allow, stateful @ edge/main",
                    "interface edge/main: inside on db, 02:3f:2f:53:da:2a [10.1.0.1/24] asks db "
                    "@ edge/main",
                    "interface edge/main: inside on web, 02:3f:2f:53:da:2a [10.0.0.1/24] asks web "
                    "@ edge/main",
                    "route edge/main: 10.0.0.0/24 on web @ edge/main",
                    "route edge/main: 10.1.0.0/24 on db @ edge/main",
                    "router edge/main: none [] @ edge/main"));
    EXPECT_THAT(
        domain_lines(compiled.wanted),
        ElementsAre("segment alone @ alone", "segment db @ edge/main", "segment web @ edge/main"));
    EXPECT_THAT(compiled.notes, IsEmpty());
}

TEST(Edge, ANetworkThatIsNotTranslatedJoinsItsParentsDomainAndTheOrganizationsEdgeRoutesToIt) {
    auto rows = empty_cloud();
    add_edge(rows, {"acme"});
    add_vapp(rows, {.name = "shop", .mode = "nat-routed", .translation = "none"});
    add_vm(rows, "shop", "web", {"192.168.5.10"}, {});
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(
        edge_lines(compiled.wanted),
        ElementsAre(
            "firewall shop/front: in drop, stateful @ edge/main",
            "firewall shop/front: out allow, stateful @ edge/main",
            "firewall web: in drop, stateful @ edge/main",
            "firewall web: out allow, stateful @ edge/main",
            "interface edge/main: inside on web, 02:3f:2f:53:da:2a [10.0.0.1/24] asks web "
            "@ edge/main",
            "interface shop/front: inside on shop/front, 02:52:46:00:00:01 "
            "[192.168.5.1/24] asks shop/front @ edge/main",
            "interface shop/front: outside on web, 02:be:11:4e:2f:bc [10.0.0.201/24] @ edge/main",
            "route edge/main: 10.0.0.0/24 on web @ edge/main",
            "route edge/main: 192.168.5.0/24 on web via 10.0.0.201 @ edge/main",
            "route shop/front: 0.0.0.0/0 on web via 10.0.0.1 @ edge/main",
            "route shop/front: 10.0.0.0/24 on web @ edge/main",
            "route shop/front: 192.168.5.0/24 on shop/front @ edge/main",
            "router edge/main: none [] @ edge/main",
            "router shop/front: none [10.0.0.201] @ edge/main"));
    EXPECT_THAT(domain_lines(compiled.wanted),
                ElementsAre("port acme/shop/web/0 @ edge/main, needs edge/main",
                            "segment shop/front @ edge/main", "segment web @ edge/main"));
    EXPECT_THAT(compiled.notes, IsEmpty());
}

// A fenced vApp below web reaches a nat-routed one below db through the organization's edge.
TEST(Edge, NestedNetworksNeedTheirOwnDomainAndTheOneThatTheirParentIsIn) {
    auto rows = empty_cloud();
    add_network(rows, "db", 5500, "10.1.0.0/24", "10.1.0.1");
    add_edge(rows, {"acme", "db"});
    add_vapp(rows, {.name = "shop"});
    add_vm(rows, "shop", "web", {"10.0.0.10"}, {"10.0.0.101"});
    add_vapp(rows, {.name = "store",
                    .mode = "nat-routed",
                    .translation = "one-to-one",
                    .parent = "db",
                    .own = {"10.1.0.201"}});
    add_vm(rows, "store", "db", {"192.168.5.10"}, {"10.1.0.101"});
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(domain_lines(compiled.wanted),
                ElementsAre("port acme/shop/web/0 @ shop/front, needs edge/main shop/front",
                            "port acme/store/db/0 @ store/front, needs edge/main store/front",
                            "segment db @ edge/main", "segment shop/front @ shop/front",
                            "segment store/front @ store/front", "segment web @ edge/main"));
    EXPECT_THAT(edge_lines(compiled.wanted),
                testing::IsSupersetOf(
                    {"nat 10.0.0.101 on web: 10.0.0.10 of acme/shop/web/0 at - behind shop/front "
                     "@ edge/main",
                     "nat 10.1.0.101 on db: 192.168.5.10 of acme/store/db/0 at - behind "
                     "store/front @ edge/main",
                     "route shop/front: 0.0.0.0/0 on web via 10.0.0.1 @ shop/front",
                     "route store/front: 0.0.0.0/0 on db via 10.1.0.1 @ store/front"}));
    EXPECT_THAT(compiled.notes, IsEmpty());
}

TEST(Edge, AStaticRouteLeavesByTheNetworkOfItsNextHops) {
    auto rows = fenced_cloud();
    add_network(rows, "db", 5500, "10.1.0.0/24", "10.1.0.1");
    add_edge(rows, {"acme", "db"});
    add_static_route(rows, "main", "172.16.0.0/12", {"10.1.0.9"});
    add_static_route(rows, "shop", "172.16.0.0/12", {"10.0.0.9"});
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(edge_lines(compiled.wanted),
                testing::IsSupersetOf(
                    {"route edge/main: 172.16.0.0/12 on db via 10.1.0.9 @ edge/main",
                     "route shop/front: 172.16.0.0/12 on web via 10.0.0.9 @ shop/front"}));
    EXPECT_THAT(compiled.notes, IsEmpty());
}

TEST(Edge, TheSouthboundRowsNameWhereTheyComeFrom) {
    auto rows = fenced_cloud();
    add_edge(rows, {"acme"});
    add_static_route(rows, "main", "172.16.0.0/12", {"10.0.0.9"});
    auto wanted = compile(rows, fabric()).wanted;
    std::set<std::string> intents;
    auto note = [&](const auto& table) {
        for (const auto& row : table)
            intents.insert(row.intent);
    };
    note(wanted.router);
    note(wanted.router_interface);
    note(wanted.route);
    note(wanted.nat);
    note(wanted.firewall);
    EXPECT_THAT(intents, ElementsAre("org/acme/edge/main", "org/acme/edge/main/route/172.16.0.0/12",
                                     "org/acme/network/web", "org/acme/vapp/shop/network/front",
                                     "org/acme/vapp/shop/network/front/nic/web/0"));
}

// --- Placement and touched hosts ----------------------------------------------------------------

TEST(Edge, ATranslationNamesTheHostOfItsPort) {
    auto current = fabric();
    current.port_claim.insert(make_claim("h2", "acme/shop/web/0"));
    auto wanted = compile(fenced_cloud(), current).wanted;
    EXPECT_THAT(edge_lines(wanted), Contains("nat 10.0.0.101 on web: 10.0.0.10 of acme/shop/web/0 "
                                             "at h2 behind shop/front @ web"));
}

// h1 has clone 1, h2 clone 2, h3 a port of globex.
class EdgeTouches : public testing::Test {
protected:
    EdgeTouches() : rows_(fenced_cloud()), current_(fabric()) {
        add_vapp(rows_, {.name = "clone", .own = {"10.0.0.202"}});
        add_vm(rows_, "clone", "web", {"10.0.0.10"}, {"10.0.0.102"});
        rows_.host.insert(make_host("h3"));
        current_.host_status.insert(make_status("h3", "192.0.2.3"));
        current_.port_claim.insert(make_claim("h1", "acme/shop/web/0"));
        current_.port_claim.insert(make_claim("h2", "acme/clone/web/0"));
        current_ = compiled().wanted;
    }
    compiler::Compiled compiled() const { return compile(rows_, current_); }

    northbound::Tables rows_;
    southbound::Tables current_;
};

TEST_F(EdgeTouches, AnInboundDefaultConcernsTheHostsOfThatNetworkOnly) {
    edit(rows_.vapp_network, "vapp-network/clone", [](auto& n) { n.inbound = "allow"; });
    EXPECT_THAT(compiled().touched, ElementsAre("h2"));
}

TEST_F(EdgeTouches, AnOutsideAddressConcernsTheHostsThatSeeTheParent) {
    edit(rows_.nic, "nic/clone/web", [](auto& n) { n.outside_addresses = {"10.0.0.103"}; });
    EXPECT_THAT(compiled().touched, ElementsAre("h1", "h2"));
}

// Which is what names the host of a NAT row; the NIC's own row is seen inside only.
TEST_F(EdgeTouches, ANicInsideConcernsTheHostsOfItsNetworkOnly) {
    edit(rows_.nic, "nic/clone/web", [](auto& n) { n.port_security = "trusted"; });
    EXPECT_THAT(compiled().touched, ElementsAre("h2"));
}

TEST_F(EdgeTouches, ANetworkThatIsAttachedRenamesNobodyElse) {
    add_edge(rows_, {"acme"});
    current_ = compiled().wanted;
    const auto before = domain_lines(current_);
    for (const char* name : {"a", "b", "c", "d"}) { // of which some have a lower UUID than web
        add_network(rows_, name, 5500 + name[0], fmt::format("10.{}.0.0/24", +name[0]),
                    fmt::format("10.{}.0.1", +name[0]));
        edit(rows_.edge_router, "edge/main", [&](auto& edge) {
            const auto network = id(std::string("network/") + name);
            edge.networks.insert(network);
            edge.addresses[to_string(network)] = fmt::format("10.{}.0.1", +name[0]);
        });
        EXPECT_THAT(compiled().notes, IsEmpty());
        EXPECT_THAT(domain_lines(compiled().wanted), testing::IsSupersetOf(before));
    }
}

TEST_F(EdgeTouches, AModeSwitchLeavesTheOtherVappsRowsAlone) {
    edit(rows_.vapp_network, "vapp-network/clone", [](auto& network) {
        network.mode = "isolated";
        network.parent.reset();
    });
    rows_.edge_router.erase(id("edge/clone"));
    edit(rows_.nic, "nic/clone/web", [](auto& nic) { nic.outside_addresses.clear(); });
    auto now = compiled();
    auto without_clone = [](std::vector<std::string> lines) {
        std::erase_if(lines, [](auto& line) { return line.find("clone") != line.npos; });
        return lines;
    };
    EXPECT_THAT(edge_lines(now.wanted), Not(Contains(HasSubstr("clone"))));
    EXPECT_EQ(edge_lines(now.wanted), without_clone(edge_lines(current_)));
    EXPECT_EQ(without_clone(domain_lines(now.wanted)), without_clone(domain_lines(current_)));
}

// --- Numbers ------------------------------------------------------------------------------------

TEST(Edge, RowsGrowAsClonesAndNics) {
    auto count = [](int clones) {
        auto rows = empty_cloud();
        for (int i = 0; i < clones; ++i) {
            std::string name = "shop-" + std::to_string(i);
            add_vapp(rows, {.name = name, .own = {fmt::format("10.0.0.{}", 200 + i)}});
            add_vm(rows, name, "web", {"10.0.0.10"}, {fmt::format("10.0.0.{}", 100 + 2 * i)});
            add_vm(rows, name, "db", {"10.0.0.11"}, {fmt::format("10.0.0.{}", 101 + 2 * i)});
            edit(rows.nic, "nic/" + name + "/db", [](auto& n) { n.mac = "02:00:00:00:00:11"; });
        }
        auto compiled = compile(rows, fabric());
        EXPECT_THAT(compiled.notes, IsEmpty());
        return edge_lines(compiled.wanted).size();
    };
    // Router, two interfaces, two routes, two firewall rows; and one translation a NIC.
    EXPECT_EQ(count(1), 9u);
    EXPECT_EQ(count(5), 45u);
    EXPECT_EQ(count(40), 360u);
}

TEST(Edge, AnUndeployedVappHasNothing) {
    auto rows = fenced_cloud();
    add_edge(rows, {"acme"});
    auto without = empty_cloud();
    add_edge(without, {"acme"});
    edit(rows.vapp, "vapp/shop", [](auto& v) { v.deployed = false; });
    auto compiled = compile(rows, fabric());
    EXPECT_EQ(edge_lines(compiled.wanted), edge_lines(compile(without, fabric()).wanted));
    EXPECT_THAT(domain_lines(compiled.wanted), ElementsAre("segment web @ edge/main"));
    EXPECT_THAT(compiled.notes, IsEmpty());
}

// --- What is amiss ------------------------------------------------------------------------------

TEST(Edge, ANetworkThatIsNotTranslatedNeedsARouterOfTheOrganization) {
    auto rows = empty_cloud();
    add_vapp(rows, {.name = "shop", .mode = "nat-routed", .translation = "none"});
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(edge_lines(compiled.wanted), IsEmpty());
    EXPECT_THAT(note_of(compiled, id("vapp-network/shop")),
                HasSubstr("org/acme/network/web is attached to none; attach it, or choose "
                          "translation one-to-one"));
}

TEST(Edge, OfTwoNetworksWithOneSubnetThatAreNotTranslatedOneIsRefused) {
    auto rows = empty_cloud();
    add_edge(rows, {"acme"});
    add_vapp(rows, {.name = "shop", .mode = "nat-routed", .translation = "none"});
    add_vapp(rows,
             {.name = "clone", .mode = "nat-routed", .translation = "none", .own = {"10.0.0.202"}});
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(edge_lines(compiled.wanted),
                Contains(StartsWith("route edge/main: 192.168.5.0/24 on web via")).Times(1));
    auto first = note_of(compiled, id("vapp-network/shop"));
    auto second = note_of(compiled, id("vapp-network/clone"));
    EXPECT_NE(first.empty(), second.empty());
    EXPECT_THAT(first + second,
                HasSubstr("give it another subnet, or choose translation one-to-one"));
}

TEST(Edge, AnInsideAddressWithoutOneOutsideIsToldAndHasNoRow) {
    auto rows = fenced_cloud();
    edit(rows.nic, "nic/shop/web", [](auto& nic) { nic.outside_addresses.clear(); });
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(edge_lines(compiled.wanted), Not(Contains(StartsWith("nat"))));
    EXPECT_EQ(note_of(compiled, id("nic/shop/web")),
              "org/acme/vapp/shop/network/front/nic/web/0: nothing stands for 10.0.0.10 on "
              "org/acme/network/web, so it meets nobody outside; give the NIC an outside address");
}

TEST(Edge, AFamilyThatTheParentHasNotEndsInside) {
    auto rows = empty_cloud();
    add_vapp(rows, {.name = "shop", .mode = "nat-routed", .translation = "one-to-one"});
    edit(rows.vapp_network, "vapp-network/shop", [](auto& network) {
        network.subnets.insert("2001:db8:5::/64");
        network.gateways.insert("2001:db8:5::1");
    });
    edit(rows.edge_router, "edge/shop", [](auto& edge) {
        edge.addresses[to_string(id("vapp-network/shop"))] += ",2001:db8:5::1";
    });
    add_vm(rows, "shop", "web", {"192.168.5.10", "2001:db8:5::10"}, {"10.0.0.101"});
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(note_of(compiled, id("nic/shop/web")),
                HasSubstr("nothing stands for 2001:db8:5::10 on org/acme/network/web, so it meets "
                          "nobody outside; that has no subnet of this family"));
    EXPECT_THAT(edge_lines(compiled.wanted), Not(Contains(HasSubstr("::/0"))));
}

TEST(Edge, ASubnetThatNoRouteLeadsToIsTold) {
    auto rows = empty_cloud();
    add_edge(rows, {"acme"});
    add_vapp(rows, {.name = "shop", .mode = "nat-routed", .translation = "none"});
    edit(rows.vapp_network, "vapp-network/shop", [](auto& network) {
        network.subnets.insert("2001:db8:5::/64");
        network.gateways.insert("2001:db8:5::1");
    });
    edit(rows.edge_router, "edge/shop", [](auto& edge) {
        edge.addresses[to_string(id("vapp-network/shop"))] += ",2001:db8:5::1";
    });
    auto compiled = compile(rows, fabric());
    EXPECT_EQ(note_of(compiled, id("edge/shop")),
              "org/acme/vapp/shop/network/front: no route leads to 2001:db8:5::/64, because its "
              "edge router has no address of this family on org/acme/network/web; give that a "
              "subnet and a range of it");
    EXPECT_THAT(edge_lines(compiled.wanted),
                Contains("route edge/main: 192.168.5.0/24 on web via 10.0.0.201 @ edge/main"));
}

TEST(Edge, ARefusedRouterLeavesItsNetworkAndPortsStanding) {
    auto rows = fenced_cloud();
    edit(rows.edge_router, "edge/shop", [](auto& edge) { edge.options["speed"] = "high"; });
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(edge_lines(compiled.wanted), IsEmpty());
    EXPECT_THAT(domain_lines(compiled.wanted),
                Contains("port acme/shop/web/0 @ shop/front, needs shop/front web"));
    EXPECT_THAT(note_of(compiled, id("edge/shop")), HasSubstr("option"));
}

TEST(Edge, AStaticRouteYieldsToTheOneThatIsThereByItself) {
    auto rows = empty_cloud();
    add_edge(rows, {"acme"});
    add_vapp(rows, {.name = "shop", .mode = "nat-routed", .translation = "none"});
    add_static_route(rows, "main", "192.168.5.0/24", {"10.0.0.9"});
    add_static_route(rows, "main", "192.168.0.0/16",
                     {"10.0.0.9"}); // another prefix: the longer decides
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(
        edge_lines(compiled.wanted),
        testing::IsSupersetOf({"route edge/main: 192.168.5.0/24 on web via 10.0.0.201 @ edge/main",
                               "route edge/main: 192.168.0.0/16 on web via 10.0.0.9 @ edge/main"}));
    EXPECT_THAT(note_of(compiled, id("route/main/192.168.5.0/24")),
                HasSubstr("192.168.5.0/24 is the subnet of org/acme/vapp/shop/network/front, which "
                          "it has a route to already; remove the route"));
}

// Rows that were deleted past the client.
TEST(Edge, WithoutItsParentAFencedNetworkWaits) {
    auto rows = fenced_cloud();
    rows.organization_network.erase(id("network/acme"));
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(edge_lines(compiled.wanted), IsEmpty());
    EXPECT_THAT(domain_lines(compiled.wanted), IsEmpty());
    EXPECT_THAT(note_of(compiled, id("vapp-network/shop")),
                HasSubstr("has no parent; name an organization network"));
}

TEST(Edge, ARefusedNetworkIsLeftOutOfTheOrganizationsRouter) {
    auto rows = empty_cloud();
    add_network(rows, "db", 999999, "10.1.0.0/24", "10.1.0.1"); // no VNI of the pool
    add_edge(rows, {"acme", "db"});
    add_static_route(rows, "main", "172.16.0.0/12", {"10.1.0.9"});
    auto compiled = compile(rows, fabric());
    EXPECT_EQ(compiled.wanted.router_interface.size(), 1u);
    EXPECT_EQ(compiled.wanted.firewall.size(), 2u);
    EXPECT_THAT(edge_lines(compiled.wanted), Contains(StartsWith("route ")).Times(1)) << "to web";
    EXPECT_THAT(note_of(compiled, id("route/main/172.16.0.0/12")),
                HasSubstr("the network of its next hop does not work"));
}

} // namespace
} // namespace ringfence::test
