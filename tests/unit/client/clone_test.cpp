// Clones of a vApp: what is the same in them, what must not be, and that they are one transaction.
#include <chrono>
#include <map>

#include "tests/unit/client/fixture.h"

namespace ringfence::client {
namespace {

class CloneTest : public CloudTest {
protected:
    // vApp acme/shop in three tiers: web and app behind fences, db isolated; lb is on front itself.
    void make_shop(Cloud& cloud) {
        EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
        EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "front"},
                                          .segment = {.subnets = {"10.0.0.0/16"},
                                                      .gateways = {"10.0.0.1"},
                                                      .ranges = {"10.0.1.0-10.0.9.255"}}}));
        EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
        for (const char* name : {"web", "app"})
            EXPECT_OK(cloud.create(NewVappNetwork{.path = {"acme", "shop", name},
                                                  .mode = "fenced",
                                                  .parent = "front",
                                                  .segment = {.inbound = "allow"}}));
        EXPECT_OK(cloud.create(NewVappNetwork{.path = {"acme", "shop", "db"}}));
        add_nic(cloud, "web-0", "web", {"10.0.0.10"});
        add_nic(cloud, "app-0", "app", {"10.0.0.11"});
        add_nic(cloud, "app-0", "db", {"192.168.0.11"});
        add_nic(cloud, "db-0", "db", {"192.168.0.12"});
    }
    static void add_nic(Cloud& cloud, const char* vm, const char* network, Texts addresses) {
        EXPECT_OK(cloud.create(NewNic{.vm = {"acme", "shop", vm},
                                      .network = {.vapp_network = network},
                                      .addresses = std::move(addresses)}));
    }
    static std::map<std::string, Nic> nics_of(Cloud& cloud, const char* vapp) {
        std::map<std::string, Nic> nics;
        const auto list = cloud.nics({"acme", vapp});
        for (const Nic& nic : list.value())
            nics[nic.path[2] + "/" + nic.path[3]] = nic;
        return nics;
    }
};

TEST_F(CloneTest, HasTheSameInsideAndAnotherOutside) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(NewRoute{
        .edge = {"acme", "shop", "web"}, .prefix = "172.16.0.0/12", .next_hops = {"10.0.0.9"}}));
    const auto made = cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "twin"}});
    ASSERT_TRUE(made) << why(made);
    ASSERT_EQ(made->object.vapps.size(), 1u);
    EXPECT_EQ(made->object.vapps[0].path, (Path{"acme", "twin"}));
    EXPECT_TRUE(made->object.vapps[0].deployed);
    EXPECT_TRUE(made->object.notes.empty());

    const auto source = nics_of(cloud, "shop"), twin = nics_of(cloud, "twin");
    ASSERT_EQ(twin.size(), 4u);
    Texts outside;
    for (const auto& [name, nic] : twin) {
        const Nic& original = source.at(name);
        EXPECT_EQ(nic.mac, original.mac) << name;
        EXPECT_EQ(nic.addresses, original.addresses) << name;
        EXPECT_EQ(nic.port_name, "acme/twin/" + name);
        EXPECT_EQ(nic.outside_addresses.size(), original.outside_addresses.size()) << name;
        for (const Nic& one : {nic, original})
            outside.insert(one.outside_addresses.begin(), one.outside_addresses.end());
    }
    EXPECT_EQ(outside.size(), 4u); // web-0 and app-0, twice
    std::set<int64_t> vnis;
    const auto networks = cloud.vapp_networks();
    for (const VappNetwork& network : networks.value()) {
        vnis.insert(*network.vni);
        outside.insert(network.edge_addresses.begin(), network.edge_addresses.end());
        EXPECT_EQ(network.segment.inbound, network.mode == "fenced" ? "allow" : "");
    }
    EXPECT_EQ(vnis.size(), 6u);
    EXPECT_EQ(outside.size(), 8u); // and four edge routers
    EXPECT_EQ(cloud.routes({"acme", "twin", "web"})->size(), 1u);
    // And the clone of the clone.
    EXPECT_OK(cloud.clone({.source = {"acme", "twin"}, .path = {"acme", "third"}}));
    EXPECT_OK(cloud.delete_vapp({"acme", "shop"}));
    EXPECT_OK(cloud.delete_vapp({"acme", "twin"}));
    EXPECT_EQ(nics_of(cloud, "third").at("web-0/0").mac, source.at("web-0/0").mac);
}

TEST_F(CloneTest, GetsNewAddressesWhereItSharesASegmentWithItsSource) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(
        NewVappNetwork{.path = {"acme", "shop", "edge"}, .mode = "bridged", .parent = "front"}));
    add_nic(cloud, "lb", "edge", {"10.0.0.20"});
    EXPECT_OK(cloud.create(NewNic{.vm = {"acme", "shop", "lb"},
                                  .network = {.network = "front"},
                                  .addresses = {"10.0.0.21"}}));
    EXPECT_OK(cloud.create(NewNic{.vm = {"acme", "shop", "lb"}, .network = {.network = "front"}}));
    EXPECT_OK(cloud.create(NewHost{.name = "tor", .vtep_addresses = {"192.0.2.9"}}));
    EXPECT_OK(cloud.bind("acme/shop/lb/2", "tor"));
    const auto made = cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "twin"}});
    ASSERT_TRUE(made) << why(made);
    const auto source = nics_of(cloud, "shop"), twin = nics_of(cloud, "twin");
    for (const char* name : {"lb/0", "lb/1", "lb/2"}) {
        EXPECT_NE(twin.at(name).mac, source.at(name).mac);
        EXPECT_EQ(twin.at(name).addresses.size(), source.at(name).addresses.size());
    }
    EXPECT_NE(twin.at("lb/0").addresses, source.at("lb/0").addresses);
    EXPECT_EQ(twin.at("lb/0").allocation, "pool");
    EXPECT_EQ(twin.at("lb/2").allocation, "none");
    EXPECT_EQ(twin.at("lb/2").foreign_host, ""); // who is where, the clone's owner knows

    EXPECT_OK(cloud.set({"acme", "front"}, NetworkChange{.segment = {.ranges = Texts{}}}));
    const auto refused = cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "more"}});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("no range to take one from"), std::string::npos)
        << refused.error().text;
    EXPECT_EQ(cloud.vapps()->size(), 2u);
}

TEST_F(CloneTest, AreAllOrNone) {
    Cloud cloud = open();
    make_shop(cloud);
    const NewClones three{.source = {"acme", "shop"}, .path = {"acme", "shop"}, .count = 3};
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop-3"}}));
    EXPECT_ERROR(conflict, "vApp acme/shop-3 exists already; choose another name",
                 cloud.clone(three));
    EXPECT_EQ(cloud.vapps()->size(), 2u);
    EXPECT_OK(cloud.delete_vapp({"acme", "shop-3"}));
    const auto made = cloud.clone(three);
    ASSERT_TRUE(made) << why(made);
    EXPECT_EQ(made->object.vapps.size(), 3u);
    EXPECT_EQ(cloud.vapps()->size(), 4u);
    for (const int64_t count : {int64_t{0}, int64_t{-1}, int64_t{1001}})
        EXPECT_EQ(cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "x"}, .count = count})
                      .error()
                      .kind,
                  ErrorKind::invalid);
    EXPECT_ERROR(not_found, "vApp acme/nope does not exist",
                 cloud.clone({.source = {"acme", "nope"}, .path = {"acme", "x"}}));
    EXPECT_OK(cloud.create(NewOrganization{.name = "globex"}));
    EXPECT_ERROR(invalid, "vApp globex/x: clones stay in organization acme; name it there",
                 cloud.clone({.source = {"acme", "shop"}, .path = {"globex", "x"}}));
    EXPECT_OK(cloud.create(NewNic{.vm = {"acme", "default", "odd"},
                                  .network = {.network = "front"},
                                  .port_name = "acme/x/web-0/0"}));
    EXPECT_ERROR(conflict, "port acme/x/web-0/0 exists already; give the clone another name",
                 cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "x"}}));
}

TEST_F(CloneTest, ThatIsNotDeployedHasNoOutsideAddressesYet) {
    Cloud cloud = open();
    make_shop(cloud);
    const auto made =
        cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "twin"}, .deployed = false});
    ASSERT_TRUE(made) << why(made);
    EXPECT_FALSE(made->object.vapps[0].deployed);
    EXPECT_EQ(nics_of(cloud, "twin").at("web-0/0").outside_addresses, Texts{});
    EXPECT_OK(cloud.deploy({"acme", "twin"}));
    EXPECT_EQ(nics_of(cloud, "twin").at("web-0/0").outside_addresses.size(), 1u);
}

TEST_F(CloneTest, SaysWhatBecomesOfIpv6BehindARouter) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(NewVappNetwork{.path = {"acme", "shop", "six"},
                                          .mode = "nat-routed",
                                          .parent = "front",
                                          .segment = {.subnets = {"fd01::/64"}}}));
    const auto none = cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "a"}});
    ASSERT_TRUE(none) << why(none);
    EXPECT_EQ(
        none->object.notes,
        Texts{"vApp network acme/a/six: its IPv6 addresses have no way out: the parent has no "
              "IPv6 range"});
    EXPECT_OK(cloud.set(
        {"acme", "front"},
        NetworkChange{.segment = {.subnets = Texts{"10.0.0.0/16", "fd00::/64"},
                                  .ranges = Texts{"10.0.1.0-10.0.9.255", "fd00::100-fd00::fff"}}}));
    EXPECT_EQ(
        cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "b"}})->object.notes,
        Texts{"vApp network acme/b/six: its IPv6 addresses are translated one-to-one (NAT66)"});
}

TEST_F(CloneTest, WithoutTranslationCannotHaveTheSamePrefix) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "main"}}));
    EXPECT_OK(cloud.attach({"acme", "main"}, {.network = "front"}));
    EXPECT_OK(cloud.create(NewVappNetwork{.path = {"acme", "shop", "plain"},
                                          .mode = "nat-routed",
                                          .parent = "front",
                                          .translation = "none",
                                          .segment = {.subnets = {"192.168.7.0/24"}}}));
    const auto refused = cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "twin"}});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().text.find("choose translation one-to-one"), std::string::npos)
        << refused.error().text;
    EXPECT_EQ(cloud.vapps()->size(), 1u);
}

// The client's share of 100 clones must leave the controller most of its 5 seconds, even in a
// debug build.
TEST_F(CloneTest, AHundredAreOneCallInAFewSeconds) {
    Cloud cloud = open(std::chrono::seconds(60));
    make_shop(cloud);
    const auto seconds_of = [&](const char* name, int64_t count) {
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_OK(
            cloud.clone({.source = {"acme", "shop"}, .path = {"acme", name}, .count = count}));
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    const double seconds = seconds_of("hundred", 100);
    EXPECT_LT(seconds, 20);
    EXPECT_EQ(cloud.nics()->size(), 404u);
    Texts outside;
    const auto nics = cloud.nics();
    for (const Nic& nic : nics.value())
        outside.insert(nic.outside_addresses.begin(), nic.outside_addresses.end());
    EXPECT_EQ(outside.size(), 202u);
}

} // namespace
} // namespace ringfence::client
