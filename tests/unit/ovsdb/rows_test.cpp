// Generated rows and tables as plain values, and their JSON.
#include <set>

#include <gtest/gtest.h>

#include "ovsdb/json.h"
#include "ovsdb/replica.h"
#include "ovsdb/southbound.h"
#include "ovsdb/testing.h"
#include "ovsdb/vswitch.h"

namespace ringfence::ovsdb {
namespace {

using nlohmann::json;
using southbound::LogicalPort;

TEST(Uuid, ReadsAndWritesText) {
    const std::string text = "550e8400-e29b-41d4-a716-446655440000";
    EXPECT_EQ(to_string(*Uuid::from(text)), text);
    EXPECT_EQ(Uuid::from("550E8400-E29B-41D4-A716-446655440000"), Uuid::from(text));
    for (const char* bad :
         {"", "550e8400-e29b-41d4-a716-44665544000", "550e8400-e29b-41d4-a716-4466554400000",
          "550e8400ae29b-41d4-a716-446655440000", "g50e8400-e29b-41d4-a716-446655440000"})
        EXPECT_FALSE(Uuid::from(bad)) << bad;
    EXPECT_TRUE(Uuid().is_nil());
    EXPECT_NE(Uuid::random(), Uuid::random());
    EXPECT_EQ(to_string(Uuid::random())[14], '4');
}

TEST(Uuid, NamedIsTheSameEverywhere) {
    // By an implementation of RFC 4122 that is not ours: python3 -c 'uuid.uuid5(...)'.
    EXPECT_EQ(to_string(Uuid::named("acme")), "3612c5f4-fc9f-5134-a974-eaff8ca1330f");
    EXPECT_NE(Uuid::named("acme"), Uuid::named("acme "));
}

// A difference that can't be applied leaves the row what it was, but for that it says so.
TEST(Replica, MarksARowThatHasBecomeUnreadable) {
    southbound::Tables tables;
    Replica replica(southbound::Schema::info(), &tables);
    replica.read_in_part(LogicalPort::table_info().index);
    const Uuid uuid = Uuid::named("p");
    auto update = [&](const char* kind, json columns) {
        Replica::Outcome outcome;
        const json updates = {{"Logical_Port", {{to_string(uuid), {{kind, std::move(columns)}}}}}};
        EXPECT_TRUE(replica.apply(updates, UpdateFormat::update2, outcome));
        EXPECT_TRUE(outcome.troubles.empty());
        return outcome.changes.size() == 1 ? *tables.logical_port.find(uuid) : LogicalPort();
    };
    LogicalPort row = update("insert", {{"name", "p"}, {"mac", "1"}});
    EXPECT_EQ(row.mac, "1");
    EXPECT_EQ(row.unreadable, "");
    row = update("modify", {{"mac", 7}, {"intent", "org/acme"}});
    EXPECT_EQ(row.unreadable, "Logical_Port " + to_string(uuid) + ": mac: 7 is not a string");
    EXPECT_EQ(row.name, "p");
    EXPECT_EQ(row.mac, "1");
    row = update("insert", {{"name", "p"}, {"mac", 8}, {"intent", "org/acme"}});
    EXPECT_EQ(row.unreadable, "Logical_Port " + to_string(uuid) + ": mac: 8 is not a string");
    EXPECT_EQ(row.mac, "");
    EXPECT_EQ(row.intent, "org/acme");
    EXPECT_EQ(update("insert", {{"name", "p"}, {"mac", "2"}}).unreadable, "");
}

TEST(Columns, AreASet) {
    using Column = LogicalPort::Column;
    const LogicalPort::Columns columns = Column::name | Column::mac | Column::intent;
    EXPECT_TRUE(columns.contains(Column::mac));
    EXPECT_FALSE(columns.contains(Column::host));
    EXPECT_EQ(columns.without(Column::mac), Column::name | Column::intent);
    EXPECT_TRUE(LogicalPort::Columns::all().contains(Column::intent));
    EXPECT_TRUE(LogicalPort::Columns().empty());
}

TEST(Tables, AreValues) {
    southbound::Tables tables;
    LogicalPort port;
    port.uuid = Uuid::named("p");
    port.name = "web-0";
    EXPECT_TRUE(tables.logical_port.insert(port));
    EXPECT_FALSE(tables.logical_port.insert(port));
    const southbound::Tables copy = tables;
    const LogicalPort* found = copy.logical_port.find(port.uuid);
    port.name = "web-1";
    tables.logical_port.replace(port);
    EXPECT_EQ(found->name, "web-0");
    EXPECT_FALSE(tables == copy);
    port.name = "web-0";
    tables.logical_port.replace(port);
    EXPECT_TRUE(tables == copy); // by value, not by identity
    EXPECT_TRUE(tables.logical_port.erase(port.uuid));
    EXPECT_FALSE(tables.logical_port.erase(port.uuid));
    EXPECT_EQ(copy.logical_port.size(), 1u);
}

TEST(Json, LeavesDefaultsOutAndComesBack) {
    LogicalPort port;
    port.uuid = Uuid::named("p");
    port.name = "web-0";
    port.segment = Uuid::named("s");
    port.host = "";
    port.addresses = {"10.0.0.5"};
    port.limits = {{"rate", 7}};
    const json encoded = to_json(port);
    EXPECT_EQ(encoded,
              json::parse(R"({"name": "web-0", "host": "", "addresses": ["set", ["10.0.0.5"]],
        "limits": ["map", [["rate", 7]]], "segment": ["uuid", ")" +
                          to_string(port.segment) + "\"]}"));
    EXPECT_EQ(from_json<LogicalPort>(port.uuid, encoded), port);

    southbound::Tables tables;
    tables.logical_port.insert(port);
    const json whole = to_json(tables);
    EXPECT_EQ(whole, (json{{"Logical_Port", {{to_string(port.uuid), encoded}}}}));
    auto back = from_json<southbound::Tables>(whole);
    ASSERT_TRUE(back);
    EXPECT_TRUE(*back == tables);
}

TEST(Json, NamesWhatItCannotRead) {
    const auto error = [](const char* text) {
        auto tables = from_json<southbound::Tables>(json::parse(text));
        return tables ? "" : tables.error().text;
    };
    const std::string port = R"("00000000-0000-0000-0000-000000000001")";
    const auto of_port = [&](const std::string& row) {
        return error((R"({"Logical_Port":{)" + port + ":" + row + "}}").c_str());
    };
    const std::string prefix = "Logical_Port 00000000-0000-0000-0000-000000000001: ";
    EXPECT_EQ(of_port(R"({"name": 7})"), prefix + "name: 7 is not a string");
    EXPECT_EQ(of_port(R"({"colour": 7})"), prefix + "no such column: colour");
    EXPECT_EQ(of_port(R"({"host": ["set", ["a", "b"]]})"),
              prefix + R"(host: ["set",["a","b"]] has more than one element)");
    EXPECT_EQ(of_port(R"({"segment": ["uuid", 5]})"),
              prefix + R"(segment: ["uuid",5] is not a UUID)");
    EXPECT_EQ(of_port(R"({"limits": ["map", [["a"]]]})"),
              prefix + R"(limits: ["a"] is not a pair of a map)");
    EXPECT_EQ(of_port(R"({"limits": ["map", [["a", 9223372036854775808]]]})"),
              prefix + "limits: 9223372036854775808 is not an integer");
    EXPECT_EQ(of_port("[]"), prefix + "a row is a JSON object");
    EXPECT_EQ(error(R"({"Port": {}})"), "Ringfence_Southbound: no such table: Port");
    EXPECT_EQ(error(R"({"Logical_Port": {"x": {}}})"), "Logical_Port: \"x\" is not a UUID");
    EXPECT_EQ(error("[]"), "Ringfence_Southbound: a database is a JSON object of tables");
}

TEST(Generator, GivesKeywordsAnUnderscore) {
    ringfence::testing::Child child;
    child.register_ = "x";
    EXPECT_EQ(to_json(child), (json{{"register", "x"}}));
}

TEST(Generator, TakesTheListedColumnsOfOpenVswitchOnly) {
    std::set<std::string_view> names;
    for (const auto& column : vswitch::Interface::table_info().columns)
        names.insert(column.name);
    EXPECT_TRUE(names.contains("ofport"));
    EXPECT_FALSE(names.contains("cfm_mpid")); // in the schema, not in the list
}

} // namespace
} // namespace ringfence::ovsdb
