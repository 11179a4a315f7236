#include "controller/compiler/roles.h"

#include <map>
#include <set>
#include <string>

namespace ringfence::compiler {
namespace {

// Table -> the columns that may be changed in a row that is the client's by its `host` column.
const std::map<std::string, std::set<std::string>> host_permissions = {
    {"Host_Status",
     {"applied", "alive", "vtep_addresses", "underlay_mtu", "bridge_mappings", "query", "version",
      "trouble"}},
    {"Port_Claim", {"ready", "active", "contends", "claimed", "interface", "plug"}},
    {"Address_Claim", {"port", "number"}},
    {"Learned_Mac", {"domain", "segment", "mac", "port"}},
};

} // namespace

Product compile_roles() {
    Product product;
    southbound::RBACRole role;
    role.uuid = ovsdb::Uuid::named(std::string("rbac-role/") + host_role);
    role.name = host_role;
    for (const auto& [table, columns] : host_permissions) {
        southbound::RBACPermission permission;
        permission.uuid = ovsdb::Uuid::named("rbac-permission/" + table);
        permission.table = table;
        permission.authorization = {"host"};
        permission.insert_delete = true;
        permission.update = columns;
        role.permissions[table] = permission.uuid;
        product.put(std::move(permission));
    }
    product.put(std::move(role));
    return product;
}

} // namespace ringfence::compiler
