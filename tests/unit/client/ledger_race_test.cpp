// Clients that draw addresses from one ledger at the same time: nobody gets what somebody else has,
// and nobody goes without while there is one.
#include <map>
#include <mutex>
#include <set>

#include "tests/unit/client/race.h"

namespace ringfence::client {
namespace {

constexpr size_t each = 6; // NICs that each racer makes

class LedgerRaceTest : public RaceTest {
protected:
    void make_front(Cloud& cloud, const std::string& range) {
        EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
        EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "front"},
                                          .segment = {.subnets = {"10.0.0.0/8", "fd00::/64"},
                                                      .gateways = {"10.0.0.1"},
                                                      .ranges = {range, "fd00::100-fd00::1ff"}}}));
    }
    static std::string vm(size_t racer, size_t number) {
        return "vm-" + std::to_string(racer) + "-" + std::to_string(number);
    }
    // Every address of the ledger is one NIC's, and every NIC's is in the ledger.
    static void expect_consistent(Cloud& cloud) {
        std::map<std::string, std::string> claimed; // "NETWORK ADDRESS" -> port
        const auto nics = cloud.nics();
        const auto networks = cloud.vapp_networks();
        std::map<std::string, std::string> parents;
        for (const VappNetwork& network : networks.value())
            parents[network.path.text()] = network.path[0] + "/" + network.parent;
        const auto claim = [&](const std::string& network, const std::string& address,
                               const std::string& port) {
            const auto [place, first] = claimed.emplace(network + " " + address, port);
            EXPECT_TRUE(first) << place->first << ": " << place->second << " and " << port;
        };
        for (const Nic& nic : nics.value()) {
            claim(nic.network, nic.mac, nic.port_name);
            for (const auto& address : nic.addresses)
                claim(nic.network, address, nic.port_name);
            for (const auto& address : nic.outside_addresses)
                claim(parents.at(nic.network), address, nic.port_name);
        }
        size_t of_nics = 0;
        const auto ledger = cloud.addresses();
        for (const Address& row : ledger.value()) {
            if (row.nic.empty())
                continue;
            ++of_nics;
            EXPECT_EQ(claimed[row.network.text() + " " + row.address], row.nic) << row.address;
        }
        EXPECT_EQ(of_nics, claimed.size());
    }
};

TEST_F(LedgerRaceTest, EveryNicGetsAnAddressOfItsOwnUpToTheLastOne) {
    Cloud cloud = open();
    constexpr size_t all = racers * each;
    make_front(cloud, "10.200.0.10-10.200.0." + std::to_string(10 + all - 1));
    std::mutex mutex;
    Texts given;
    race<Nic>([&](Cloud& other, size_t i) -> Result<Made<Nic>> {
        for (size_t n = 0; n < each; ++n) {
            auto wanted = nic_of(vm(i, n).c_str());
            wanted.allocation = n % 2 ? "pool" : "dhcp";
            const auto made = other.create(wanted);
            EXPECT_TRUE(made) << why(made);
            const std::scoped_lock lock(mutex);
            if (made)
                given.insert(made->object.addresses.begin(), made->object.addresses.end());
        }
        return fail("counted already");
    });
    EXPECT_EQ(given.size(), 2 * all); // of each family one
    const auto counts = cloud.address_counts({"acme", "front"});
    EXPECT_EQ(counts->kinds.at("nic"), static_cast<int64_t>(2 * all));
    EXPECT_EQ(counts->free, 256 - static_cast<int64_t>(all)); // IPv6 ones
    auto late = nic_of("late");
    late.allocation = "pool";
    const auto exhausted = cloud.create(late);
    ASSERT_FALSE(exhausted);
    EXPECT_NE(exhausted.error().text.find("all its 48 addresses"), std::string::npos)
        << exhausted.error().text;
    expect_consistent(cloud);
}

// NICs of the network itself, NICs of fences that need one outside, edge routers, reservations: all
// of them draw from the ledger of front.
TEST_F(LedgerRaceTest, InsideAndOutsideOfFencesNeverMeet) {
    Cloud cloud = open();
    make_front(cloud, "10.0.0.10-10.0.0.255");
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    const auto network = [](size_t i) {
        return NewVappNetwork{
            .path = {"acme", "shop", "n" + std::to_string(i)}, .mode = "fenced", .parent = "front"};
    };
    race<Nic>([&](Cloud& other, size_t i) -> Result<Made<Nic>> {
        if (i % 2)
            EXPECT_OK(other.create(network(i)));
        for (size_t n = 0; n < each; ++n) {
            NewNic wanted{.vm = {"acme", "shop", vm(i, n)}, .allocation = "pool"};
            if (i % 2)
                wanted.network.vapp_network = "n" + std::to_string(i);
            else
                wanted.network.network = "front";
            EXPECT_OK(other.create(wanted));
            const auto reserved = other.reserve(
                {.network = {"acme", "front"}, .address = "10.0.0." + std::to_string(20 + n)});
            EXPECT_TRUE(reserved || reserved.error().kind == ErrorKind::conflict) << why(reserved);
        }
        return fail("counted already");
    });
    EXPECT_EQ(cloud.nics()->size(), racers * each);
    expect_consistent(cloud);
}

TEST_F(LedgerRaceTest, ClonesOfOneVappGetOutsideAddressesOfTheirOwn) {
    Cloud cloud = open();
    make_front(cloud, "10.0.0.10-10.0.0.255");
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    EXPECT_OK(cloud.create(
        NewVappNetwork{.path = {"acme", "shop", "lan"}, .mode = "fenced", .parent = "front"}));
    EXPECT_OK(cloud.create(NewNic{.vm = {"acme", "shop", "web"},
                                  .network = {.vapp_network = "lan"},
                                  .addresses = {"10.0.0.5", "fd00::5"}}));
    race<Nic>([&](Cloud& other, size_t i) -> Result<Made<Nic>> {
        EXPECT_OK(other.clone({.source = {"acme", "shop"},
                               .path = {"acme", "clone-" + std::to_string(i)},
                               .count = 3}));
        return fail("counted already");
    });
    EXPECT_EQ(cloud.vapps()->size(), 1 + 3 * racers);
    EXPECT_EQ(cloud.addresses({"acme", "front"})->size(),
              5 + (1 + 3 * racers) * 5); // subnets, gateway, DHCP; router: MAC, 2; NIC: 2
    expect_consistent(cloud);
}

TEST_F(LedgerRaceTest, AVappThatIsUndeployedDuringCreationsHasNoOutsideAddress) {
    Cloud cloud = open();
    make_front(cloud, "10.0.0.10-10.0.0.255");
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    EXPECT_OK(cloud.create(
        NewVappNetwork{.path = {"acme", "shop", "lan"}, .mode = "fenced", .parent = "front"}));
    race<Nic>([&](Cloud& other, size_t i) -> Result<Made<Nic>> {
        if (i == 0)
            EXPECT_OK(other.undeploy({"acme", "shop"}));
        else
            for (size_t n = 0; n < each; ++n)
                EXPECT_OK(other.create(NewNic{.vm = {"acme", "shop", vm(i, n)},
                                              .network = {.vapp_network = "lan"},
                                              .allocation = "pool"}));
        return fail("counted already");
    });
    const auto nics = cloud.nics();
    for (const Nic& nic : nics.value())
        EXPECT_TRUE(nic.outside_addresses.empty()) << nic.port_name;
    expect_consistent(cloud);
}

// However large the range is, and however full its beginning.
TEST_F(LedgerRaceTest, AnAddressOfALargeRangeIsFoundAtOnce) {
    Cloud cloud = open();
    make_front(cloud, "10.0.0.2-10.255.255.254");
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) {
        auto wanted = nic_of(("vm" + std::to_string(i)).c_str());
        wanted.allocation = "pool";
        EXPECT_TRUE(
            cloud.create(wanted)->object.addresses.contains("10.0.0." + std::to_string(2 + i)));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    EXPECT_EQ(cloud.address_counts({"acme", "front"})->size, (1 << 24) - 3 + 256);
}

} // namespace
} // namespace ringfence::client
