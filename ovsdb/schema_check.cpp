#include "ovsdb/schema_check.h"

#include <nlohmann/json.hpp>

#include "ovsdb/codec.h"

namespace ringfence::ovsdb {

using Json = nlohmann::json;

// RFC 7047, clause 3.2 <type>: whether there is room for one value only.
static bool is_single(const Json& column) {
    const auto type = column.find("type");
    return type == column.end() || !type->is_object() || type->value("max", Json(1)) == 1;
}

Result<std::vector<ServerColumns>>
check_schema(const SchemaInfo& ours, const std::vector<uint64_t>& wanted, const Json& servers) {
    static const Json none = Json::object();
    const auto member = [](const Json& object, std::string_view name) -> const Json& {
        const auto found = object.find(name);
        return found != object.end() && found->is_object() ? *found : none;
    };
    if (!servers.is_object() || !servers.contains("tables"))
        return fail(ErrorKind::unavailable, "{}: what the server sent is not a schema", ours.name);

    std::vector<ServerColumns> found(wanted.size());
    std::string missing;
    for (const TableInfo* table : ours.tables) {
        const Json& columns = member(member(member(servers, "tables"), table->name), "columns");
        for (size_t i = 0; i < table->columns.size(); ++i) {
            const uint64_t bit = uint64_t{1} << i;
            if (!(wanted[table->index] & bit))
                continue;
            if (const auto column = columns.find(table->columns[i].name); column != columns.end()) {
                found[table->index].present |= bit;
                if (column->is_object() &&
                    is_single(*column) != table->columns[i].ops->difference_is_value)
                    found[table->index].different |= bit;
                continue;
            }
            missing += fmt::format("{}{}.{}", missing.empty() ? "" : ", ", table->name,
                                   table->columns[i].name);
        }
    }
    if (!missing.empty() && ours.missing == MissingColumns::error) {
        const auto version = servers.find("version");
        return fail(ErrorKind::unsupported,
                    "the server's schema {} {} lacks {} (ours is {}): convert the database, with "
                    "\"ovsdb-client convert\" or by a restart of ringfence-ovsdb@",
                    ours.name,
                    version != servers.end() && version->is_string() ? version->get<std::string>()
                                                                     : "without version",
                    missing, ours.version);
    }
    return found;
}

} // namespace ringfence::ovsdb
