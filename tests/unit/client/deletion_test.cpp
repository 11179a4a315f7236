// Deleting: refused with the dependents named, or with all of them; nothing is left in the ledger.
#include "tests/unit/client/fixture.h"

namespace ringfence::client {
namespace {

TEST_F(CloudTest, RefusesToDeleteWhatIsUsed) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(nic_of("web-0", {"10.0.0.5"})));
    EXPECT_ERROR(conflict,
                 "org/acme/network/front: is used by org/acme/vapp/default/nic/web-0/0; delete "
                 "those first, or say cascade to delete them, too",
                 cloud.delete_network({"acme", "front"}));
    for (const auto& refused :
         {cloud.delete_organization("acme"), cloud.delete_data_center({"acme", "default"}),
          cloud.delete_network_pool("default"), cloud.delete_vm({"acme", "default", "web-0"})}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::conflict) << refused.error().text;
    }
    EXPECT_EQ(cloud.nics()->size(), 1u);
}

TEST_F(CloudTest, RefusesToDeleteAPoolThatANetworkDrewFrom) {
    Cloud cloud = open();
    make_acme(cloud);
    const char* text =
        "network-pool/default: is used by org/acme/network/front; delete those first";
    EXPECT_OK(cloud.create(NewNetworkPool{.name = "wide", .first_vni = 5000, .last_vni = 9000}));
    EXPECT_OK(cloud.set({"acme", "default"}, DataCenterChange{.network_pool = "wide"}));
    EXPECT_ERROR(conflict, text, cloud.delete_network_pool("default"));
    EXPECT_ERROR(conflict, text, cloud.delete_network_pool("default", {.cascade = true}));
    EXPECT_OK(cloud.delete_network({"acme", "front"}));
    EXPECT_OK(cloud.delete_network_pool("default"));
}

TEST_F(CloudTest, DeletesFromTheLeavesWithoutCascade) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(nic_of("web-0", {"10.0.0.5"})));
    EXPECT_OK(cloud.delete_nic("acme/default/web-0/0"));
    EXPECT_EQ(count("Address_Allocation"), 3u); // 10.0.0.0, .250 (DHCP) and .255 of front
    EXPECT_OK(cloud.delete_vm({"acme", "default", "web-0"}));
    EXPECT_OK(cloud.delete_vapp({"acme", "default"}));
    EXPECT_OK(cloud.delete_network({"acme", "front"}));
    const auto deleted = cloud.delete_organization("acme");
    ASSERT_TRUE(deleted) << why(deleted);
    EXPECT_EQ(deleted->objects,
              (std::vector<std::string>{"virtual data center acme/default", "organization acme"}));
    EXPECT_OK(cloud.delete_network_pool("default"));
}

TEST_F(CloudTest, CascadeTakesEverythingAlong) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(nic_of("web-0", {"10.0.0.5"})));
    EXPECT_OK(cloud.create(NewVappNetwork{.path = {"acme", "default", "own"}}));
    EXPECT_OK(cloud.create(
        NewVappNetwork{.path = {"acme", "default", "br"}, .mode = "bridged", .parent = "front"}));
    EXPECT_OK(cloud.create(
        NewNic{.vm = {"acme", "default", "web-1"}, .network = {.vapp_network = "br"}}));
    EXPECT_OK(cloud.create(NewOrganization{.name = "globex"}));
    const auto deleted = cloud.delete_organization("acme", {.cascade = true});
    ASSERT_TRUE(deleted) << why(deleted);
    EXPECT_EQ(deleted->objects.size(), 10u);
    EXPECT_EQ(deleted->objects.back(), "organization acme");
    for (const char* table : {"Nic", "Virtual_Machine", "Vapp", "Vapp_Network",
                              "Organization_Network", "Vni_Allocation", "Address_Allocation"})
        EXPECT_EQ(count(table), 0u) << table;
    EXPECT_EQ(cloud.organizations()->size(), 1u);
}

TEST_F(CloudTest, CascadeOfANetworkTakesNicsAndBridgedNetworks) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(nic_of("web-0", {"10.0.0.5"})));
    EXPECT_OK(cloud.create(
        NewVappNetwork{.path = {"acme", "default", "br"}, .mode = "bridged", .parent = "front"}));
    const auto deleted = cloud.delete_network({"acme", "front"}, {.cascade = true});
    ASSERT_TRUE(deleted) << why(deleted);
    EXPECT_EQ(deleted->objects,
              (std::vector<std::string>{"vApp network acme/default/br", "NIC acme/default/web-0/0",
                                        "network acme/front"}));
    EXPECT_EQ(count("Virtual_Machine"), 1u);
}

TEST_F(CloudTest, CascadeOfAHostUnbindsItsNics) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(NewHost{.name = "tor", .vtep_addresses = {"192.0.2.9"}}));
    EXPECT_OK(cloud.create(nic_of("web-0", {"10.0.0.5"})));
    EXPECT_OK(cloud.bind("acme/default/web-0/0", "tor"));
    EXPECT_EQ(cloud.delete_host("tor").error().kind, ErrorKind::conflict);
    EXPECT_OK(cloud.delete_host("tor", {.cascade = true}));
    EXPECT_EQ(cloud.nic("acme/default/web-0/0")->foreign_host, "");
}

TEST_F(CloudTest, DeletesWhatIsNotThereOnlyIfItMay) {
    Cloud cloud = open();
    EXPECT_ERROR(not_found, "organization acme does not exist", cloud.delete_organization("acme"));
    const auto fine = cloud.delete_organization("acme", {.if_exists = true});
    ASSERT_TRUE(fine) << why(fine);
    EXPECT_TRUE(fine->objects.empty());
    EXPECT_EQ(fine->receipt.change, 0);
}

} // namespace
} // namespace ringfence::client
