// Which southbound rows this host needs: those of its own logical ports, by name, what these are
// told by DHCP, and those of the domains that these name. Pure.
#pragma once

#include <set>
#include <string>

#include "ovsdb/database.h"
#include "ovsdb/southbound.h"

namespace ringfence::agent {

struct Interest {
    std::string host;            // this one
    std::set<std::string> ports; // iface-ids plugged here: Logical_Port.name
    std::set<std::string> domains;
    bool operator==(const Interest&) const = default;
};

// What the rows at hand lead to. It grows while rows come in: a port's row names its domains.
Interest interest_from(const southbound::Tables& tables, const std::string& host,
                       const std::set<std::string>& iface_ids);

// Tables and columns that a host reads at all; before the first connection.
void choose_tables(ovsdb::Database<southbound::Schema>& database);
// Conditions of == clauses only, one a name or domain.
void follow(ovsdb::Database<southbound::Schema>& database, const Interest& interest);

} // namespace ringfence::agent
