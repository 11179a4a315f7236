// Clients that change vApps and edge routers while others build on them: what two of them were told
// is done fits together at last.
#include <atomic>

#include "tests/unit/client/race.h"

namespace ringfence::client {
namespace {

const Path edge{"acme", "main"};

class EdgeRaceTest : public RaceTest {
protected:
    // acme with front behind edge main, and vApp shop.
    void make_shop(Cloud& cloud) {
        EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
        EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "front"},
                                          .segment = {.subnets = {"10.0.0.0/16"},
                                                      .gateways = {"10.0.0.1"},
                                                      .ranges = {"10.0.1.0-10.0.9.255"}}}));
        EXPECT_OK(cloud.create(NewEdge{.path = edge}));
        EXPECT_OK(cloud.attach(edge, {.network = "front"}));
        EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    }
    static NewVappNetwork untranslated(const std::string& name) {
        return {.path = {"acme", "shop", name},
                .mode = "nat-routed",
                .parent = "front",
                .translation = "none",
                .segment = {.subnets = {"192.168.0.0/24"}}};
    }
    // Racer i runs run(cloud, i); who is done returns true.
    void race_to(const std::function<bool(Cloud&, size_t)>& run) {
        race<Vapp>([&](Cloud& other, size_t i) -> Result<Made<Vapp>> {
            run(other, i);
            return fail("counted already");
        });
    }
};

TEST_F(EdgeRaceTest, AReservationDuringADeletionLeavesNothingHanging) {
    Cloud cloud = open();
    for (int round = 0; round < rounds; ++round) {
        make_shop(cloud);
        race_to([](Cloud& other, size_t i) {
            if (i == 0)
                return other.delete_organization("acme", {.cascade = true}).has_value();
            for (size_t n = 0; n < 4; ++n)
                (void)other.reserve({.network = {"acme", "front"},
                                     .address = "10.0.0." + std::to_string(10 + 10 * i + n)});
            return true;
        });
        EXPECT_OK(cloud.delete_organization("acme", {.cascade = true, .if_exists = true}));
        ASSERT_EQ(count("Address_Allocation"), 0u) << "round " << round;
    }
}

// A route by hand, and one that the edge has by itself.
TEST_F(EdgeRaceTest, OnePrefixIsRoutedInOneWay) {
    Cloud cloud = open();
    make_shop(cloud);
    for (int round = 0; round < rounds; ++round) {
        std::atomic<int> routes = 0, networks = 0;
        race_to([&](Cloud& other, size_t i) {
            if (i % 2)
                return bool(networks += other.create(untranslated("lan")).has_value());
            return bool(routes += other
                                      .create(NewRoute{.edge = edge,
                                                       .prefix = "192.168.0.0/24",
                                                       .next_hops = {"10.0.0.9"}})
                                      .has_value());
        });
        EXPECT_EQ(routes + networks, 1);
        EXPECT_OK(cloud.delete_route(edge, "192.168.0.0/24", {.if_exists = true}));
        EXPECT_OK(cloud.delete_vapp_network({"acme", "shop", "lan"}, {.if_exists = true}));
    }
}

// In whatever direction: numbers are what rules are called by.
TEST_F(EdgeRaceTest, EveryRuleHasANumberOfItsOwn) {
    Cloud cloud = open();
    make_shop(cloud);
    for (int round = 0; round < rounds; ++round)
        race_to([](Cloud& other, size_t i) {
            return other
                .create(NewFirewallRule{.owner = edge.text(),
                                        .match = {.direction = i % 2 ? "in" : "out"}})
                .has_value();
        });
    const auto rules = cloud.firewall_rules(edge.text());
    ASSERT_TRUE(rules) << why(rules);
    EXPECT_EQ(rules->size(), rounds * racers);
    std::set<int64_t> numbers;
    for (const FirewallRule& rule : *rules)
        EXPECT_TRUE(numbers.insert(rule.name.number).second) << rule.name.number << " twice";
}

TEST_F(EdgeRaceTest, ANetworkThatIsNotTranslatedHasAnEdgeAtLast) {
    Cloud cloud = open();
    make_shop(cloud);
    for (int round = 0; round < 3; ++round) {
        std::atomic<int> detached = 0, networks = 0;
        race_to([&](Cloud& other, size_t i) {
            if (i % 2)
                return bool(networks += other.create(untranslated("lan")).has_value());
            return bool(detached += other.detach(edge, "front").has_value());
        });
        EXPECT_EQ(detached + networks, 1);
        EXPECT_OK(cloud.delete_vapp_network({"acme", "shop", "lan"}, {.if_exists = true}));
        EXPECT_OK(cloud.attach(edge, {.network = "front", .may_exist = true}));
    }
}

TEST_F(EdgeRaceTest, AnEdgeIsNamedAfterItsVappAtLast) {
    Cloud cloud = open();
    make_shop(cloud);
    for (int round = 0; round < rounds; ++round) {
        const std::string from = round % 2 ? "store" : "shop", to = round % 2 ? "shop" : "store";
        race_to([&](Cloud& other, size_t i) {
            if (i == 0)
                return other.set({"acme", from}, VappChange{.name = to}).has_value();
            return other
                .create(NewVappNetwork{.path = {"acme", from, "lan-" + std::to_string(i)},
                                       .mode = "fenced",
                                       .parent = "front"})
                .has_value();
        });
        const auto networks = cloud.vapp_networks({"acme", to});
        ASSERT_TRUE(networks) << why(networks);
        for (const VappNetwork& network : *networks) {
            EXPECT_OK(cloud.edge(network.path));
            EXPECT_OK(cloud.delete_vapp_network(network.path));
        }
    }
}

// Half of the racers clone it, one deletes it.
TEST_F(EdgeRaceTest, AVappThatIsDeletedMeanwhileHasWholeClonesOrNone) {
    Cloud cloud = open();
    make_shop(cloud);
    const size_t of_nobody = count("Address_Allocation");
    EXPECT_OK(cloud.create(
        NewVappNetwork{.path = {"acme", "shop", "lan"}, .mode = "fenced", .parent = "front"}));
    EXPECT_OK(cloud.create(NewNic{.vm = {"acme", "shop", "web"},
                                  .network = {.vapp_network = "lan"},
                                  .addresses = {"10.0.0.5"}}));
    const size_t of_one = count("Address_Allocation") - of_nobody;
    std::atomic<size_t> clones = 0;
    race_to([&](Cloud& other, size_t i) {
        if (i == 0)
            return other.delete_vapp({"acme", "shop"}).has_value();
        const auto made = other.clone(
            {.source = {"acme", "shop"}, .path = {"acme", "copy-" + std::to_string(i)}});
        EXPECT_TRUE(made || made.error().kind == ErrorKind::not_found) << why(made);
        return bool(clones += made.has_value());
    });
    EXPECT_EQ(cloud.vapps()->size(), clones);
    EXPECT_EQ(cloud.nics()->size(), clones);
    EXPECT_EQ(count("Address_Allocation"), of_nobody + clones * of_one);
}

} // namespace
} // namespace ringfence::client
