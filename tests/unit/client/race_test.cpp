// Clients that want the same thing at the same time: one gets it, the others hear who has it.
#include <atomic>
#include <set>

#include "tests/unit/client/race.h"

namespace ringfence::client {
namespace {

TEST_F(RaceTest, OneNameGoesToOneClient) {
    const auto results = race<Organization>(
        [](Cloud& cloud, size_t) { return cloud.create(NewOrganization{.name = "acme"}); });
    expect_one_winner(results, "organization acme exists already");
    EXPECT_EQ(count("Organization"), 1u);
    EXPECT_EQ(count("Network_Pool"), 1u);
    EXPECT_EQ(count("Global"), 1u);
}

TEST_F(RaceTest, OneNameIsFineForAllWhoSaySo) {
    for (const auto& result : race<Organization>([](Cloud&cloud, size_t) {
             return cloud.create(NewOrganization{.name = "acme", .may_exist = true});
         }))
        EXPECT_TRUE(result) << why(result);
    EXPECT_EQ(count("Organization"), 1u);
}

TEST_F(RaceTest, EveryNetworkGetsAVniOfItsOwn) {
    Cloud cloud = open();
    make_acme(cloud);
    std::set<int64_t> vnis;
    for (const auto& result : race<Network>([](Cloud&other, size_t i) {
             return other.create(NewNetwork{.path = {"acme", "n" + std::to_string(i)}});
         })) {
        ASSERT_TRUE(result) << why(result);
        vnis.insert(result->object.vni);
    }
    EXPECT_EQ(vnis, (std::set<int64_t>{5001, 5002, 5003, 5004, 5005, 5006, 5007, 5008}));
}

TEST_F(RaceTest, OneVniGoesToOneClient) {
    Cloud cloud = open();
    make_acme(cloud);
    const auto results = race<Network>([](Cloud& other, size_t i) {
        return other.create(NewNetwork{.path = {"acme", "n" + std::to_string(i)}, .vni = 6000});
    });
    expect_one_winner(results, "VNI 6000 is taken by org/acme/network/n");
}

// The VMs are there before, so that nothing but the ledger keeps the NICs apart.
TEST_F(RaceTest, OneAddressGoesToOneNic) {
    Cloud cloud = open();
    make_acme(cloud);
    for (size_t i = 0; i < racers; ++i)
        EXPECT_OK(cloud.create(NewVm{.path = {"acme", "default", "vm" + std::to_string(i)}}));
    for (int round = 0; round < rounds; ++round) {
        const std::string address = "10.0.0." + std::to_string(10 + round);
        const auto results = race<Nic>([&](Cloud& other, size_t i) {
            return other.create(nic_of(("vm" + std::to_string(i)).c_str(), {address}));
        });
        expect_one_winner(results, "address " + address +
                                       " is taken on org/acme/network/front by "
                                       "org/acme/vapp/default/nic/vm");
    }
    EXPECT_EQ(count("Nic"), static_cast<size_t>(rounds));
}

// An organization network and a vApp network have no index in common but the ledger's.
TEST_F(RaceTest, OneVniGoesToOneNetworkOfEitherKind) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    for (int round = 0; round < rounds; ++round) {
        const int64_t vni = 6000 + round;
        race<Organization>([&](Cloud& other, size_t i) -> Result<Made<Organization>> {
            const std::string name = std::to_string(round) + "-" + std::to_string(i);
            const auto error =
                i % 2
                    ? why(other.create(NewNetwork{.path = {"acme", name}, .vni = vni}))
                    : why(other.create(NewVappNetwork{.path = {"acme", "shop", name}, .vni = vni}));
            EXPECT_TRUE(error.empty() || error.find("is taken by") != error.npos) << error;
            return fail("not asked for");
        });
    }
    EXPECT_EQ(count("Organization_Network") + count("Vapp_Network"),
              static_cast<size_t>(1 + rounds)); // front, and one winner a round
}

TEST_F(RaceTest, OneVtepAddressGoesToOneHost) {
    const auto results = race<Host>([](Cloud& cloud, size_t i) {
        return cloud.create(
            NewHost{.name = "f" + std::to_string(i), .vtep_addresses = {"192.0.2.9"}});
    });
    expect_one_winner(results, "VTEP address 192.0.2.9 is taken by host/f");
}

TEST_F(RaceTest, NicsOfOneNewVmGetNumbersOfTheirOwn) {
    Cloud cloud = open();
    make_acme(cloud);
    std::set<std::string> ports;
    for (const auto& result :
         race<Nic>([](Cloud&other, size_t) { return other.create(nic_of("web")); })) {
        ASSERT_TRUE(result) << why(result);
        ports.insert(result->object.port_name);
    }
    EXPECT_EQ(ports.size(), racers);
    EXPECT_EQ(*ports.rbegin(), "acme/default/web/7");
    EXPECT_EQ(count("Virtual_Machine"), 1u);
}

TEST_F(RaceTest, NumbersOfChangesAreNeverGivenTwice) {
    std::set<int64_t> changes;
    for (const auto& result : race<Organization>([](Cloud&cloud, size_t i) {
             return cloud.create(NewOrganization{.name = "o" + std::to_string(i)});
         })) {
        ASSERT_TRUE(result) << why(result);
        changes.insert(result->receipt.change);
    }
    EXPECT_EQ(changes.size(), racers);
    EXPECT_EQ(*changes.rbegin(), static_cast<int64_t>(racers));
}

// Two changes that exclude each other, though no row is changed by both: half of the racers make
// the one, half the other. Not one of each kind may succeed.
TEST_F(RaceTest, OneAddressIsNeverBothAGatewaysAndANics) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    EXPECT_OK(cloud.create(
        NewVappNetwork{.path = {"acme", "shop", "edge"}, .mode = "bridged", .parent = "front"}));
    for (const std::string address : {"10.0.0.5", "10.0.0.6", "10.0.0.7"}) {
        std::atomic<int> gateways = 0, nics = 0;
        race<Nic>([&](Cloud& other, size_t i) -> Result<Made<Nic>> {
            if (i % 2)
                gateways += other
                                .set({"acme", "front"},
                                     NetworkChange{.segment = {.gateways = Texts{address}}})
                                .has_value();
            else
                nics += other
                            .create(NewNic{.vm = {"acme", "shop", "vm" + std::to_string(i)},
                                           .network = {.vapp_network = "edge"},
                                           .addresses = {address}})
                            .has_value();
            return fail("counted already");
        });
        EXPECT_NE(gateways > 0, nics > 0) << gateways << " and " << nics;
    }
}

TEST_F(RaceTest, ANicsAddressLiesInItsNetworksSubnetAtLast) {
    Cloud cloud = open();
    make_acme(cloud);
    std::atomic<int> moved = 0, addressed = 0;
    for (const char* vm : {"vm0", "vm2", "vm4", "vm6"})
        EXPECT_OK(cloud.create(nic_of(vm)));
    race<Nic>([&](Cloud& other, size_t i) -> Result<Made<Nic>> {
        if (i % 2)
            moved += other
                         .set({"acme", "front"},
                              NetworkChange{.segment = {.subnets = Texts{"10.0.1.0/24"}}})
                         .has_value();
        else
            addressed += other
                             .set("acme/default/vm" + std::to_string(i) + "/0",
                                  NicChange{.addresses = Texts{"10.0.0.1" + std::to_string(i)}})
                             .has_value();
        return fail("counted already");
    });
    EXPECT_NE(moved > 0, addressed > 0) << moved << " and " << addressed;
}

TEST_F(RaceTest, ANicIsBoundToAHostOfItsDataCenterAtLast) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(NewHost{.name = "f1", .vtep_addresses = {"192.0.2.1"}}));
    EXPECT_OK(cloud.create(NewHost{.name = "f2", .vtep_addresses = {"192.0.2.2"}}));
    for (const char* vm : {"vm0", "vm2", "vm4", "vm6"})
        EXPECT_OK(cloud.create(nic_of(vm)));
    for (int round = 0; round < 3; ++round) {
        std::atomic<int> narrowed = 0, bound = 0;
        race<Nic>([&](Cloud& other, size_t i) -> Result<Made<Nic>> {
            if (i % 2)
                narrowed += other.set({"acme", "default"}, DataCenterChange{.hosts = Texts{"f2"}})
                                .has_value();
            else
                bound += other.bind("acme/default/vm" + std::to_string(i) + "/0", "f1").has_value();
            return fail("counted already");
        });
        EXPECT_NE(narrowed > 0, bound > 0) << narrowed << " and " << bound;
        for (const char* vm : {"vm0", "vm2", "vm4", "vm6"})
            EXPECT_OK(cloud.bind("acme/default/" + std::string(vm) + "/0", ""));
        EXPECT_OK(cloud.set({"acme", "default"}, DataCenterChange{.hosts = Texts{}}));
    }
}

TEST_F(RaceTest, ANetworkIsAttachedToOneEdge) {
    Cloud cloud = open();
    make_acme(cloud);
    for (size_t i = 0; i < racers; ++i)
        EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "e" + std::to_string(i)}}));
    const auto results = race<Edge>([](Cloud& other, size_t i) {
        return other.attach({"acme", "e" + std::to_string(i)},
                            {.network = "front", .addresses = {"10.0.0.1"}});
    });
    expect_one_winner(results, "network acme/front: is attached to edge acme/e");
}

// A route and the subnet of its next hop: half of the racers take the subnet away.
TEST_F(RaceTest, ARoutesNextHopIsConnectedAtLast) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "main"}}));
    EXPECT_OK(cloud.attach({"acme", "main"}, {.network = "front", .addresses = {"10.0.0.1"}}));
    for (int round = 0; round < 3; ++round) {
        std::atomic<int> moved = 0, routed = 0;
        race<Route>([&](Cloud& other, size_t i) -> Result<Made<Route>> {
            const std::string prefix = "172.16." + std::to_string(i) + ".0/24";
            if (i % 2)
                moved += other
                             .set({"acme", "front"},
                                  NetworkChange{.segment = {.subnets = Texts{"10.0.0.0/25"}}})
                             .has_value();
            else
                routed += other
                              .create(NewRoute{.edge = {"acme", "main"},
                                               .prefix = prefix,
                                               .next_hops = {"10.0.0.200"}})
                              .has_value();
            return fail("counted already");
        });
        EXPECT_NE(moved > 0, routed > 0) << moved << " and " << routed;
        const auto routes = cloud.routes({"acme", "main"});
        for (const Route& route : routes.value())
            EXPECT_OK(cloud.delete_route(route.edge, route.prefix));
        EXPECT_OK(cloud.set({"acme", "front"},
                            NetworkChange{.segment = {.subnets = Texts{"10.0.0.0/24"}}}));
    }
}

TEST_F(RaceTest, ADeletionDuringCreationsLeavesNothingHanging) {
    Cloud cloud = open();
    make_acme(cloud);
    std::atomic<bool> deleted = false;
    race<Nic>([&](Cloud& other, size_t i) -> Result<Made<Nic>> {
        if (i == 0)
            deleted = other.delete_network({"acme", "front"}, {.cascade = true}).has_value();
        auto made = other.create(nic_of(("vm" + std::to_string(i)).c_str()));
        EXPECT_TRUE(made || made.error().kind == ErrorKind::not_found) << why(made);
        return made;
    });
    EXPECT_TRUE(deleted);
    EXPECT_EQ(count("Nic"), 0u);
    EXPECT_EQ(count("Address_Allocation"), 0u);
}

} // namespace
} // namespace ringfence::client
