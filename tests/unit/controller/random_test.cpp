// Random clouds, changed at random: what is compiled twice is written once, and the transaction
// leads exactly where it should, on a real ovsdb-server too.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "controller/compiler/compile.h"
#include "controller/compiler/difference.h"
#include "tests/unit/controller/random_edges.h"
#include "tests/unit/ovsdb/fixture.h"

namespace ringfence::test {
namespace {

using namespace ovsdb::test;

// A cloud of one organization whose objects come, go, move and go bad.
class RandomCloud {
public:
    explicit RandomCloud(unsigned seed) : random_(seed), intent_(cloud()), current_(fabric()) {
        RandomEdges::start(intent_);
        for (int host = 3; host < 6; ++host)
            add_host(host);
    }

    void step() {
        if (pick(2))
            return RandomEdges(random_, intent_, 100 + ++serial_).step();
        switch (pick(12)) {
        case 0:
            return add_network();
        case 1:
        case 2:
        case 3:
            return add_nic();
        case 4:
            return remove_nic();
        case 5:
            return move_nic();
        case 6:
        case 7:
        case 8:
            return toggle_claim();
        case 9:
            return break_network();
        case 10:
            return change_host();
        case 11:
            return toggle_vapp();
        }
    }

    const northbound::Tables& intent() const { return intent_; }
    southbound::Tables& current() { return current_; }

private:
    size_t pick(size_t count) { return random_() % count; }
    template <class Row> std::optional<Row> any(const ovsdb::Table<Row>& table) {
        if (table.empty())
            return std::nullopt;
        std::vector<const Row*> rows; // in an order of their own: the table's isn't reproducible
        for (const auto& row : table)
            rows.push_back(&row);
        std::ranges::sort(rows, {}, [](const Row* row) { return row->uuid; });
        return *rows[pick(rows.size())];
    }

    void add_host(int number) {
        std::string name = "h" + std::to_string(number);
        intent_.host.insert(make_host(name));
        current_.host_status.insert(make_status(name, fmt::format("192.0.2.{}", number)));
    }
    void add_network() {
        northbound::OrganizationNetwork network =
            *intent_.organization_network.find(id("network/acme"));
        network.uuid = id("network/" + std::to_string(++serial_));
        network.name = "n" + std::to_string(serial_);
        network.vni = 5003 + static_cast<int64_t>(pick(10)); // taken or out of range at times
        intent_.organization_network.insert(network);
    }
    void add_nic() {
        auto vm = make_vm("m" + std::to_string(++serial_));
        intent_.virtual_machine.insert(vm);
        auto nic = make_nic(vm.name, 0, fmt::format("02:00:00:00:01:{:02x}", pick(60)),
                            {fmt::format("10.0.0.{}", 2 + pick(80))});
        nic.organization_network = any(intent_.organization_network)->uuid;
        intent_.nic.insert(nic);
    }
    void remove_nic() {
        if (auto nic = any(intent_.nic))
            intent_.nic.erase(nic->uuid);
    }
    void move_nic() {
        auto nic = any(intent_.nic);
        if (!nic)
            return;
        nic->vapp_network.reset();
        nic->organization_network = any(intent_.organization_network)->uuid;
        intent_.nic.replace(*nic);
    }
    void toggle_claim() {
        auto nic = any(intent_.nic);
        auto host = any(intent_.host);
        if (!nic || !host)
            return;
        auto claim = make_claim(host->name, nic->port_name, pick(4) != 0, ++serial_);
        if (!current_.port_claim.erase(claim.uuid))
            current_.port_claim.insert(claim);
    }
    void break_network() {
        auto network = *any(intent_.organization_network);
        network.mode = network.mode == "isolated" ? "routed" : "isolated";
        intent_.organization_network.replace(network);
    }
    void change_host() {
        auto host = *any(intent_.host);
        host.admitted = !host.admitted;
        intent_.host.replace(host);
        if (auto status = any(current_.host_status)) {
            status->underlay_mtu = 1400 + static_cast<int64_t>(pick(3)) * 100;
            status->vtep_addresses = {fmt::format("192.0.2.{}", 1 + pick(8))};
            current_.host_status.replace(*status);
        }
    }
    void toggle_vapp() {
        edit(intent_.vapp, "vapp/shop", [&](auto& vapp) { vapp.deployed = pick(4) != 0; });
    }

    std::mt19937 random_;
    int64_t serial_ = 0;
    northbound::Tables intent_;
    southbound::Tables current_;
};

// The indexes of the schema hold in what is compiled, whatever the intent was.
void expect_unique(const southbound::Tables& rows) {
    std::set<int64_t> vnis;
    for (const auto& segment : rows.segment)
        EXPECT_TRUE(vnis.insert(segment.vni).second) << "VNI " << segment.vni;
    std::set<std::pair<Uuid, std::string>> macs;
    std::set<std::string> names, vteps;
    for (const auto& port : rows.logical_port) {
        EXPECT_TRUE(macs.insert({port.segment, port.mac}).second) << port.mac;
        EXPECT_TRUE(names.insert(port.name).second) << port.name;
        EXPECT_TRUE(rows.segment.find(port.segment)) << port.name;
    }
    expect_sound_edges(rows);
    for (const auto& host : rows.host)
        for (const auto& vtep : host.vtep_addresses)
            EXPECT_TRUE(vteps.insert(vtep).second) << vtep;
}

TEST(Random, CompilingTwiceWritesNothing) {
    SeenEdges seen;
    for (unsigned seed = 1; seed <= 12; ++seed) {
        RandomCloud cloud(seed);
        for (int step = 0; step < 60; ++step) {
            cloud.step();
            auto compiled = compiler::compile(cloud.intent(), cloud.current());
            expect_unique(compiled.wanted);
            seen.note(compiled.wanted);
            cloud.current() = compiled.wanted;
            auto again = compiler::compile(cloud.intent(), cloud.current());
            ASSERT_TRUE(again.empty) << "seed " << seed << ", step " << step;
            ASSERT_EQ(again.notes, compiled.notes) << "seed " << seed << ", step " << step;
        }
    }
    EXPECT_GT(seen.least(), 20u) << "rows of each kind";
}

TEST(Random, AppliedToARealServerTheTransactionLeadsWhereItShould) {
    Server server({schema_file("southbound")});
    ovsdb::Reactor reactor;
    ovsdb::Database<southbound::Schema> database(reactor, {.remotes = server.remote()});
    UNTIL(reactor, database.state() == ovsdb::ConnectionState::ready);

    RandomCloud cloud(7);
    for (int step = 0; step < 150; ++step) {
        for (size_t i = 0; i < 3; ++i)
            cloud.step();
        auto compiled = compiler::compile(cloud.intent(), cloud.current());
        // Hosts' own rows come with it: the server is to hold all that the plan leads to.
        ovsdb::Transaction transaction;
        auto changes = compiler::difference(database.tables(), compiled.wanted);
        compiler::write(transaction, changes);
        if (!transaction.empty()) {
            auto committed = database.commit_now(transaction, soon());
            ASSERT_TRUE(committed) << "step " << step << ": " << why(committed);
        }
        ASSERT_TRUE(compiler::difference(database.tables(), compiled.wanted).empty())
            << "step " << step;
        cloud.current() = compiled.wanted;
    }
}

} // namespace
} // namespace ringfence::test
