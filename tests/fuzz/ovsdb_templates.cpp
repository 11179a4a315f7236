#include "tests/fuzz/ovsdb_templates.h"

#include <fmt/format.h>

#include "ovsdb/southbound.h"

namespace ringfence::fuzz {

namespace {

constexpr const char* one = "11111111-2222-3333-4444-555555555555";
constexpr const char* two = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

// Both databases' rows as a load gives them, and what may become of them.
std::string rows(const char* kind) {
    return fmt::format(
        R"({{"Segment":{{"{0}":{{"{2}":{{"vni":7,"domain":"acme/lan","kind":"tenant","mtu":1450,"vlan_transparent":true}}}}}},)"
        R"("Logical_Port":{{"{1}":{{"{2}":{{"name":"acme/web","mac":"02:00:00:00:00:01","segment":["uuid","{0}"],)"
        R"("addresses":["set",["10.0.0.1","fd00::1"]],"host":"one","limits":["map",[["bandwidth-in",1000]]]}}}}}},)"
        R"("Firewall":{{"{1}":{{"{2}":{{"policy":"p","priority":5,"direction":"in","action":"allow","protocol":6,)"
        R"("source":["set",["10.0.0.0/8"]],"destination_ports":["set",["80","8000-8099"]]}}}}}},)"
        R"("Dhcp":{{"{0}":{{"{2}":{{"port":"acme/web","family":"ipv4","address":"10.0.0.1","options":["map",[["mtu","1450"]]]}}}}}}}})",
        one, two, kind);
}

std::string loaded(const std::string& updates) {
    return fmt::format(R"({{"id":1,"error":null,"result":{}}})", updates);
}
std::string changed(const char* method, const std::string& updates) {
    return fmt::format(R"({{"id":null,"method":"{}","params":[["monid"],{}]}})", method, updates);
}
std::string change_of_port(const std::string& change) {
    return fmt::format(R"({{"Logical_Port":{{"{}":{}}}}})", two, change);
}

} // namespace

std::vector<std::vector<uint8_t>> ovsdb_templates() {
    const std::string load = loaded(rows("initial"));
    const std::string streams[] = {
        load,
        load + changed("update2", change_of_port(R"({"modify":{"host":["set",["two","one"]]}})")),
        load + changed(
                   "update2",
                   change_of_port(R"({"modify":{"addresses":["set",["10.0.0.1","10.0.0.2"]],)"
                                  R"("limits":["map",[["bandwidth-in",1000],["slow-path",5]]]}})")),
        load + changed("update2", change_of_port(R"({"delete":null})")),
        changed("update2", rows("insert")) + load,
        changed("update", rows("new")) + changed("update", change_of_port(R"({"old":{}})")),
        fmt::format(R"({{"id":2,"error":null,"result":[false,"{}",{}]}})", one, rows("initial")),
        R"({"id":"echo","method":"echo","params":[]} {"id":3,"error":"no such table","result":null})",
        // A state file's
        fmt::format(R"({{"Segment":{{"{}":{{"vni":16777215,"mtu":68}}}}}})", one),
        R"({"\ud83d\ude00":"\\\"","a":[[[[1e308,-0.0,18446744073709551615]]]]})",
    };
    std::vector<std::vector<uint8_t>> all;
    for (const std::string& stream : streams)
        all.emplace_back(stream.begin(), stream.end());
    return all;
}

std::string ovsdb_dictionary() {
    std::string words;
    const auto add = [&](std::string_view word) { words += fmt::format("\"\\\"{}\\\"\"\n", word); };
    for (const ovsdb::TableInfo* table : southbound::Schema::info().tables) {
        add(table->name);
        for (const ovsdb::ColumnInfo& column : table->columns)
            add(column.name);
    }
    for (const char* word :
         {"id", "error", "result", "method", "params", "update", "update2", "initial", "insert",
          "modify", "delete", "old", "new", "set", "map", "uuid", "named-uuid", "_version"})
        add(word);
    return words;
}

} // namespace ringfence::fuzz
