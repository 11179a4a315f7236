// Non-interference (BEHAVIOUR §3.3): the same frames of tenant B, while tenant A, whose networks
// are on the same hosts, is silent, busy or hostile. What B's VMs get, what B's networks carry on
// the wire and what B's ports count is the same each time, byte by byte and in order: no port,
// table, limit or cache is shared so that one could tell what the other does.
#include <functional>
#include <random>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/isolation/cloud.h"
#include "tests/packet/frame.h"

namespace ringfence::test {

namespace {

constexpr uint8_t a = 0, b = 1; // tenants
constexpr unsigned rounds = 150;

using Behaviour = std::function<void(Cloud&, unsigned round)>;

std::vector<Cloud::Place> places_of(const Cloud& cloud, uint8_t tenant) {
    std::vector<Cloud::Place> places;
    for (Cloud::Place place : cloud.places())
        if (const Vm* vm = cloud.vm_at(place); vm && vm->home.tenant == tenant)
            places.push_back(place);
    return places;
}

// All that is seen of B, a line each.
class Record {
public:
    explicit Record(Cloud& cloud) {
        cloud.arrived = [&](Cloud::Place at, const Bytes& frame) {
            if (cloud.vm_at(at)->home.tenant == b)
                add(fmt::format("host {} port {}", at.host, at.port.value()), frame);
        };
        cloud.on_wire = [&](unsigned from, uint32_t vni, const Bytes& frame) {
            if (cloud.home_of_vni(from, vni)->tenant == b)
                add(fmt::format("wire from host {}", from), frame);
        };
    }
    void add(const std::string& where, const Bytes& frame) {
        lines_.push_back(where + "\n" + hex(frame));
    }
    // What is still held is not waited for: how long a run takes is not B's doing.
    void add_counters(Cloud& cloud) {
        for (unsigned host = 0; host < cloud.hosts(); ++host)
            cloud.host(host).lab().worker().fragments().clear();
        for (Cloud::Place place : places_of(cloud, b))
            lines_.push_back(fmt::format("host {} port {}: {}", place.host, place.port.value(),
                                         cloud.host(place.host).lab().counters(place.port)));
    }
    const std::vector<std::string>& lines() const { return lines_; }

private:
    std::vector<std::string> lines_;
};

class Interference : public ::testing::Test {
protected:
    // What a VM of the tenant sends, each time the same: every kind, to everybody.
    void send_of(Cloud& cloud, uint8_t tenant, std::mt19937& random, size_t frames) {
        auto places = places_of(cloud, tenant);
        Cloud::Place from = places[random() % places.size()];
        std::vector<Bytes> burst;
        for (size_t i = 0; i < frames; ++i)
            burst.push_back(frame(*cloud.vm_at(from), random));
        cloud.send(from, burst);
    }
    Bytes frame(const Vm& vm, std::mt19937& random) {
        const Kind& kind = kinds_[random() % kinds_.size()];
        Role role = static_cast<Role>(random() % 4);
        unsigned copy = static_cast<unsigned>(random() % 3);
        bool outside = random() % 2 && (role == Role::web || role == Role::db);
        Station to = outside ? outside_of(copy, role) : station_of(role);
        if (!vm.home.office && outside)
            to.mac = fence_mac;
        unsigned number = 1 + 4 * vm.home.copy + static_cast<unsigned>(vm.role);
        return frame_of(kind, station_of(vm.role), to, station_of(Role::web), 5002, number);
    }
    std::vector<std::string> record(const Behaviour& behave) {
        Cloud cloud({.tenants = 2, .copies = 3, .hosts = 2, .connections = {}});
        Record seen(cloud);
        std::mt19937 random(7);
        for (unsigned round = 0; round < rounds; ++round) {
            behave(cloud, round);
            send_of(cloud, b, random, 8);
        }
        seen.add_counters(cloud);
        return seen.lines();
    }
    void expect_the_same(const std::vector<std::string>& lines) {
        auto alone = record([](Cloud&, unsigned) {});
        EXPECT_GT(alone.size(), size_t{rounds}) << "B does nothing that could differ";
        ASSERT_EQ(alone.size(), lines.size());
        for (size_t i = 0; i < lines.size(); ++i)
            ASSERT_EQ(alone[i], lines[i]) << "in line " << i << " of " << lines.size();
    }

    const std::vector<Kind> kinds_ = read_kinds(KINDS);
};

// Frames that cost something: connections without end, fragments without a first one, floods,
// packets that routers answer, in the name of whoever B is.
std::vector<Bytes> attack(const Vm& vm, std::mt19937& random) {
    Station self = station_of(vm.role), target = outside_of(0, Role::web);
    if (!vm.home.office)
        target.mac = fence_mac;
    std::string eth = fmt::format("eth {} > {} / ", self.mac, target.mac);
    std::string ip = fmt::format("{}ip4 {} > {} ", eth, self.ip4, target.ip4);
    unsigned n = 1024 + static_cast<unsigned>(random() % 60'000);
    std::vector<Bytes> frames;
    for (const std::string& text :
         {fmt::format("{}/ udp {} > 53", ip, n), fmt::format("{}/ tcp {} > 80", ip, n),
          fmt::format("{}ttl 1 / udp {} > 53", ip, n),
          fmt::format("{}id {} offset 800 more proto 17 / zeros 40", ip, n),
          fmt::format("{}id {} slice 0 16 / udp 1 > 2 / count 80", ip, n),
          fmt::format("{}df / udp {} > 53 / zeros 1430", ip, n),
          fmt::format("{}ip6 {} > {} / udp {} > 53", eth, self.ip6, target.ip6, n),
          fmt::format("eth {} > ff:ff:ff:ff:ff:ff type 0x88b5 / zeros 46", self.mac),
          fmt::format("eth {} > ff:ff:ff:ff:ff:ff / arp request {} {} > 00:00:00:00:00:00 10.0.0.9",
                      self.mac, self.mac, self.ip4),
          fmt::format("eth 02:00:00:00:00:{:02x} > {} / ip4 10.0.0.6 > 10.0.0.9 / udp 1 > 2",
                      n % 256, target.mac)})
        frames.push_back(test::frame(text).bytes);
    return frames;
}

} // namespace

TEST_F(Interference, OfABusyTenantIsNone) {
    std::mt19937 random(1);
    expect_the_same(record([&](Cloud& cloud, unsigned) { send_of(cloud, a, random, 32); }));
}

// The same kinds of frames as B, with the same addresses and ports, a moment before B.
TEST_F(Interference, OfATenantThatDoesTheSameIsNone) {
    std::mt19937 random(7);
    expect_the_same(record([&](Cloud& cloud, unsigned) { send_of(cloud, a, random, 8); }));
}

TEST_F(Interference, OfAHostileTenantIsNone) {
    std::mt19937 random(1);
    expect_the_same(record([&](Cloud& cloud, unsigned) {
        for (Cloud::Place from : places_of(cloud, a))
            for (int i = 0; i < 4; ++i)
                cloud.send(from, attack(*cloud.vm_at(from), random));
    }));
}

// Copies that come and go, and let in and don't.
TEST_F(Interference, OfATenantWhoseCloudChangesIsNone) {
    expect_the_same(record(
        [&](Cloud& cloud, unsigned round) { cloud.set_open(a, round % 3, round % 2 == 0); }));
}

} // namespace ringfence::test
