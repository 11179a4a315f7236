#include "ovsdb/server_database.h"

#include <nlohmann/json.hpp>

namespace ringfence::ovsdb {

using Json = nlohmann::json;

struct ServerDatabase::Rows {
    std::map<std::string, Json> by_uuid;
};

ServerDatabase::ServerDatabase(std::string name, bool leader_only)
    : name_(std::move(name)), leader_only_(leader_only), rows_(std::make_unique<Rows>()) {}

ServerDatabase::~ServerDatabase() = default;

std::string ServerDatabase::monitor_request(std::string_view monitor_id) {
    return fmt::format(
        R"(["_Server","{}",{{"Database":[{{"columns":["name","model","connected","leader","index"]}}]}}])",
        monitor_id);
}

void ServerDatabase::clear() { rows_->by_uuid.clear(); }

void ServerDatabase::update(const Json& updates) {
    if (!updates.is_object() || !updates.contains("Database") || !updates["Database"].is_object())
        return;
    for (const auto& [uuid, change] : updates["Database"].items()) {
        if (change.contains("delete")) {
            rows_->by_uuid.erase(uuid);
            continue;
        }
        // Every column holds at most one value, so a difference is the new value.
        for (const char* kind : {"initial", "insert", "modify"})
            if (const auto columns = change.find(kind);
                columns != change.end() && columns->is_object())
                rows_->by_uuid[uuid].update(*columns);
    }
}

Result<> ServerDatabase::suitable() {
    std::string others;
    for (const auto& [uuid, row] : rows_->by_uuid) {
        const auto name = row.value("name", Json());
        if (name != name_) {
            if (name.is_string() && name != "_Server")
                others += (others.empty() ? "" : ", ") + name.get<std::string>();
            continue;
        }
        if (row.value("model", Json()) == "standalone")
            return {};
        if (row.value("connected", Json()) != true)
            return fail(ErrorKind::unavailable,
                        "the server has lost its cluster or the source that it relays");
        if (leader_only_ &&
            (row.value("leader", Json()) != true || row.value("model", Json()) == "relay"))
            return fail(ErrorKind::unavailable, "the server does not lead its cluster");
        const auto index = row.value("index", Json());
        if (index.is_number_integer()) {
            if (index.get<int64_t>() < newest_index_)
                return fail(ErrorKind::unavailable,
                            "the server lags behind what we have seen already");
            newest_index_ = index.get<int64_t>();
        }
        return {};
    }
    return fail(ErrorKind::unavailable, "the server has no database {} (it has: {})", name_,
                others.empty() ? "none" : others);
}

} // namespace ringfence::ovsdb
