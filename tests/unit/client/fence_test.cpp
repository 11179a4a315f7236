// Networks behind edge routers: fenced, nat-routed, routed. What is made with them, what follows
// them, what is refused.
#include "tests/unit/client/fixture.h"

namespace ringfence::client {
namespace {

using Strings = std::vector<std::string>;

class FenceTest : public CloudTest {
protected:
    // acme with front (10.0.0.0/24, gateway .1, .100 to .199 to give out) and vApp shop.
    void make_shop(Cloud& cloud) {
        EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
        EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "front"},
                                          .segment = {.subnets = {"10.0.0.0/24"},
                                                      .gateways = {"10.0.0.1"},
                                                      .ranges = {"10.0.0.100-10.0.0.199"}}}));
        EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    }
    static NewVappNetwork fenced(const char* name = "lan") {
        return {.path = {"acme", "shop", name}, .mode = "fenced", .parent = "front"};
    }
    static NewVappNetwork nat_routed(const char* translation = "") {
        return {.path = {"acme", "shop", "lan"},
                .mode = "nat-routed",
                .parent = "front",
                .translation = translation,
                .segment = {.subnets = {"192.168.0.0/24"}}};
    }
    static NewNic inside(const char* vm, Texts addresses, const char* network = "lan") {
        return {.vm = {"acme", "shop", vm},
                .network = {.vapp_network = network},
                .addresses = std::move(addresses)};
    }
    // "ADDRESS KIND OWNER", MACs left out.
    static Strings ledger(Cloud& cloud, const Path& network) {
        Strings lines;
        const auto addresses = cloud.addresses(network);
        for (const Address& address : addresses.value())
            if (address.address.find(':') == std::string::npos || address.address.size() != 17)
                lines.push_back(address.address + " " + address.kind + " " + address.owner);
        return lines;
    }
};

TEST_F(FenceTest, ComesWithAnEdgeRouterAndGoesWithIt) {
    Cloud cloud = open();
    make_shop(cloud);
    const auto made = cloud.create(fenced());
    ASSERT_TRUE(made) << why(made);
    EXPECT_EQ(made->object.translation, "one-to-one");
    EXPECT_EQ(made->object.edge_addresses, Texts{"10.0.0.100"});
    const auto edges = cloud.edges();
    ASSERT_EQ(edges->size(), 1u);
    EXPECT_EQ(edges->front().path, (Path{"acme", "shop", "lan"}));
    EXPECT_EQ(edges->front().addresses, (TextMap{{"acme/front", "10.0.0.100"}}));
    EXPECT_EQ(
        ledger(cloud, {"acme", "front"}),
        (Strings{"10.0.0.0 reserved subnet of acme/front", "10.0.0.1 gateway gateway of acme/front",
                 "10.0.0.100 router edge acme/shop/lan", "10.0.0.250 dhcp DHCP of acme/front",
                 "10.0.0.255 reserved broadcast of acme/front"}));
    EXPECT_ERROR(conflict,
                 "edge acme/shop/lan: goes with its vApp network; delete that, or give it another "
                 "mode",
                 cloud.delete_edge({"acme", "shop", "lan"}));
    EXPECT_OK(cloud.delete_vapp_network({"acme", "shop", "lan"}));
    EXPECT_EQ(count("Edge_Router"), 0u);
    EXPECT_EQ(ledger(cloud, {"acme", "front"}).size(), 4u);
}

TEST_F(FenceTest, GivesItsNicsOutsideAddressesThatNobodyHasInside) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(fenced()));
    const auto web = cloud.create(inside("web", {"10.0.0.101"}));
    ASSERT_TRUE(web) << why(web);
    EXPECT_EQ(web->object.outside_addresses, Texts{"10.0.0.102"}); // .101 is inside
    // What the organization's own VMs have may be inside, too; the pool leaves it alone there.
    EXPECT_OK(cloud.create(NewNic{.vm = {"acme", "default", "far"},
                                  .network = {.network = "front"},
                                  .addresses = {"10.0.0.103"}}));
    auto pooled = inside("db", {});
    pooled.allocation = "pool";
    const auto db = cloud.create(pooled);
    ASSERT_TRUE(db) << why(db);
    EXPECT_EQ(db->object.allocation, "pool");
    EXPECT_EQ(db->object.addresses, Texts{"10.0.0.104"});
    EXPECT_EQ(db->object.outside_addresses, Texts{"10.0.0.105"});
    // A second fence has addresses of its own inside, but no outside address of the first one.
    EXPECT_OK(cloud.create(fenced("dmz")));
    const auto twin = cloud.create(inside("twin", {"10.0.0.101"}, "dmz"));
    ASSERT_TRUE(twin) << why(twin);
    EXPECT_EQ(twin->object.outside_addresses, Texts{"10.0.0.107"}); // .106 is the second edge
    EXPECT_OK(cloud.delete_nic("acme/shop/web/0"));
    EXPECT_EQ(cloud.create(inside("web", {"10.0.0.101"}))->object.outside_addresses,
              Texts{"10.0.0.102"});
}

TEST_F(FenceTest, ChangesOutsideAddressesWithTheNic) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(fenced()));
    const auto web = cloud.create(inside("web", {"10.0.0.5"}));
    EXPECT_EQ(web->object.outside_addresses, Texts{"10.0.0.101"});
    const auto moved = cloud.set("acme/shop/web/0", NicChange{.addresses = Texts{"10.0.0.6"}});
    EXPECT_EQ(moved->object.outside_addresses, Texts{"10.0.0.101"}); // stays
    const auto none = cloud.set("acme/shop/web/0", NicChange{.addresses = Texts{}});
    ASSERT_TRUE(none) << why(none);
    EXPECT_EQ(none->object.outside_addresses, Texts{});
    EXPECT_EQ(cloud.addresses({"acme", "front"})->size(), 6u); // with the router's MAC
    const auto two =
        cloud.set("acme/shop/web/0", NicChange{.addresses = Texts{"10.0.0.6", "10.0.0.7"}});
    ASSERT_FALSE(two);
    EXPECT_NE(two.error().text.find("two addresses of one family"), std::string::npos);
}

TEST_F(FenceTest, TranslatesBothFamiliesWhereTheParentHasRanges) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(fenced()));
    EXPECT_OK(cloud.create(inside("web", {"10.0.0.5"})));
    EXPECT_OK(cloud.set({"acme", "front"},
                        NetworkChange{.segment = {.subnets = Texts{"10.0.0.0/24", "fd00::/64"},
                                                  .ranges = Texts{"10.0.0.100-10.0.0.199",
                                                                  "fd00::100-fd00::1ff"}}}));
    EXPECT_EQ(cloud.vapp_network({"acme", "shop", "lan"})->edge_addresses,
              (Texts{"10.0.0.100", "fd00::100"})); // it follows its parent
    const auto both =
        cloud.set("acme/shop/web/0", NicChange{.addresses = Texts{"10.0.0.5", "fd00::5"}});
    ASSERT_TRUE(both) << why(both);
    EXPECT_EQ(both->object.outside_addresses, (Texts{"10.0.0.101", "fd00::101"}));
}

TEST_F(FenceTest, NeedsARangeOfItsParent) {
    Cloud cloud = open();
    make_acme(cloud); // front has none
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    EXPECT_ERROR(
        invalid,
        "vApp network acme/shop/lan: its edge router needs an address on acme/front, which "
        "has no range to take one from; give it one (--range FIRST-LAST)",
        cloud.create(fenced()));
    EXPECT_ERROR(not_found,
                 "vApp network acme/shop/x: is fenced and has no parent; name an organization "
                 "network",
                 cloud.create(NewVappNetwork{.path = {"acme", "shop", "x"}, .mode = "fenced"}));
    EXPECT_OK(cloud.set({"acme", "front"},
                        NetworkChange{.segment = {.ranges = Texts{"10.0.0.100-10.0.0.101"}}}));
    EXPECT_OK(cloud.create(fenced()));
    EXPECT_OK(cloud.create(inside("web", {"10.0.0.5"})));
    EXPECT_ERROR(conflict,
                 "network acme/front: all its 2 addresses to give out (10.0.0.100-10.0.0.101) are "
                 "taken or used inside its fences; delete NICs or release addresses there, or give "
                 "it one more range",
                 cloud.create(inside("db", {"10.0.0.6"}))); // row 35
    EXPECT_EQ(cloud.nics()->size(), 1u);
}

TEST_F(FenceTest, NatRoutedNetworkHasItsRouterForAGateway) {
    Cloud cloud = open();
    make_shop(cloud);
    const auto made = cloud.create(nat_routed());
    ASSERT_TRUE(made) << why(made);
    EXPECT_EQ(made->object.translation, "one-to-one");
    EXPECT_EQ(made->object.segment.gateways, Texts{"192.168.0.1"});
    EXPECT_EQ(cloud.edge({"acme", "shop", "lan"})->addresses,
              (TextMap{{"acme/front", "10.0.0.100"}, {"acme/shop/lan", "192.168.0.1"}}));
    EXPECT_EQ(cloud.create(inside("web", {"192.168.0.5"}))->object.outside_addresses,
              Texts{"10.0.0.101"});
    // The router follows the gateway.
    EXPECT_OK(cloud.set({"acme", "shop", "lan"},
                        VappNetworkChange{.segment = {.gateways = Texts{"192.168.0.254"}}}));
    EXPECT_EQ(cloud.edge({"acme", "shop", "lan"})->addresses.at("acme/shop/lan"), "192.168.0.254");
    const auto ports =
        cloud.set({"acme", "shop", "lan"}, VappNetworkChange{.translation = "ports"});
    ASSERT_FALSE(ports);
    EXPECT_EQ(ports.error().kind, ErrorKind::unsupported);
}

TEST_F(FenceTest, UntranslatedNetworkNeedsTheOrganizationsEdge) {
    Cloud cloud = open();
    make_shop(cloud);
    const auto refused = cloud.create(nat_routed("none"));
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("attach it, or choose translation one-to-one"),
              std::string::npos)
        << refused.error().text;
    EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "main"}}));
    EXPECT_OK(cloud.attach({"acme", "main"}, {.network = "front"}));
    EXPECT_OK(cloud.create(nat_routed("none")));
    EXPECT_EQ(cloud.create(inside("web", {"192.168.0.5"}))->object.outside_addresses, Texts{});
    // ...and keeps it.
    const auto detached = cloud.detach({"acme", "main"}, "front");
    ASSERT_FALSE(detached);
    EXPECT_NE(detached.error().text.find("shop/network/lan"), std::string::npos);
    const auto left_alone = cloud.delete_edge({"acme", "main"}, {.cascade = true});
    ASSERT_FALSE(left_alone);
    EXPECT_NE(left_alone.error().text.find("attach it, or choose translation one-to-one"),
              std::string::npos)
        << left_alone.error().text;
    // A second one with the same prefix can't be told from it.
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "other"}}));
    auto second = nat_routed("none");
    second.path = {"acme", "other", "lan"};
    const auto overlap = cloud.create(second);
    ASSERT_FALSE(overlap);
    EXPECT_EQ(overlap.error().kind, ErrorKind::conflict);
    second.translation = "one-to-one";
    EXPECT_OK(cloud.create(second));
}

TEST_F(FenceTest, SwitchesModesUnderItsNics) {
    Cloud cloud = open();
    make_shop(cloud);
    const Path lan{"acme", "shop", "lan"};
    EXPECT_OK(cloud.create(NewVappNetwork{.path = lan, .segment = {.subnets = {"10.0.0.0/24"}}}));
    const auto web = cloud.create(inside("web", {"10.0.0.5"}));
    const auto vni = cloud.vapp_network(lan)->vni;
    const auto fence = cloud.set(lan, VappNetworkChange{.mode = "fenced", .parent = "front"});
    ASSERT_TRUE(fence) << why(fence);
    EXPECT_EQ(fence->object.vni, vni);
    EXPECT_EQ(fence->object.segment.subnets, Texts{}); // the parent's now
    const auto fenced_web = cloud.nic("acme/shop/web/0");
    EXPECT_EQ(fenced_web->mac, web->object.mac);
    EXPECT_EQ(fenced_web->outside_addresses, Texts{"10.0.0.101"});
    // One segment with its parent: its NICs are there now, and must fit.
    const auto bridged = cloud.set(lan, VappNetworkChange{.mode = "bridged"});
    ASSERT_TRUE(bridged) << why(bridged);
    EXPECT_EQ(bridged->object.vni, std::nullopt);
    EXPECT_EQ(count("Edge_Router"), 0u);
    EXPECT_EQ(count("Vni_Allocation"), 1u);
    EXPECT_EQ(
        ledger(cloud, {"acme", "front"}),
        (Strings{"10.0.0.0 reserved subnet of acme/front", "10.0.0.1 gateway gateway of acme/front",
                 "10.0.0.5 nic acme/shop/web/0", "10.0.0.250 dhcp DHCP of acme/front",
                 "10.0.0.255 reserved broadcast of acme/front"}));
    EXPECT_TRUE(cloud.addresses(lan)->empty());
    const auto alone = cloud.set(lan, VappNetworkChange{.mode = "isolated"});
    ASSERT_TRUE(alone) << why(alone);
    EXPECT_EQ(alone->object.parent, "");
    EXPECT_EQ(ledger(cloud, lan), (Strings{"10.0.0.5 nic acme/shop/web/0"}));
}

TEST_F(FenceTest, MovesToAnotherParent) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(fenced()));
    EXPECT_OK(cloud.create(inside("web", {"10.0.0.5"})));
    EXPECT_OK(cloud.create(
        NewNetwork{.path = {"acme", "back"},
                   .segment = {.subnets = {"10.0.0.0/16"}, .ranges = {"10.0.7.0-10.0.7.9"}}}));
    const Path lan{"acme", "shop", "lan"};
    const auto moved = cloud.set(lan, VappNetworkChange{.parent = "back"});
    ASSERT_TRUE(moved) << why(moved);
    EXPECT_EQ(moved->object.parent, "back");
    EXPECT_EQ(moved->object.edge_addresses, Texts{"10.0.7.0"});
    EXPECT_EQ(cloud.nic("acme/shop/web/0")->outside_addresses, Texts{"10.0.7.1"});
    EXPECT_EQ(ledger(cloud, {"acme", "front"}).size(), 4u); // nothing is left there
    EXPECT_ERROR(not_found, "network acme/nope does not exist",
                 cloud.set(lan, VappNetworkChange{.parent = "nope"}));
    const auto orphan = cloud.set(lan, VappNetworkChange{.parent = ""});
    ASSERT_FALSE(orphan);
    EXPECT_EQ(orphan.error().kind, ErrorKind::not_found);
}

TEST_F(FenceTest, FollowsItsParentsSubnet) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(nat_routed()));
    EXPECT_OK(cloud.create(inside("web", {"192.168.0.5"})));
    const auto renumbered = cloud.set(
        {"acme", "front"}, NetworkChange{.segment = {.subnets = Texts{"10.5.0.0/24"},
                                                     .gateways = Texts{"10.5.0.1"},
                                                     .ranges = Texts{"10.5.0.10-10.5.0.19"}}});
    ASSERT_TRUE(renumbered) << why(renumbered);
    EXPECT_EQ(cloud.vapp_network({"acme", "shop", "lan"})->edge_addresses, Texts{"10.5.0.10"});
    EXPECT_EQ(cloud.nic("acme/shop/web/0")->outside_addresses, Texts{"10.5.0.11"});
    EXPECT_EQ(
        ledger(cloud, {"acme", "front"}),
        (Strings{"10.5.0.0 reserved subnet of acme/front", "10.5.0.1 gateway gateway of acme/front",
                 "10.5.0.10 router edge acme/shop/lan", "10.5.0.11 outside acme/shop/web/0",
                 "10.5.0.250 dhcp DHCP of acme/front",
                 "10.5.0.255 reserved broadcast of acme/front"}));
}

TEST_F(FenceTest, RefusesAModeThatItsNicsCantBear) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(NewVappNetwork{.path = {"acme", "shop", "lan"}}));
    EXPECT_OK(cloud.create(inside("web", {"192.168.0.5"})));
    const auto refused =
        cloud.set({"acme", "shop", "lan"}, VappNetworkChange{.mode = "fenced", .parent = "front"});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("nic/web/0: address 192.168.0.5: lies outside"),
              std::string::npos)
        << refused.error().text;
    EXPECT_EQ(cloud.vapp_network({"acme", "shop", "lan"})->mode, "isolated");
    EXPECT_EQ(count("Edge_Router"), 0u);
}

TEST_F(FenceTest, RenamesTheEdgeWithItsVappAndItsNetwork) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(fenced()));
    EXPECT_OK(cloud.set({"acme", "shop"}, VappChange{.name = "store"}));
    EXPECT_OK(cloud.set({"acme", "store", "lan"}, VappNetworkChange{.name = "net"}));
    EXPECT_OK(cloud.edge({"acme", "store", "net"}));
    EXPECT_EQ(cloud.address({"acme", "front"}, "10.0.0.100")->owner, "edge acme/store/net");
}

TEST_F(FenceTest, SaysWhatBecomesOfConnectionsFromOutside) {
    Cloud cloud = open();
    make_shop(cloud);
    auto open_fence = fenced();
    open_fence.segment.inbound = "allow";
    EXPECT_EQ(cloud.create(open_fence)->object.segment.inbound, "allow");
    const auto closed =
        cloud.set({"acme", "shop", "lan"}, VappNetworkChange{.segment = {.inbound = "deny"}});
    EXPECT_EQ(closed->object.segment.inbound, "deny");
    const auto isolated = cloud.create(
        NewVappNetwork{.path = {"acme", "shop", "x"}, .segment = {.inbound = "allow"}});
    ASSERT_FALSE(isolated);
    EXPECT_NE(isolated.error().text.find("nothing comes in from outside"), std::string::npos);
}

// --- Deployment ---------------------------------------------------------------------------------
TEST_F(FenceTest, UndeployingReleasesOutsideAddressesUnlessTheyAreKept) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(fenced()));
    EXPECT_OK(cloud.create(inside("web", {"10.0.0.5"})));
    const auto outside = [&] { return cloud.nic("acme/shop/web/0")->outside_addresses; };
    const auto kept = cloud.undeploy({"acme", "shop"}, true);
    ASSERT_TRUE(kept) << why(kept);
    EXPECT_FALSE(kept->object.deployed);
    EXPECT_EQ(outside(), Texts{"10.0.0.101"});
    EXPECT_OK(cloud.undeploy({"acme", "shop"}));
    EXPECT_EQ(outside(), Texts{});
    EXPECT_ERROR(not_found, "address 10.0.0.101 on acme/front does not exist",
                 cloud.address({"acme", "front"}, "10.0.0.101"));
    // What is made meanwhile waits for the deployment, too.
    EXPECT_EQ(cloud.create(inside("db", {"10.0.0.6"}))->object.outside_addresses, Texts{});
    EXPECT_OK(cloud.reserve({.network = {"acme", "front"}, .address = "10.0.0.101"}));
    EXPECT_EQ(cloud.deploy({"acme", "shop"})->object.deployed, true);
    EXPECT_EQ(cloud.deploy({"acme", "shop"})->receipt.change, 0); // twice is once
    Texts both = outside();
    both.merge(cloud.nic("acme/shop/db/0")->outside_addresses);
    EXPECT_EQ(both, (Texts{"10.0.0.102", "10.0.0.103"}));
    EXPECT_ERROR(not_found, "vApp acme/nope does not exist", cloud.deploy({"acme", "nope"}));
}

TEST_F(FenceTest, AVappMayBeMadeUndeployed) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_FALSE(
        cloud.create(NewVapp{.path = {"acme", "idle"}, .deployed = false})->object.deployed);
    auto network = fenced();
    network.path = {"acme", "idle", "lan"};
    EXPECT_OK(cloud.create(network));
    auto nic = inside("web", {"10.0.0.5"});
    nic.vm = {"acme", "idle", "web"};
    EXPECT_EQ(cloud.create(nic)->object.outside_addresses, Texts{});
    EXPECT_OK(cloud.deploy({"acme", "idle"}));
    EXPECT_EQ(cloud.nic("acme/idle/web/0")->outside_addresses, Texts{"10.0.0.101"});
}

TEST_F(FenceTest, AVappGoesAsAUnit) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(fenced()));
    EXPECT_OK(cloud.create(inside("web", {"10.0.0.5"})));
    EXPECT_OK(cloud.create(NewRoute{
        .edge = {"acme", "shop", "lan"}, .prefix = "172.16.0.0/12", .next_hops = {"10.0.0.9"}}));
    const auto deleted = cloud.delete_vapp({"acme", "shop"});
    ASSERT_TRUE(deleted) << why(deleted);
    EXPECT_EQ(deleted->objects, (Strings{"NIC acme/shop/web/0", "VM acme/shop/web",
                                         "vApp network acme/shop/lan", "vApp acme/shop"}));
    for (const char* table : {"Vapp", "Nic", "Edge_Router", "Static_Route", "Vapp_Network"})
        EXPECT_EQ(count(table), 0u) << table;
    EXPECT_EQ(count("Address_Allocation"), 4u); // front's own
    EXPECT_EQ(count("Vni_Allocation"), 1u);
}

// --- An organization's edge router --------------------------------------------------------------
TEST_F(FenceTest, AnOrganizationsEdgeConnectsItsNetworks) {
    Cloud cloud = open();
    make_shop(cloud);
    const Path main{"acme", "main"};
    EXPECT_OK(cloud.create(NewEdge{.path = main}));
    EXPECT_ERROR(conflict, "edge acme/main exists already; choose another name",
                 cloud.create(NewEdge{.path = main}));
    EXPECT_TRUE(cloud.create(NewEdge{.path = main, .may_exist = true})->existed);
    EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "back"}}));
    EXPECT_ERROR(invalid,
                 "network acme/back: has no gateway that the edge router could be; give it one, or "
                 "the router an address there",
                 cloud.attach(main, {.network = "back"}));
    EXPECT_OK(
        cloud.set({"acme", "back"}, NetworkChange{.segment = {.subnets = Texts{"10.1.0.0/24"}}}));
    EXPECT_OK(cloud.attach(main, {.network = "front"}));
    const auto both = cloud.attach(main, {.network = "back", .addresses = {"10.1.0.254"}});
    ASSERT_TRUE(both) << why(both);
    EXPECT_EQ(both->object.addresses,
              (TextMap{{"acme/front", "10.0.0.1"}, {"acme/back", "10.1.0.254"}}));
    EXPECT_EQ(cloud.network({"acme", "back"})->mode, "routed");
    EXPECT_EQ(cloud.network({"acme", "back"})->edge, "acme/main");
    EXPECT_EQ(cloud.address({"acme", "back"}, "10.1.0.254")->kind, "router");
    EXPECT_EQ(cloud.address({"acme", "front"}, "10.0.0.1")->kind, "gateway");

    EXPECT_TRUE(cloud.attach(main, {.network = "back", .may_exist = true})->existed);
    EXPECT_ERROR(conflict,
                 "network acme/back: is attached to edge acme/main already; detach it there first",
                 cloud.attach(main, {.network = "back"}));
    EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "second"}}));
    EXPECT_EQ(cloud.attach({"acme", "second"}, {.network = "back"}).error().kind,
              ErrorKind::conflict);
    EXPECT_ERROR(conflict,
                 "org/acme/edge/main: is used by org/acme/network/back, org/acme/network/front; "
                 "delete those first, or say cascade to detach them",
                 cloud.delete_edge(main));
    EXPECT_ERROR(conflict,
                 "org/acme/network/back: is used by org/acme/edge/main; delete those first, or say "
                 "cascade to delete them, too",
                 cloud.delete_network({"acme", "back"}));

    EXPECT_OK(cloud.detach(main, "back"));
    EXPECT_EQ(cloud.network({"acme", "back"})->mode, "isolated");
    EXPECT_ERROR(not_found, "network acme/back: is not attached to edge acme/main",
                 cloud.detach(main, "back"));
    EXPECT_TRUE(cloud.detach(main, "back", true)->existed);
    EXPECT_ERROR(not_found, "address 10.1.0.254 on acme/back does not exist",
                 cloud.address({"acme", "back"}, "10.1.0.254"));
    EXPECT_OK(cloud.delete_edge(main, {.cascade = true}));
    EXPECT_EQ(cloud.network({"acme", "front"})->mode, "isolated");
    EXPECT_EQ(cloud.address({"acme", "front"}, "10.0.0.1")->kind, "gateway");
}

TEST_F(FenceTest, ARoutedNetworkGoesWithCascade) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "main"}}));
    EXPECT_OK(cloud.attach({"acme", "main"}, {.network = "front"}));
    EXPECT_OK(cloud.create(fenced()));
    EXPECT_OK(cloud.delete_network({"acme", "front"}, {.cascade = true}));
    EXPECT_EQ(cloud.edge({"acme", "main"})->addresses, TextMap{});
    EXPECT_EQ(count("Address_Allocation"), 0u);
    EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "front"}}));
    const auto deleted = cloud.delete_organization("acme", {.cascade = true});
    ASSERT_TRUE(deleted) << why(deleted);
    EXPECT_EQ(count("Edge_Router"), 0u);
}

TEST_F(FenceTest, AGatewayStaysInTheLedgerWhenTheRouterThatHadItGoes) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "main"}}));
    EXPECT_OK(cloud.attach({"acme", "main"}, {.network = "front", .addresses = {"10.0.0.2"}}));
    EXPECT_EQ(cloud.address({"acme", "front"}, "10.0.0.2")->kind, "router");
    EXPECT_OK(
        cloud.set({"acme", "front"}, NetworkChange{.segment = {.gateways = Texts{"10.0.0.2"}}}));
    EXPECT_OK(cloud.detach({"acme", "main"}, "front"));
    EXPECT_EQ(cloud.address({"acme", "front"}, "10.0.0.2")->kind, "gateway");
    EXPECT_ERROR(not_found, "address 10.0.0.1 on acme/front does not exist",
                 cloud.address({"acme", "front"}, "10.0.0.1"));
}

TEST_F(FenceTest, WhatLeadsIntoANetworkGoesWithIt) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(
        NewNetwork{.path = {"acme", "back"},
                   .segment = {.subnets = {"10.1.0.0/24"}, .gateways = {"10.1.0.1"}}}));
    EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "main"}}));
    for (const char* network : {"front", "back"})
        EXPECT_OK(cloud.attach({"acme", "main"}, {.network = network}));
    for (const auto& [prefix, hop] :
         {std::pair("172.16.0.0/16", "10.0.0.9"), std::pair("172.17.0.0/16", "10.1.0.9")})
        EXPECT_OK(
            cloud.create(NewRoute{.edge = {"acme", "main"}, .prefix = prefix, .next_hops = {hop}}));
    const auto deleted = cloud.delete_network({"acme", "back"}, {.cascade = true});
    ASSERT_TRUE(deleted) << why(deleted);
    EXPECT_EQ(deleted->objects, (Strings{"route 172.17.0.0/16 of acme/main", "network acme/back"}));
    EXPECT_EQ(cloud.routes({"acme", "main"})->size(), 1u);
}

TEST_F(FenceTest, NobodyTakesThePrefixOfAStaticRoute) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "main"}}));
    EXPECT_OK(cloud.attach({"acme", "main"}, {.network = "front"}));
    EXPECT_OK(cloud.create(
        NewRoute{.edge = {"acme", "main"}, .prefix = "192.168.0.0/24", .next_hops = {"10.0.0.9"}}));
    EXPECT_ERROR(
        conflict,
        "org/acme/edge/main/route/192.168.0.0/24: 192.168.0.0/24 is the subnet of "
        "org/acme/vapp/shop/network/lan, which it has a route to already; remove the route",
        cloud.create(nat_routed("none")));
    EXPECT_OK(cloud.create(nat_routed("one-to-one")));
}

TEST_F(FenceTest, RoutesLeadToConnectedNextHops) { // row 40
    Cloud cloud = open();
    make_shop(cloud);
    const Path main{"acme", "main"};
    EXPECT_OK(cloud.create(NewEdge{.path = main}));
    const auto route = [&](const char* prefix, const char* hop, bool may_exist = false) {
        return NewRoute{.edge = main, .prefix = prefix, .next_hops = {hop}, .may_exist = may_exist};
    };
    EXPECT_ERROR(invalid,
                 "org/acme/edge/main/route/0.0.0.0/0: next hop 10.0.0.9 is not connected: it lies "
                 "in no subnet of a network that org/acme/edge/main stands on; give one that does",
                 cloud.create(route("default", "10.0.0.9")));
    EXPECT_OK(cloud.attach(main, {.network = "front"}));
    EXPECT_EQ(cloud.create(route("default", "10.0.0.9"))->object.prefix, "0.0.0.0/0");
    EXPECT_ERROR(conflict,
                 "edge acme/main: has a route to 0.0.0.0/0 already, by 10.0.0.9; delete it first",
                 cloud.create(route("0.0.0.0/0", "10.0.0.10")));
    EXPECT_TRUE(cloud.create(route("default", "10.0.0.9", true))->existed);
    EXPECT_EQ(cloud.create(route("default", "10.0.0.10", true)).error().kind, ErrorKind::conflict);
    EXPECT_OK(cloud.create(route("172.16.0.0/12", "10.0.0.10")));
    EXPECT_EQ(cloud.routes(main)->size(), 2u);
    EXPECT_EQ(cloud.edge(main)->routes, 2);
    const auto detached = cloud.detach(main, "front"); // the routes lead there
    ASSERT_FALSE(detached);
    EXPECT_NE(detached.error().text.find("is not connected"), std::string::npos);
    EXPECT_OK(cloud.delete_route(main, "172.16.0.0/12"));
    EXPECT_ERROR(not_found, "route 172.16.0.0/12 of acme/main does not exist",
                 cloud.delete_route(main, "172.16.0.0/12"));
    EXPECT_OK(cloud.delete_route(main, "172.16.0.0/12", {.if_exists = true}));
    for (const char* bad : {"", "nowhere", "10.0.0.1/8", "300.0.0.0/8", "0.0.0.0/33"})
        EXPECT_EQ(cloud.create(route(bad, "10.0.0.9")).error().kind, ErrorKind::invalid) << bad;
}

TEST_F(FenceTest, RefusesMalformedNames) { // row 41
    Cloud cloud = open();
    make_shop(cloud);
    for (const std::string& bad :
         {std::string(), std::string(10000, 'x'), std::string("\xc3\xa4"), std::string("a\nb"),
          std::string(".."), std::string("-rf"), std::string("'; drop"), std::string("a\"b")}) {
        const auto edge = cloud.create(NewEdge{.path = {"acme", bad}});
        ASSERT_FALSE(edge);
        EXPECT_EQ(edge.error().kind, ErrorKind::invalid) << edge.error().text;
        const auto clone = cloud.clone({.source = {"acme", "shop"}, .path = {"acme", bad}});
        ASSERT_FALSE(clone);
        EXPECT_EQ(clone.error().kind, ErrorKind::invalid) << clone.error().text;
    }
    EXPECT_EQ(cloud.create(NewEdge{.path = {"acme", "a", "b"}}).error().kind, ErrorKind::invalid);
    EXPECT_EQ(cloud.create(NewEdge{.path = {"acme"}}).error().kind, ErrorKind::invalid);
    EXPECT_EQ(count("Edge_Router"), 0u);
    EXPECT_EQ(count("Vapp"), 1u);
}

} // namespace
} // namespace ringfence::client
