// The library's calls: what they make, what they refuse, and how they say so.
#include "tests/unit/client/fixture.h"

namespace ringfence::client {
namespace {

TEST_F(CloudTest, FirstTenantComesWithDataCenterAndPool) {
    Cloud cloud = open();
    const auto acme = cloud.create(NewOrganization{.name = "acme", .description = "first"});
    ASSERT_TRUE(acme) << why(acme);
    EXPECT_EQ(acme->object.description, "first");
    EXPECT_EQ(acme->receipt.change, 1);
    const auto vdc = cloud.data_center({"acme", "default"});
    ASSERT_TRUE(vdc) << why(vdc);
    EXPECT_TRUE(vdc->all_hosts);
    EXPECT_EQ(vdc->network_pool, "default");
    const auto pool = cloud.network_pool("default");
    ASSERT_TRUE(pool) << why(pool);
    EXPECT_EQ(pool->first_vni, 5000);
    EXPECT_EQ(pool->last_vni, 65535);
    // The second one shares the pool.
    EXPECT_EQ(cloud.create(NewOrganization{.name = "globex"})->receipt.change, 2);
    EXPECT_EQ(cloud.network_pools()->size(), 1u);
}

TEST_F(CloudTest, NetworksTakeFreeVnisAndNoteThem) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_EQ(cloud.network({"acme", "front"})->vni, 5000);
    EXPECT_EQ(cloud.create(NewNetwork{.path = {"acme", "back"}})->object.vni, 5001);
    EXPECT_EQ(cloud.create(NewNetwork{.path = {"acme", "far"}, .vni = 7000})->object.vni, 7000);
    EXPECT_EQ(cloud.network_pool("default")->used, 3);
    EXPECT_EQ(count("Vni_Allocation"), 3u);
    EXPECT_OK(cloud.delete_network({"acme", "front"}));
    EXPECT_EQ(count("Vni_Allocation"), 2u);
    EXPECT_EQ(cloud.create(NewNetwork{.path = {"acme", "again"}})->object.vni, 5000);
}

TEST_F(CloudTest, RefusesVnisThatAreTakenOrOutsideThePool) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_ERROR(conflict,
                 "org/acme/network/b: VNI 5000 is taken by org/acme/network/front; take another of "
                 "5000 to 65535",
                 cloud.create(NewNetwork{.path = {"acme", "b"}, .vni = 5000}));
    for (const int64_t vni : {int64_t{0}, int64_t{4999}, int64_t{1} << 24, int64_t{-1}}) {
        const auto refused = cloud.create(NewNetwork{.path = {"acme", "b"}, .vni = vni});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    }
    EXPECT_EQ(count("Organization_Network"), 1u);
}

TEST_F(CloudTest, SaysWhenAPoolIsExhausted) {
    Cloud cloud = open();
    EXPECT_OK(cloud.create(NewNetworkPool{.name = "default", .first_vni = 10, .last_vni = 11}));
    EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
    EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "a"}}));
    EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "b"}}));
    const auto third = cloud.create(NewNetwork{.path = {"acme", "c"}});
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().kind, ErrorKind::conflict);
    EXPECT_NE(third.error().text.find("network-pool/default"), std::string::npos)
        << third.error().text;
    EXPECT_OK(cloud.set("default", NetworkPoolChange{.last_vni = 12}));
    EXPECT_EQ(cloud.create(NewNetwork{.path = {"acme", "c"}})->object.vni, 12);
    // Shrinking it under its networks would make them wrong.
    const auto shrunk = cloud.set("default", NetworkPoolChange{.last_vni = 11});
    ASSERT_FALSE(shrunk);
    EXPECT_NE(shrunk.error().text.find("org/acme/network/c"), std::string::npos)
        << shrunk.error().text;
}

TEST_F(CloudTest, NicMakesItsVmAndVappAndNotesItsAddresses) {
    Cloud cloud = open();
    make_acme(cloud);
    NewNic wanted = nic_of("web-0", {"10.0.0.5", "10.0.0.6"});
    wanted.mac = "02:00:00:00:00:AA";
    const auto nic = cloud.create(wanted);
    ASSERT_TRUE(nic) << why(nic);
    EXPECT_EQ(nic->object.port_name, "acme/default/web-0/0");
    EXPECT_EQ(nic->object.mac, "02:00:00:00:00:aa");
    EXPECT_EQ(nic->object.allocation, "manual");
    EXPECT_EQ(nic->object.port_security, "strict");
    EXPECT_EQ(nic->object.network, "acme/front");
    EXPECT_EQ(count("Address_Allocation"), 3u + 3); // of front: its subnet, broadcast, DHCP
    EXPECT_EQ(cloud.vms({"acme"})->size(), 1u);
    EXPECT_EQ(cloud.create(nic_of("web-0"))->object.port_name, "acme/default/web-0/1");
    EXPECT_EQ(cloud.nics({"acme", "default", "web-0"})->size(), 2u);
}

TEST_F(CloudTest, NicWithoutAddressesIsSecuredByItsMac) {
    Cloud cloud = open();
    make_acme(cloud);
    const auto nic = cloud.create(nic_of("web-0"));
    ASSERT_TRUE(nic) << why(nic);
    EXPECT_EQ(nic->object.allocation, "none");
    EXPECT_EQ(nic->object.port_security, "mac");
    // Unicast, locally administered.
    EXPECT_EQ(nic->object.mac.substr(0, 3), "02:");
}

TEST_F(CloudTest, RefusesAddressesThatAreTaken) {
    Cloud cloud = open();
    make_acme(cloud);
    NewNic first = nic_of("web-0", {"10.0.0.5"});
    first.mac = "02:00:00:00:00:01";
    EXPECT_OK(cloud.create(first));
    EXPECT_ERROR(conflict,
                 "org/acme/vapp/default/nic/web-1/0: address 10.0.0.5 is taken on "
                 "org/acme/network/front by org/acme/vapp/default/nic/web-0/0; give another",
                 cloud.create(nic_of("web-1", {"10.0.0.5"})));
    NewNic same_mac = nic_of("web-1", {"10.0.0.6"});
    same_mac.mac = "02:00:00:00:00:01";
    EXPECT_ERROR(conflict,
                 "org/acme/vapp/default/nic/web-1/0: MAC 02:00:00:00:00:01 is taken on "
                 "org/acme/network/front by org/acme/vapp/default/nic/web-0/0; give another",
                 cloud.create(same_mac));
    EXPECT_EQ(count("Nic"), 1u);
    EXPECT_EQ(count("Virtual_Machine"), 1u) << "a refused NIC left its VM behind";
    // On another segment both are free.
    EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "back"}}));
    same_mac.addresses = {"10.0.0.5"};
    same_mac.network.network = "back";
    EXPECT_OK(cloud.create(same_mac));
}

TEST_F(CloudTest, RefusesWhatIsWrongWithANic) {
    Cloud cloud = open();
    make_acme(cloud);
    NewNic group = nic_of("w");
    group.mac = "01:00:5e:00:00:01";
    EXPECT_ERROR(invalid,
                 "org/acme/vapp/default/nic/w/0: MAC 01:00:5e:00:00:01 is multicast; give a "
                 "unicast one, like 02:00:00:00:00:01",
                 cloud.create(group));
    EXPECT_EQ(cloud.create(nic_of("w", {"10.0.1.5"})).error().kind, ErrorKind::invalid);
    EXPECT_EQ(cloud.create(nic_of("w", {"10.0.0.255"})).error().kind, ErrorKind::invalid);
    EXPECT_EQ(cloud.create(nic_of("w", {"here"})).error().kind, ErrorKind::invalid);
    NewNic nowhere = nic_of("w");
    nowhere.network = {};
    EXPECT_ERROR(invalid,
                 "NIC of acme/default/w: which network is it on; name one organization network or "
                 "one vApp network",
                 cloud.create(nowhere));
    nowhere.network = {.network = "front", .vapp_network = "back"};
    EXPECT_EQ(cloud.create(nowhere).error().kind, ErrorKind::invalid);
    nowhere.network = {.network = "back"};
    EXPECT_ERROR(not_found, "network acme/back does not exist", cloud.create(nowhere));
    NewNic named = nic_of("w");
    named.port_name = "with space";
    EXPECT_EQ(cloud.create(named).error().kind, ErrorKind::invalid);
    NewNic numbered = nic_of("w");
    numbered.number = 65536;
    EXPECT_EQ(cloud.create(numbered).error().kind, ErrorKind::invalid);
    EXPECT_EQ(count("Vapp"), 0u);
}

TEST_F(CloudTest, ChangesANicWithItsLedger) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(nic_of("web-0", {"10.0.0.5"})));
    const auto set = cloud.set("acme/default/web-0/0", NicChange{.mac = "02:00:00:00:00:07",
                                                                 .addresses = Texts{"10.0.0.9"}});
    ASSERT_TRUE(set) << why(set);
    EXPECT_EQ(set->object.mac, "02:00:00:00:00:07");
    EXPECT_EQ(count("Address_Allocation"), 3u + 2);
    EXPECT_OK(cloud.create(nic_of("web-1", {"10.0.0.5"}))); // free again
    EXPECT_EQ(
        cloud.set("acme/default/web-1/0", NicChange{.addresses = Texts{"10.0.0.9"}}).error().kind,
        ErrorKind::conflict);
    const auto bare = cloud.set("acme/default/web-0/0", NicChange{.addresses = Texts{}});
    ASSERT_TRUE(bare) << why(bare);
    EXPECT_EQ(bare->object.port_security, "mac");
    EXPECT_EQ(bare->object.allocation, "none");
}

TEST_F(CloudTest, RefusesAChangeOfANetworkThatItsNicsCantBear) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(nic_of("web-0", {"10.0.0.5"})));
    const auto moved = cloud.set(Path{"acme", "front"},
                                 NetworkChange{.segment = {.subnets = Texts{"10.9.0.0/24"}}});
    ASSERT_FALSE(moved);
    EXPECT_NE(moved.error().text.find("org/acme/vapp/default/nic/web-0/0"), std::string::npos)
        << moved.error().text;
    const auto widened = cloud.set(Path{"acme", "front"},
                                   NetworkChange{.segment = {.subnets = Texts{"10.0.0.0/16"}}});
    ASSERT_TRUE(widened) << why(widened);
    EXPECT_EQ(widened->object.segment.subnets, Texts{"10.0.0.0/16"});
}

TEST_F(CloudTest, BridgedVappNetworkIsItsParentsSegment) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    const auto bridged = cloud.create(
        NewVappNetwork{.path = {"acme", "shop", "net"}, .mode = "bridged", .parent = "front"});
    ASSERT_TRUE(bridged) << why(bridged);
    EXPECT_EQ(bridged->object.vni, std::nullopt);
    EXPECT_OK(cloud.create(nic_of("web-0", {"10.0.0.5"})));
    NewNic inside{.vm = {"acme", "shop", "w"}, .network = {.vapp_network = "net"}};
    inside.addresses = {"10.0.0.5"};
    const auto refused = cloud.create(inside);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    inside.addresses = {"10.0.0.6"};
    EXPECT_OK(cloud.create(inside));
    // An isolated one has its own.
    const auto isolated = cloud.create(NewVappNetwork{.path = {"acme", "shop", "own"}});
    ASSERT_TRUE(isolated) << why(isolated);
    EXPECT_EQ(isolated->object.vni, 5001);
}

TEST_F(CloudTest, RefusesModesThatAreNotBuiltByName) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_ERROR(unsupported, "org/acme/network/r: mode bridged is not built yet; choose isolated",
                 cloud.create(NewNetwork{.path = {"acme", "r"}, .mode = "bridged"}));
}

TEST_F(CloudTest, BindsNicsToForeignHostsOnly) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(nic_of("web-0", {"10.0.0.5"})));
    EXPECT_OK(cloud.create(NewHost{.name = "tor", .vtep_addresses = {"192.0.2.9"}}));
    EXPECT_OK(cloud.create(NewHost{.name = "hv", .kind = "ringfence"}));
    EXPECT_EQ(cloud.bind("acme/default/web-0/0", "tor")->object.foreign_host, "tor");
    EXPECT_EQ(cloud.bind("acme/default/web-0/0", "hv").error().kind, ErrorKind::invalid);
    EXPECT_ERROR(not_found, "host nope does not exist", cloud.bind("acme/default/web-0/0", "nope"));
    EXPECT_EQ(cloud.bind("acme/default/web-0/0", "")->object.foreign_host, "");
    EXPECT_EQ(cloud.create(NewHost{.name = "two", .vtep_addresses = {"192.0.2.9"}}).error().kind,
              ErrorKind::conflict);
    EXPECT_EQ(cloud.create(NewHost{.name = "bare"}).error().kind, ErrorKind::invalid);
}

TEST_F(CloudTest, FindsNicsByPortNameAndByPath) {
    Cloud cloud = open();
    make_acme(cloud);
    NewNic wanted = nic_of("web-0");
    wanted.port_name = "6f2c8a52-61e5-4a2a-a7e5-0a6a7f2b53a1";
    EXPECT_OK(cloud.create(wanted));
    EXPECT_EQ(cloud.nic("6f2c8a52-61e5-4a2a-a7e5-0a6a7f2b53a1")->path.text(),
              "acme/default/web-0/0");
    EXPECT_EQ(cloud.nic("acme/default/web-0/0")->port_name, wanted.port_name);
    EXPECT_ERROR(not_found, "NIC acme/default/web-0/1 does not exist",
                 cloud.nic("acme/default/web-0/1"));
    EXPECT_ERROR(not_found, "VM acme/default/w does not exist", cloud.nic("acme/default/w/0"));
    EXPECT_EQ(cloud.nic("x").error().kind, ErrorKind::not_found);
    EXPECT_EQ(cloud.nic("").error().kind, ErrorKind::not_found);
}

TEST_F(CloudTest, GuessesNotWhichNicIsMeant) {
    Cloud cloud = open();
    make_acme(cloud);
    NewNic web = nic_of("web"), db = nic_of("db");
    web.port_name = "p1";
    db.port_name = "acme/default/web/0";
    EXPECT_OK(cloud.create(web));
    EXPECT_OK(cloud.create(db));
    EXPECT_ERROR(conflict,
                 "acme/default/web/0 is the port name of NIC acme/default/db/0 and the path of the "
                 "NIC with port name p1: name it the other way",
                 cloud.delete_nic("acme/default/web/0"));
    EXPECT_OK(cloud.delete_nic("acme/default/db/0"));
    EXPECT_EQ(cloud.nic("acme/default/web/0")->port_name, "p1");
}

TEST_F(CloudTest, NamesTheFirstThingThatIsMissing) {
    Cloud cloud = open();
    EXPECT_ERROR(not_found, "organization acme does not exist", cloud.network({"acme", "front"}));
    EXPECT_ERROR(not_found, "organization acme does not exist", cloud.networks({"acme"}));
    EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
    EXPECT_ERROR(not_found, "network acme/front does not exist", cloud.network({"acme", "front"}));
    EXPECT_ERROR(not_found, "vApp acme/shop does not exist", cloud.vm({"acme", "shop", "w"}));
    EXPECT_ERROR(invalid, "network 'front': give its whole name, ORG/NETWORK",
                 cloud.network({"front"}));
    EXPECT_ERROR(not_found, "virtual data center acme/far does not exist",
                 cloud.create(NewNetwork{.path = {"acme", "n"}, .data_center = "far"}));
    EXPECT_OK(cloud.networks({"acme"}));
}

TEST_F(CloudTest, RefusesNamesThatAreNone) {
    Cloud cloud = open();
    for (const std::string& name :
         {std::string(), std::string(10'000, 'a'), std::string("z\xc3\xbc"), std::string("a\nb"),
          std::string("../a"), std::string("-a"), std::string("'; DROP TABLE \""),
          std::string("a b")}) {
        const auto refused = cloud.create(NewOrganization{.name = name});
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
        EXPECT_LT(refused.error().text.size(), 400u);
    }
    EXPECT_EQ(count("Organization"), 0u);
}

TEST_F(CloudTest, SecondCreationIsAConflictOrWillDo) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_ERROR(conflict, "organization acme exists already; choose another name",
                 cloud.create(NewOrganization{.name = "acme"}));
    const auto again = cloud.create(NewOrganization{.name = "acme", .may_exist = true});
    ASSERT_TRUE(again) << why(again);
    EXPECT_TRUE(again->existed);
    EXPECT_EQ(again->receipt.change, 0);
    EXPECT_ERROR(conflict, "network acme/front exists already; choose another name",
                 cloud.create(NewNetwork{.path = {"acme", "front"}}));
    NewNic numbered = nic_of("w");
    numbered.number = 3;
    EXPECT_OK(cloud.create(numbered));
    EXPECT_ERROR(conflict, "NIC acme/default/w/3 exists already; choose another name",
                 cloud.create(numbered));
    numbered.may_exist = true;
    EXPECT_TRUE(cloud.create(numbered)->existed);
}

TEST_F(CloudTest, RenamesWithinWhatIsFree) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "back"}}));
    EXPECT_EQ(cloud.set(Path{"acme", "back"}, NetworkChange{.name = "front"}).error().kind,
              ErrorKind::conflict);
    EXPECT_OK(cloud.set(Path{"acme", "back"}, NetworkChange{.name = "rear"}));
    EXPECT_OK(cloud.set("acme", OrganizationChange{.name = "globex"}));
    EXPECT_OK(cloud.network({"globex", "rear"}));
}

TEST_F(CloudTest, AChangeThatChangesNothingIsNoChange) {
    Cloud cloud = open();
    make_acme(cloud);
    const auto before = cloud.global()->change;
    const auto same = cloud.set("acme", OrganizationChange{.description = ""});
    ASSERT_TRUE(same) << why(same);
    EXPECT_EQ(same->receipt.change, 0);
    EXPECT_EQ(cloud.global()->change, before);
}

TEST_F(CloudTest, DryRunAnswersAndWritesNothing) {
    auto dry = Cloud::open({.remotes = server_.remote(), .dry_run = true});
    ASSERT_TRUE(dry) << why(dry);
    const auto acme = dry->create(NewOrganization{.name = "acme"});
    ASSERT_TRUE(acme) << why(acme);
    EXPECT_EQ(acme->object.name, "acme");
    EXPECT_EQ(acme->receipt.change, 0);
    EXPECT_EQ(count("Organization"), 0u);
    EXPECT_EQ(dry->create(NewOrganization{.name = "-"}).error().kind, ErrorKind::invalid);
}

TEST_F(CloudTest, SetsWhetherHostsAreAdmitted) {
    Cloud cloud = open();
    EXPECT_FALSE(cloud.global()->admit_hosts);
    const auto set = cloud.set(GlobalChange{.admit_hosts = true});
    ASSERT_TRUE(set) << why(set);
    EXPECT_EQ(set->receipt.change, 1);
    EXPECT_TRUE(cloud.global()->admit_hosts);
    EXPECT_OK(cloud.set(GlobalChange{.admit_hosts = false}));
    EXPECT_FALSE(cloud.global()->admit_hosts);
}

TEST_F(CloudTest, ListsEventsOldestFirst) {
    transact(R"({"op":"insert","table":"Event","row":{"time":2,"kind":"b","text":"later"}},
                {"op":"insert","table":"Event","row":{"time":1,"kind":"a","hosts":["set",["x","y"]]}})");
    Cloud cloud = open();
    const auto events = cloud.events();
    ASSERT_TRUE(events) << why(events);
    ASSERT_EQ(events->size(), 2u);
    EXPECT_EQ((*events)[0].kind, "a");
    EXPECT_EQ((*events)[0].hosts, (Texts{"x", "y"}));
    EXPECT_EQ((*events)[1].text, "later");
}

TEST_F(CloudTest, SeesWhatOthersWroteBetweenItsCalls) {
    Cloud mine = open(), other = open();
    EXPECT_OK(other.create(NewOrganization{.name = "acme"}));
    EXPECT_OK(mine.organization("acme"));
    EXPECT_OK(other.delete_organization("acme"));
    EXPECT_EQ(mine.organization("acme").error().kind, ErrorKind::not_found);
}

TEST_F(CloudTest, GoesOnAfterARestartOfTheDatabase) {
    Cloud cloud = open();
    make_acme(cloud);
    server_.restart();
    EXPECT_OK(cloud.create(nic_of("web-0", {"10.0.0.5"})));
    EXPECT_EQ(cloud.nics()->size(), 1u);
}

TEST_F(CloudTest, SaysThatTheDatabaseIsOutOfReach) {
    const std::string nowhere = "unix:" + server_.folder() + "/nowhere";
    const auto none =
        Cloud::open({.remotes = nowhere, .connect_timeout = std::chrono::milliseconds(200)});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::unavailable);
    EXPECT_NE(none.error().text.find(nowhere), std::string::npos) << none.error().text;

    Cloud cloud = open(std::chrono::milliseconds(300));
    server_.stop();
    const auto gone = cloud.create(NewOrganization{.name = "acme"});
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().kind, ErrorKind::unavailable);
}

TEST_F(CloudTest, SaysThatTheDatabaseDoesNotAnswer) {
    Cloud cloud = open(std::chrono::milliseconds(300));
    server_.pause(true);
    const auto silent = cloud.create(NewOrganization{.name = "acme"});
    server_.pause(false);
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().kind, ErrorKind::timeout) << silent.error().text;
}

TEST(Open, SaysThatAServerHasNoNorthboundDatabase) {
    ovsdb::test::Server other({ovsdb::test::schema_file("southbound")});
    const auto refused =
        Cloud::open({.remotes = other.remote(), .connect_timeout = std::chrono::milliseconds(500)});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_NE(refused.error().text.find("Ringfence_Northbound"), std::string::npos)
        << refused.error().text;
}

} // namespace
} // namespace ringfence::client
