// The client against a real ovsdb-server: connecting, following, losing the server and finding it
// again.
#include <fstream>

#include <nlohmann/json.hpp>

#include "ovsdb/southbound.h"
#include "ovsdb/vswitch.h"
#include "tests/unit/ovsdb/fixture.h"

namespace ringfence::ovsdb::test {
namespace {

using Southbound = Database<southbound::Schema>;
using southbound::Host;

Host host(const std::string& name) {
    Host row;
    row.uuid = Uuid::named(name);
    row.name = name;
    row.kind = "ringfence";
    row.vtep_addresses = {"192.0.2.1", "192.0.2.2"};
    return row;
}

template <class Row> Transaction inserting(const Row& row) {
    Transaction transaction;
    transaction.insert(row);
    return transaction;
}

// Writes a variant of a schema, made by change, to the folder.
template <class Change>
std::string altered_schema(const TemporaryFolder& folder, const std::string& original,
                           Change change) {
    auto schema = nlohmann::json::parse(std::ifstream(original));
    change(schema);
    const std::string path = folder.path() + "/altered.ovsschema";
    std::ofstream(path) << schema;
    return path;
}

struct ClientTest : testing::Test {
    Reactor reactor;
    TemporaryFolder folder;
};

TEST_F(ClientTest, ReplicatesWhatAnotherClientWrites) {
    Server server({schema_file("southbound")});
    Southbound writer(reactor, {.remotes = server.remote()}),
        reader(reactor, {.remotes = server.remote()});
    UNTIL(reactor, reader.state() == ConnectionState::ready);
    std::vector<southbound::Host::Columns> modified;
    reader.on_change([&](const southbound::Changes& changes) {
        ASSERT_EQ(changes.host.size(), 1u);
        modified.push_back(changes.host[0].modified);
        if (modified.size() == 2) { // the old value is there to compare with
            EXPECT_EQ(changes.host[0].before->intent, "");
            EXPECT_EQ(changes.host[0].after->intent, "host/a");
        }
    });
    Host row = host("a");
    ASSERT_TRUE(writer.commit_now(inserting(row), soon()));
    EXPECT_EQ(writer.tables().host.size(), 1u); // before the answer, by contract
    row.intent = "host/a";
    row.vtep_addresses.erase("192.0.2.2");
    Transaction update;
    update.update(row, Host::Column::intent | Host::Column::vtep_addresses);
    ASSERT_TRUE(writer.commit_now(update, soon()));
    Transaction erase;
    erase.erase<Host>(row.uuid);
    UNTIL(reactor, modified.size() == 2);
    EXPECT_EQ(*reader.tables().host.find(row.uuid), row);
    ASSERT_TRUE(writer.commit_now(erase, soon()));
    UNTIL(reactor, modified.size() == 3);
    EXPECT_EQ(modified,
              (std::vector<Host::Columns>{Host::Columns::all(),
                                          Host::Column::intent | Host::Column::vtep_addresses,
                                          Host::Columns::all()}));
    EXPECT_TRUE(reader.tables().host.empty());
}

TEST_F(ClientTest, SurvivesKillsAndReportsTheReloadAsADifference) {
    Server server({schema_file("southbound")});
    Southbound database(reactor, {.remotes = server.remote()});
    for (const char* name : {"a", "b", "c"})
        ASSERT_TRUE(database.commit_now(inserting(host(name)), soon()));

    std::vector<std::string> seen;
    database.on_change([&](const southbound::Changes& changes) {
        for (const auto& change : changes.host)
            seen.push_back((change.inserted()  ? "+"
                            : change.deleted() ? "-"
                                               : "~") +
                           change.row().name);
    });
    for (int round = 0; round < 3; ++round) {
        server.kill();
        UNTIL(reactor, database.state() == ConnectionState::disconnected);
        EXPECT_EQ(database.tables().host.size(), 3u); // as it was
        server.start();
        UNTIL(reactor, database.state() == ConnectionState::ready);
        EXPECT_EQ(seen, std::vector<std::string>{});
    }

    server.stop();
    UNTIL(reactor, database.state() == ConnectionState::disconnected);
    server.start();
    server.transact(R"(["Ringfence_Southbound",
        {"op":"delete","table":"Host","where":[["name","==","a"]]},
        {"op":"update","table":"Host","where":[["name","==","b"]],"row":{"intent":"x"}},
        {"op":"insert","table":"Host","row":{"name":"d","kind":"foreign"}}])");
    UNTIL(reactor, database.state() == ConnectionState::ready && seen.size() >= 3);
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, (std::vector<std::string>{"+d", "-a", "~b"}));
}

TEST_F(ClientTest, KeepsATransactionUntilTheServerIsBack) {
    Server server({schema_file("southbound")});
    Southbound database(reactor, {.remotes = server.remote()});
    ASSERT_TRUE(database.wait_ready(soon()));
    server.kill();
    UNTIL(reactor, database.state() == ConnectionState::disconnected);
    std::optional<Result<Committed>> outcome;
    database.commit(inserting(host("late")),
                    [&](Result<Committed> result) { outcome = std::move(result); });
    server.start();
    UNTIL(reactor, outcome.has_value());
    EXPECT_TRUE(*outcome) << why(*outcome);
    EXPECT_EQ(database.tables().host.size(), 1u);
}

TEST_F(ClientTest, SaysWhenATransactionsOutcomeIsUnknown) {
    Server server({schema_file("southbound")});
    Southbound database(reactor, {.remotes = server.remote()});
    ASSERT_TRUE(database.wait_ready(soon()));
    server.pause(true);

    auto outcome = database.commit_now(inserting(host("slow")), Clock::now() + 50ms);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::timeout);

    std::optional<Result<Committed>> lost, late;
    Transaction impatient = inserting(host("impatient"));
    impatient.set_timeout(50ms);
    database.commit(impatient, [&](Result<Committed> result) { late = std::move(result); });
    UNTIL(reactor, late.has_value());
    EXPECT_EQ(late->error().kind, ErrorKind::timeout);
    database.commit(inserting(host("lost")),
                    [&](Result<Committed> result) { lost = std::move(result); });
    server.kill();
    UNTIL(reactor, lost.has_value());
    ASSERT_FALSE(*lost);
    EXPECT_EQ(lost->error().kind, ErrorKind::unavailable);

    // Not sent at all: known not to have happened.
    auto unsent = database.commit_now(inserting(host("unsent")), Clock::now() + 50ms);
    ASSERT_FALSE(unsent);
    EXPECT_EQ(unsent.error().kind, ErrorKind::unavailable);
    EXPECT_NE(unsent.error().text.find("not connected"), std::string::npos);
}

TEST_F(ClientTest, TriesTheNextRemote) {
    Server empty({schema_file("northbound")}), server({schema_file("southbound")});
    Southbound database(reactor, {.remotes = "unix:" + folder.path() + "/nobody, " +
                                             empty.remote() + "," + server.remote()});
    std::vector<std::string> reasons;
    database.on_state(
        [&](ConnectionState, std::string_view reason) { reasons.emplace_back(reason); });
    UNTIL(reactor, database.state() == ConnectionState::ready);
    ASSERT_GE(reasons.size(), 3u);
    EXPECT_NE(reasons[0].find("No such file"), std::string::npos) << reasons[0];
    EXPECT_NE(reasons[2].find("no database Ringfence_Southbound (it has: Ringfence_Northbound)"),
              std::string::npos)
        << reasons[2];
}

TEST_F(ClientTest, RefusesRemotesThatItDoesNotUnderstand) {
    EXPECT_EQ(check_remotes("ssl:192.0.2.1:6642").error().kind, ErrorKind::unsupported);
    EXPECT_EQ(check_remotes("tcp:db.example.org:6642").error().kind, ErrorKind::unsupported);
    EXPECT_EQ(check_remotes("").error().kind, ErrorKind::invalid);
    EXPECT_EQ(check_remotes("tcp:127.0.0.1").error().kind, ErrorKind::invalid);
    EXPECT_EQ(check_remotes("tcp:127.0.0.1:0").error().kind, ErrorKind::invalid);
    EXPECT_EQ(check_remotes("/run/db.sock").error().kind, ErrorKind::invalid);
    EXPECT_EQ(check_remotes("unix:/" + std::string(200, 'x')).error().kind, ErrorKind::invalid);
    EXPECT_TRUE(check_remotes("tcp:127.0.0.1:6642,tcp:[2001:db8::1]:6642 unix:/run/db.sock"));
}

TEST_F(ClientTest, GivesUpASilentServerOverTcp) {
    Server server({schema_file("southbound")});
    Southbound database(reactor, {.remotes = server.tcp_remote(), .probe = 100ms});
    ASSERT_TRUE(database.wait_ready(soon()));
    EXPECT_FALSE(reactor.run_until([&] { return database.state() != ConnectionState::ready; },
                                   Clock::now() + 500ms)); // probes are answered
    std::string reason;
    database.on_state([&](ConnectionState, std::string_view text) { reason = text; });
    server.pause(true);
    UNTIL(reactor, database.state() == ConnectionState::disconnected);
    EXPECT_NE(reason.find("no answer to probes"), std::string::npos) << reason;
    server.pause(false);
    UNTIL(reactor, database.state() == ConnectionState::ready);
}

TEST_F(ClientTest, ReturnsWhenItsDatabaseDoes) {
    Server server({schema_file("southbound")});
    Southbound database(reactor, {.remotes = server.remote()});
    ASSERT_TRUE(database.commit_now(inserting(host("a")), soon()));
    server.appctl({"ovsdb-server/remove-db", "Ringfence_Southbound"});
    UNTIL(reactor, database.state() == ConnectionState::disconnected);
    server.appctl({"ovsdb-server/add-db", server.folder() + "/ringfence-southbound.db"});
    UNTIL(reactor, database.state() == ConnectionState::ready);
    EXPECT_EQ(database.tables().host.size(), 1u);
}

TEST_F(ClientTest, MonitorsTheColumnsAskedForOnly) {
    Server server({schema_file("southbound")});
    Southbound writer(reactor, {.remotes = server.remote()}),
        reader(reactor, {.remotes = server.remote()});
    reader.monitor_columns<Host>(Host::Column::name);
    reader.monitor_columns<southbound::HostConfig>({});
    int changes = 0;
    reader.on_change([&](const southbound::Changes&) { ++changes; });
    ASSERT_TRUE(writer.commit_now(inserting(host("a")), soon()));
    southbound::HostConfig config;
    config.host = "a";
    ASSERT_TRUE(writer.commit_now(inserting(config), soon()));
    UNTIL(reactor, reader.tables().host.size() == 1);
    Host row = host("a");
    row.intent = "unseen";
    Transaction unseen;
    unseen.update(row, Host::Column::intent);
    ASSERT_TRUE(writer.commit_now(unseen, soon()));
    ASSERT_TRUE(writer.commit_now(inserting(host("b")), soon()));
    UNTIL(reactor, reader.tables().host.size() == 2);
    EXPECT_EQ(changes, 2);
    EXPECT_TRUE(reader.tables().host.find(row.uuid)->vtep_addresses.empty());
    EXPECT_TRUE(reader.tables().host_config.empty());
}

TEST_F(ClientTest, NamesTheColumnsThatAnOlderSchemaLacks) {
    Server server({altered_schema(folder, schema_file("southbound"), [](auto& schema) {
        schema["version"] = "0.9.0";
        schema["tables"]["Host"]["columns"].erase("intent");
        schema["tables"].erase("Block_Log");
    })});
    Southbound database(reactor, {.remotes = server.remote()});
    auto ready = database.wait_ready(Clock::now() + 500ms);
    ASSERT_FALSE(ready);
    EXPECT_NE(
        ready.error().text.find("Ringfence_Southbound 0.9.0 lacks Host.intent, Block_Log.time"),
        std::string::npos)
        << ready.error().text;

    Southbound narrower(reactor, {.remotes = server.remote()});
    narrower.monitor_columns<Host>(Host::Column::name | Host::Column::kind);
    narrower.monitor_columns<southbound::BlockLog>({});
    EXPECT_TRUE(narrower.wait_ready(soon()));
}

TEST_F(ClientTest, AcceptsANewerSchema) {
    Server server({altered_schema(folder, schema_file("southbound"), [](auto& schema) {
        schema["version"] = "2.0.0";
        schema["tables"]["Host"]["columns"]["colour"] = {{"type", "string"}};
        schema["tables"]["Weather"] = {{"columns", {{"rain", {{"type", "boolean"}}}}},
                                       {"isRoot", true}};
    })});
    Southbound database(reactor, {.remotes = server.remote()});
    server.transact(R"(["Ringfence_Southbound",
        {"op":"insert","table":"Host","row":{"name":"a","kind":"foreign","colour":"red"}},
        {"op":"insert","table":"Weather","row":{"rain":true}}])");
    UNTIL(reactor, database.tables().host.size() == 1);
}

TEST_F(ClientTest, ServesAnOlderOpenVswitch) {
    Server server(
        {altered_schema(folder, "/usr/share/openvswitch/vswitch.ovsschema", [](auto& schema) {
            schema["tables"]["Interface"]["columns"].erase("ingress_policing_kpkts_rate");
        })});
    Database<vswitch::Schema> database(reactor, {.remotes = server.remote()});
    ASSERT_TRUE(database.wait_ready(soon()));
    ASSERT_TRUE(database.commit_now(inserting(vswitch::OpenvSwitch()), soon()));
    EXPECT_EQ(database.tables().open_vswitch.size(), 1u);
}

// BEHAVIOUR.md, row 45: wrong types. The server's schema lets a column hold two values where ours
// has room for one.
TEST_F(ClientTest, KeepsTheLastGoodVersionOfARowThatItCannotRead) {
    Server server({altered_schema(folder, schema_file("southbound"), [](auto& schema) {
        schema["tables"]["Logical_Port"]["columns"]["host"]["type"]["max"] = "unlimited";
        schema["tables"]["Logical_Port"]["columns"]["segment"]["type"] = "uuid";
    })});
    Southbound database(reactor, {.remotes = server.remote()});
    std::vector<std::string> troubles;
    database.on_row_trouble([&](std::string_view text) { troubles.emplace_back(text); });
    const auto transact = [&](const std::string& operation) {
        server.transact(R"(["Ringfence_Southbound",)" + operation + "]");
    };
    const std::string enums = R"("kind":"nic","port_security":"strict")";
    transact(R"({"op":"insert","table":"Logical_Port","row":{"name":"p","mac":"1","host":"one",)" +
             enums + R"(}})");
    transact(R"({"op":"insert","table":"Logical_Port","row":{"name":"q","mac":"2","host":"one",)" +
             enums + R"(}})");
    UNTIL(reactor, database.tables().logical_port.size() == 2);
    const auto port = [&](std::string_view name) {
        for (const auto& row : database.tables().logical_port)
            if (row.name == name)
                return row;
        return southbound::LogicalPort();
    };

    transact(
        R"({"op":"update","table":"Logical_Port","where":[["name","==","p"]],"row":{"host":["set",["one","two"]]}},
                {"op":"update","table":"Logical_Port","where":[["name","==","q"]],"row":{"host":"three"}})");
    UNTIL(reactor, port("q").host == "three" && troubles.size() == 1);
    EXPECT_EQ(port("p").host, "one");
    EXPECT_NE(troubles[0].find("Logical_Port " + to_string(port("p").uuid) +
                               ": host: [\"set\",[\"one\",\"two\"]]"),
              std::string::npos)
        << troubles[0];

    server.restart(); // a bad row of a load is kept, too
    UNTIL(reactor, troubles.size() == 2 && database.state() == ConnectionState::ready);
    EXPECT_EQ(port("p").host, "one");

    // What comes next is a difference against the version that we could not read; the row is right
    // all the same.
    transact(
        R"({"op":"update","table":"Logical_Port","where":[["name","==","p"]],"row":{"host":"two","mac":"3"}})");
    UNTIL(reactor, port("p").host == "two");
    EXPECT_EQ(port("p").mac, "3");
    EXPECT_EQ(troubles.size(), 2u);
}

TEST_F(ClientTest, HandsOnARowThatItCannotReadWhereItIsAskedTo) {
    Server server({altered_schema(folder, schema_file("southbound"), [](auto& schema) {
        schema["tables"]["Logical_Port"]["columns"]["host"]["type"]["max"] = "unlimited";
        schema["tables"]["Logical_Port"]["columns"]["segment"]["type"] = "uuid";
    })});
    Southbound database(reactor, {.remotes = server.remote()});
    database.read_in_part<southbound::LogicalPort>();
    database.on_row_trouble([](std::string_view text) { ADD_FAILURE() << text; });
    const auto transact = [&](const std::string& operation) {
        server.transact(R"(["Ringfence_Southbound",)" + operation + "]");
    };
    const auto port = [&] {
        const auto& ports = database.tables().logical_port;
        return ports.empty() ? southbound::LogicalPort() : *ports.begin();
    };
    transact(R"({"op":"insert","table":"Logical_Port","row":{"name":"p","mac":"1",)"
             R"("host":["set",["one","two"]],"kind":"nic","port_security":"strict"}})");
    UNTIL(reactor, !port().unreadable.empty());
    EXPECT_EQ(port().unreadable,
              "Logical_Port " + to_string(port().uuid) +
                  ": host: [\"set\",[\"one\",\"two\"]] has more than one element");
    EXPECT_EQ(port().mac, "1");
    EXPECT_EQ(port().host, std::nullopt);

    const auto set_host = [&](const std::string& value) {
        transact(R"({"op":"update","table":"Logical_Port","where":[],"row":{"host":)" + value +
                 "}}");
    };
    set_host(R"("one")");
    UNTIL(reactor, port().unreadable.empty());
    EXPECT_EQ(port().host, "one");
    set_host(R"(["set",["two","three"]])"); // a difference against what we have
    UNTIL(reactor, !port().unreadable.empty());
    EXPECT_EQ(port().mac, "1");
    set_host(R"("three")");
    UNTIL(reactor, port().unreadable.empty());
    EXPECT_EQ(port().host, "three");
}

TEST_F(ClientTest, LoadsAndFollowsAHundredThousandRows) {
    Server server({schema_file("southbound")});
    Southbound database(reactor, {.remotes = server.remote()});
    constexpr int rows = 100000, batch = 5000;
    for (int at = 0; at < rows; at += batch) {
        Transaction transaction;
        for (int i = at; i < at + batch; ++i) {
            southbound::BlockLog row;
            row.time = i;
            row.external_address = "203.0.113.7";
            transaction.insert(row);
        }
        auto result = database.commit_now(transaction, soon());
        ASSERT_TRUE(result) << why(result);
    }
    EXPECT_EQ(database.tables().block_log.size(), size_t{rows});
    Southbound second(reactor, {.remotes = server.remote()});
    ASSERT_TRUE(second.wait_ready(soon()));
    EXPECT_EQ(second.tables().block_log.size(), size_t{rows});
    EXPECT_EQ(second.tables(), database.tables());
}

} // namespace
} // namespace ringfence::ovsdb::test
