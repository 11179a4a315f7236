// Clients that want the same thing at the same time: one gets it, the others hear who has it.
#include <atomic>
#include <latch>
#include <set>
#include <thread>

#include "tests/unit/client/fixture.h"

namespace ringfence::client {
namespace {

constexpr size_t racers = 8;
constexpr int rounds = 10; // where the racers must really overlap for the test to see anything

class RaceTest : public CloudTest {
protected:
    // Each racer has a connection of its own and starts when all are ready.
    template <class Object>
    std::vector<Result<Made<Object>>>
    race(const std::function<Result<Made<Object>>(Cloud&, size_t)>& run) {
        std::vector<std::optional<Result<Made<Object>>>> results(racers);
        std::latch ready(racers);
        std::vector<std::jthread> threads;
        for (size_t i = 0; i < racers; ++i)
            threads.emplace_back([&, i] {
                auto cloud = Cloud::open(
                    {.remotes = server_.remote(), .connect_timeout = std::chrono::seconds(20)});
                ready.arrive_and_wait();
                results[i] =
                    cloud ? run(*cloud, i) : Result<Made<Object>>(tl::unexpected(cloud.error()));
            });
        threads.clear();
        std::vector<Result<Made<Object>>> all;
        for (auto& result : results)
            all.push_back(std::move(*result));
        return all;
    }

    // Exactly one won; the rest were told `text`.
    template <class Object>
    static void expect_one_winner(const std::vector<Result<Made<Object>>>& results,
                                  const std::string& text) {
        size_t winners = 0;
        for (const auto& result : results) {
            winners += result.has_value();
            if (!result) {
                EXPECT_EQ(result.error().kind, ErrorKind::conflict);
                EXPECT_NE(result.error().text.find(text), std::string::npos) << result.error().text;
            }
        }
        EXPECT_EQ(winners, 1u);
    }
};

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
