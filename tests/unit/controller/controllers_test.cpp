// Real controllers on a real ovsdb-server: who compiles, what is written, and what happens when one
// is killed, stopped or started again.
#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/compiler/difference.h"
#include "tests/unit/controller/fabric.h"
#include "tests/unit/ovsdb/fixture.h"

namespace ringfence::test {
namespace {

using namespace ovsdb::test;
using ovsdb::ConnectionState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using Seconds = std::chrono::duration<double>;

constexpr auto lease_time = 800ms;

class Controllers : public testing::Test {
protected:
    Controllers()
        : server_({schema_file("northbound"), schema_file("southbound")}),
          north_(reactor_, {.remotes = server_.remote()}),
          south_(reactor_, {.remotes = server_.remote()}) {}

    void SetUp() override {
        UNTIL(reactor_,
              north_.state() == ConnectionState::ready && south_.state() == ConnectionState::ready);
    }

    Process start(const std::string& name, std::chrono::milliseconds time = lease_time) {
        return Process({RINGFENCE_CONTROLLER, "--nb", server_.remote(), "--sb", server_.remote(),
                        "--name", name, "--lease-time", std::to_string(time.count()), "--log-file",
                        log_of(name)});
    }
    std::string log_of(const std::string& name) const {
        return server_.folder() + "/" + name + ".log";
    }

    std::string owner() const {
        const auto& table = south_.tables().lease;
        return table.empty() ? "" : table.begin()->owner;
    }
    int64_t epoch() const { return south_.tables().lease.begin()->epoch; }
    int64_t sequence() const { return south_.tables().lease.begin()->sequence; }
    int64_t compiled() const {
        const auto& table = north_.tables().global;
        return table.empty() ? -1 : table.begin()->compiled;
    }
    int64_t change() const { return north_.tables().global.begin()->change; }
    // Both replicas here, each with a connection of its own, show the same round.
    bool settled() const {
        return compiled() == change() && !owner().empty() &&
               north_.tables().global.begin()->sequence == sequence();
    }

    template <class Database>
    void commit(Database& database, const ovsdb::Transaction& transaction) {
        auto committed = database.commit_now(transaction, soon());
        ASSERT_TRUE(committed) << why(committed);
    }
    // Brings the northbound database where `wanted` is, as one change; tries again while the
    // database is away, or when the controller has made the Global row meanwhile.
    void write_intent(const northbound::Tables& wanted) {
        const auto deadline = soon();
        Result<ovsdb::Committed> committed;
        do {
            committed = north_.commit_now(transaction_to(wanted), deadline);
            if (!committed)
                reactor_.run_until([] { return false; }, Clock::now() + 20ms);
        } while (!committed && Clock::now() < deadline);
        ASSERT_TRUE(committed) << why(committed);
    }
    ovsdb::Transaction transaction_to(northbound::Tables wanted) {
        auto& now = north_.tables();
        wanted.lease = now.lease;
        wanted.event = now.event;
        northbound::Global global =
            now.global.empty() ? *wanted.global.begin() : *now.global.begin();
        global.admit_hosts = wanted.global.begin()->admit_hosts;
        ++global.change;
        wanted.global = {};
        wanted.global.insert(global);
        ovsdb::Transaction transaction;
        compiler::write(transaction, compiler::difference(now, wanted));
        return transaction;
    }
    template <class Row> void insert_south(const Row& row) {
        ovsdb::Transaction transaction;
        transaction.insert(row);
        commit(south_, transaction);
    }

    Server server_;
    ovsdb::Reactor reactor_;
    ovsdb::Database<northbound::Schema> north_;
    ovsdb::Database<southbound::Schema> south_;
};

TEST_F(Controllers, CompileWhatIsInTheDatabase) {
    auto controller = start("c1");
    insert_south(make_status("h1", "192.0.2.1"));
    insert_south(make_claim("h1", "acme/shop/web-0/0"));
    write_intent(cloud());
    UNTIL(reactor_, settled() && south_.tables().logical_port.size() == 2);
    EXPECT_THAT(lines(south_.tables()),
                testing::IsSupersetOf(
                    {"host h1 ringfence 192.0.2.1",
                     "port acme/shop/web-0/0 on 5000 at h1: 02:00:00:00:00:10 [10.0.0.10] strict "
                     "<- org/acme/vapp/shop/nic/web-0/0",
                     "segment 5002 tenant of globex, MTU 1450, flood <- org/globex/network/web"}));
    UNTIL(reactor_, settled() && north_.tables().nic.find(id("nic/web-0/0"))->bound_host == "h1");
    const auto& host = *north_.tables().host.find(id("host/h1"));
    EXPECT_EQ(host.reported.at("vtep_addresses"), "192.0.2.1");
    EXPECT_EQ(host.required, sequence());
    EXPECT_EQ(north_.tables().global.begin()->sequence, sequence());
    UNTIL(reactor_, south_.tables().rbac_role.size() == 1);
}

TEST_F(Controllers, TellWhatIsWrongInStatusAndEvents) {
    auto controller = start("c1");
    auto rows = cloud();
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mode = "bridged"; });
    write_intent(rows);
    auto status = [&] {
        return north_.tables().organization_network.find(id("network/acme"))->status;
    };
    UNTIL(reactor_, settled() && !status().empty());
    EXPECT_EQ(status(), "org/acme/network/web: mode bridged is not built yet; choose isolated");
    ASSERT_EQ(north_.tables().event.size(), 1u);
    EXPECT_EQ(north_.tables().event.begin()->kind, "object-refused");
    UNTIL(reactor_, south_.tables().segment.size() == 2); // the others are compiled
    write_intent(cloud());
    UNTIL(reactor_, settled() && status().empty() && south_.tables().segment.size() == 3);
}

TEST_F(Controllers, WriteDownAHostThatDialsIn) {
    auto controller = start("c1");
    UNTIL(reactor_, compiled() >= 0);
    insert_south(make_status("h9", "192.0.2.9"));
    UNTIL(reactor_, north_.tables().host.size() == 1);
    northbound::Host host = *north_.tables().host.begin();
    EXPECT_EQ(host.name, "h9");
    EXPECT_FALSE(host.admitted);
    UNTIL(reactor_, north_.tables().host.begin()->status ==
                        "host/h9: is not admitted; network-ctl host admit h9");
    ASSERT_EQ(north_.tables().event.size(), 1u);
    EXPECT_EQ(north_.tables().event.begin()->kind, "host-dialed-in");
    EXPECT_TRUE(south_.tables().host.empty());

    host.admitted = true;
    ovsdb::Transaction admit;
    admit.update(host, northbound::Host::Column::admitted);
    commit(north_, admit);
    UNTIL(reactor_, south_.tables().host.size() == 1);

    ovsdb::Transaction remove;
    remove.erase<northbound::Host>(host.uuid);
    commit(north_, remove);
    UNTIL(reactor_, south_.tables().host.empty() && south_.tables().host_status.empty());
    EXPECT_TRUE(north_.tables().host.empty()) << "it did not come back by itself";
}

TEST_F(Controllers, CopyWhatHostsApplied) {
    auto controller = start("c1");
    insert_south(make_status("h1", "192.0.2.1"));
    write_intent(cloud());
    UNTIL(reactor_, settled() && !south_.tables().host.empty());
    auto status = *south_.tables().host_status.begin();
    status.applied = sequence();
    status.alive = 3;
    status.trouble = {{"vnet0", "MTU 9000 exceeds underlay 1450"}};
    ovsdb::Transaction transaction;
    transaction.update(status, southbound::HostStatus::Columns::all());
    commit(south_, transaction);
    UNTIL(reactor_, north_.tables().host.find(id("host/h1"))->applied == status.applied);
    EXPECT_EQ(north_.tables().host.find(id("host/h1"))->trouble, status.trouble);
    EXPECT_EQ(north_.tables().host.find(id("host/h1"))->alive, 3);
}

TEST_F(Controllers, RepairARowThatSomebodyElseChanged) {
    auto controller = start("c1");
    write_intent(cloud());
    UNTIL(reactor_, settled() && south_.tables().segment.size() == 3);
    auto segment = *south_.tables().segment.find(id("network/acme"));
    segment.vni = 99;
    ovsdb::Transaction transaction;
    transaction.update(segment, southbound::Segment::Column::vni);
    transaction.erase<southbound::LogicalPort>(id("nic/web-0/0"));
    commit(south_, transaction);
    UNTIL(reactor_, south_.tables().segment.find(id("network/acme"))->vni == 5000 &&
                        south_.tables().logical_port.size() == 2);
}

TEST_F(Controllers, OneOfThreeCompilesAndTheNextTakesOverWhenItIsKilled) {
    std::map<std::string, Process> controllers;
    for (const char* name : {"c1", "c2", "c3"})
        controllers[name] = start(name);
    write_intent(cloud());
    UNTIL(reactor_, settled());
    for (int round = 1; round <= 2; ++round) {
        const std::string first = owner();
        const int64_t first_epoch = epoch();
        reactor_.run_until([] { return false; }, Clock::now() + 2 * lease_time);
        EXPECT_EQ(owner(), first) << "while it lives it keeps it";
        EXPECT_EQ(epoch(), first_epoch);

        controllers.at(first).end(SIGKILL);
        const auto killed = Clock::now();
        auto rows = cloud();
        edit(rows.nic, "nic/web-0/0",
             [&](auto& nic) { nic.addresses = {"10.0.0.5" + std::to_string(round)}; });
        write_intent(rows);
        UNTIL(reactor_, settled());
        const double gap = Seconds(Clock::now() - killed).count();
        EXPECT_NE(owner(), first);
        EXPECT_EQ(epoch(), first_epoch + 1) << "exactly one has taken it";
        EXPECT_EQ(north_.tables().lease.begin()->epoch, epoch());
        EXPECT_GT(gap, 0.5 * Seconds(lease_time).count());
        EXPECT_LT(gap, 4 * Seconds(lease_time).count()) << "on a busy machine";
        EXPECT_EQ(south_.tables().logical_port.find(id("nic/web-0/0"))->addresses,
                  std::set<std::string>{"10.0.0.5" + std::to_string(round)});
        std::cout << "takeover after kill -9: " << gap << " s of a lease of "
                  << Seconds(lease_time).count() << " s\n";
    }
}

TEST_F(Controllers, AnOrderlyEndHandsOverAtOnce) {
    auto first = start("c1", 30s);
    write_intent(cloud());
    UNTIL(reactor_, settled());
    auto second = start("c2", 30s);
    reactor_.run_until([] { return false; }, Clock::now() + 200ms); // it has seen the holder
    EXPECT_EQ(first.end(SIGTERM), 0) << "a clean exit";
    UNTIL(reactor_, owner() == "c2"); // long before the lease time
}

TEST_F(Controllers, AHolderThatWasStoppedCanWriteNothingWhenItWakes) {
    auto first = start("c1");
    write_intent(cloud());
    UNTIL(reactor_, settled());
    ASSERT_EQ(owner(), "c1");
    const auto north_before = *north_.tables().lease.begin();
    const auto south_before = *south_.tables().lease.begin();
    auto second = start("c2");

    kill(first.pid(), SIGSTOP);
    auto rows = cloud(); // it will wake up to a change that it believes to be its to compile
    edit(rows.nic, "nic/web-0/0", [](auto& nic) { nic.addresses = {"10.0.0.77"}; });
    write_intent(rows);
    UNTIL(reactor_, owner() == "c2" && settled());
    const auto north = north_.tables();
    const auto south = south_.tables();

    // What it would send: anything, fenced with the epoch that it held.
    ovsdb::Transaction stale_south, stale_north;
    stale_south.wait(south_before, southbound::Lease::Column::epoch);
    stale_south.erase<southbound::LogicalPort>(id("nic/web-0/0"));
    auto refused = south_.commit_now(stale_south, soon());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(ovsdb::is_try_again(refused.error()));
    stale_north.wait(north_before, northbound::Lease::Column::epoch);
    stale_north.erase<northbound::Nic>(id("nic/web-0/0"));
    refused = north_.commit_now(stale_north, soon());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(ovsdb::is_try_again(refused.error()));

    kill(first.pid(), SIGCONT);
    reactor_.run_until([] { return false; }, Clock::now() + 2 * lease_time);
    EXPECT_EQ(owner(), "c2");
    EXPECT_EQ(epoch(), 2);
    auto north_after = north_.tables();
    auto south_after = south_.tables();
    south_after.lease = south.lease; // the second one's renewals
    EXPECT_TRUE(compiler::difference(north, north_after).empty());
    EXPECT_TRUE(compiler::difference(south, south_after).empty());
    EXPECT_EQ(sequence(), south.lease.begin()->sequence);

    second.end(SIGKILL); // and it is a contender like any other
    UNTIL(reactor_, owner() == "c1");
    EXPECT_EQ(epoch(), 3);
}

TEST_F(Controllers, ARestartWritesNothing) {
    auto first = start("c1");
    insert_south(make_status("h1", "192.0.2.1"));
    insert_south(make_claim("h1", "acme/shop/web-0/0"));
    insert_south(make_claim("h2", "acme/shop/web-0/0")); // with something to complain about
    write_intent(cloud());
    UNTIL(reactor_, settled() && north_.tables().nic.find(id("nic/web-0/0"))->bound_host == "h1");
    first.end(SIGTERM);
    UNTIL(reactor_, owner().empty());
    auto north = north_.tables();
    auto south = south_.tables();
    EXPECT_FALSE(north.nic.find(id("nic/web-0/0"))->status.empty());

    auto second = start("c2");
    UNTIL(reactor_, owner() == "c2" && !north_.tables().lease.empty() &&
                        north_.tables().lease.begin()->epoch == 2);
    reactor_.run_until([] { return false; }, Clock::now() + lease_time);
    north.lease = north_.tables().lease;
    EXPECT_EQ(south.lease.begin()->sequence, sequence());
    south.lease = south_.tables().lease;
    EXPECT_TRUE(compiler::difference(north, north_.tables()).empty());
    EXPECT_TRUE(compiler::difference(south, south_.tables()).empty());
}

TEST_F(Controllers, SurviveARestartOfTheDatabases) {
    auto controller = start("c1");
    write_intent(cloud());
    UNTIL(reactor_, settled());
    server_.restart();
    UNTIL(reactor_,
          north_.state() == ConnectionState::ready && south_.state() == ConnectionState::ready);
    auto rows = cloud();
    edit(rows.nic, "nic/web-0/0", [](auto& nic) { nic.addresses = {"10.0.0.88"}; });
    write_intent(rows);
    UNTIL(reactor_, settled() && south_.tables().logical_port.find(id("nic/web-0/0"))->addresses ==
                                     std::set<std::string>{"10.0.0.88"});
}

TEST_F(Controllers, FillASouthboundDatabaseThatWasEmptied) {
    auto controller = start("c1");
    write_intent(cloud());
    UNTIL(reactor_, settled() && south_.tables().segment.size() == 3);
    server_.transact(R"(["Ringfence_Southbound",
        {"op": "delete", "table": "Logical_Port", "where": []},
        {"op": "delete", "table": "Segment", "where": []},
        {"op": "delete", "table": "Lease", "where": []}])");
    UNTIL(reactor_, owner() == "c1" && epoch() == 2 && south_.tables().segment.size() == 3);
}

// The southbound server dies with a transaction that it has written and not answered. Were its
// number given again, a host that has applied it would count as one that has applied the next.
TEST_F(Controllers, NeverGiveANumberTwice) {
    Server south({schema_file("southbound")});
    ovsdb::Database<southbound::Schema> fabric(reactor_, {.remotes = south.remote()});
    const Process controller({RINGFENCE_CONTROLLER, "--nb", server_.remote(), "--sb",
                              south.remote(), "--lease-time", "60000"});
    UNTIL(reactor_, fabric.state() == ConnectionState::ready);
    ovsdb::Transaction plugged;
    plugged.insert(make_status("h1", "192.0.2.1"));
    plugged.insert(make_claim("h1", "acme/shop/web-0/0"));
    commit(fabric, plugged);
    write_intent(cloud());
    const auto port = [&] { return fabric.tables().logical_port.find(id("nic/web-0/0")); };
    UNTIL(reactor_, compiled() == change() && port() && port()->host == "h1");

    const int64_t next = fabric.tables().lease.begin()->sequence + 1;
    south.kill();
    auto rows = cloud();
    edit(rows.nic, "nic/web-0/0", [](auto& nic) { nic.addresses = {"10.0.0.77"}; });
    for (const auto& host : north_.tables().host)
        rows.host.replace(host);
    write_intent(rows);
    reactor_.run_until([] { return false; }, Clock::now() + 500ms); // it may begin meanwhile
    run({"ovsdb-tool", "transact", south.folder() + "/ringfence-southbound.db",
         fmt::format(R"(["Ringfence_Southbound",
             {{"op": "update", "table": "Lease", "where": [], "row": {{"sequence": {0}}}}},
             {{"op": "update", "table": "Host_Config", "where": [["host", "==", "h1"]],
               "row": {{"number": {0}}}}}])",
                     next)});
    south.start();
    UNTIL(reactor_, port()->addresses == std::set<std::string>{"10.0.0.77"});
    const auto* config = fabric.tables().host_config.find(Uuid::named("host-config/h1"));
    EXPECT_GT(config->number, next);
    UNTIL(reactor_, compiled() == change());
    EXPECT_EQ(north_.tables().host.find(id("host/h1"))->required, config->number);
}

// The southbound server hangs with a change that it has not done yet. Taking the change back leaves
// nothing to write, as far as can be seen: but it is not done before the first one was.
TEST_F(Controllers, NothingIsDoneWhileATransactionHangs) {
    Server south({schema_file("southbound")});
    ovsdb::Database<southbound::Schema> fabric(reactor_, {.remotes = south.remote()});
    const Process controller({RINGFENCE_CONTROLLER, "--nb", server_.remote(), "--sb",
                              south.remote(), "--lease-time", "60000"});
    write_intent(cloud());
    UNTIL(reactor_, compiled() == change() && fabric.tables().logical_port.size() == 2);
    const int64_t before = fabric.tables().lease.begin()->sequence;

    south.pause(true);
    auto rows = cloud();
    edit(rows.nic, "nic/web-0/0", [](auto& nic) { nic.addresses = {"10.0.0.77"}; });
    write_intent(rows);
    reactor_.run_until([] { return false; }, Clock::now() + 1s);
    write_intent(cloud());
    // It gives the first transaction up after 10 s, and compiles again.
    EXPECT_FALSE(reactor_.run_until([&] { return compiled() == change(); }, Clock::now() + 12s));
    south.pause(false);
    UNTIL(reactor_, compiled() == change());
    UNTIL(reactor_, fabric.tables().lease.begin()->sequence == before + 2); // our own view of it
    EXPECT_EQ(fabric.tables().logical_port.find(id("nic/web-0/0"))->addresses,
              std::set<std::string>{"10.0.0.10"});
}

TEST_F(Controllers, AreDaemonsThatEndCleanly) {
    const std::string pid_file = server_.folder() + "/controller.pid";
    const std::string control = server_.folder() + "/controller.ctl";
    run({RINGFENCE_CONTROLLER, "--nb", server_.remote(), "--sb", server_.remote(), "--pidfile",
         pid_file, "--unixctl", control, "--log-file", log_of("daemon"), "--detach"});
    UNTIL(reactor_, compiled() >= 0);
    EXPECT_THAT(run({"ovs-appctl", "-t", control, "ringfence/status"}), HasSubstr("lease: held"));
    EXPECT_THAT(run({"ovs-appctl", "-t", control, "version"}), HasSubstr("ringfence-controller"));
    run({"ovs-appctl", "-t", control, "exit"});
    UNTIL(reactor_, owner().empty() && !std::filesystem::exists(pid_file) &&
                        !std::filesystem::exists(control));
}

// 1,000 ports: one change rewrites one row, and is quick though all is computed from scratch.
TEST_F(Controllers, OneChangeOfAThousandPortsIsOneRow) {
    auto rows = cloud();
    for (int i = 0; i < 1000; ++i) {
        auto vm = make_vm("m" + std::to_string(i));
        rows.virtual_machine.insert(vm);
        auto nic = make_nic(vm.name, 0, fmt::format("02:00:00:01:{:02x}:{:02x}", i / 256, i % 256),
                            {fmt::format("172.16.{}.{}", i / 200, 1 + i % 200)});
        nic.vapp_network = id("vapp-network/front");
        rows.nic.insert(nic);
    }
    auto controller = start("c1");
    insert_south(make_status("h1", "192.0.2.1"));
    insert_south(make_claim("h1", "acme/shop/m500/0"));
    write_intent(rows);
    UNTIL(reactor_, settled() && south_.tables().logical_port.size() == 1002 &&
                        north_.tables().nic.find(id("nic/m500/0"))->bound_host == "h1");
    const auto before = south_.tables();
    edit(rows.nic, "nic/m7/0", [](auto& nic) { nic.mac = "02:00:00:02:00:00"; });
    for (const auto& host : north_.tables().host)
        rows.host.replace(host);
    const auto begun = Clock::now();
    write_intent(rows);
    UNTIL(reactor_, settled());
    const double took = Seconds(Clock::now() - begun).count();
    auto changes = compiler::difference(before, south_.tables());
    EXPECT_EQ(changes.logical_port.size(), 1u);
    EXPECT_EQ(changes.host_config.size(), 1u);
    EXPECT_TRUE(changes.segment.empty() && changes.host.empty());
    EXPECT_LT(took, 2.0) << "with sanitizers too; a release build takes tens of milliseconds";
    std::cout << "one change of 1,002 ports compiled after " << took * 1000 << " ms\n";
}

} // namespace
} // namespace ringfence::test
