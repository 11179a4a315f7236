// Whether a server's schema has what ours needs.
#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ovsdb/schema.h"

namespace ringfence::ovsdb {

// Columns of one table, as bits.
struct ServerColumns {
    uint64_t present = 0;   // wanted, and the server has them
    uint64_t different = 0; // of these: single in one schema, many in the other, so that
                            // differences can't be applied
};

// wanted: the columns to monitor, per table. Where our schema insists (MissingColumns::error) a
// missing one is an error that names it. What the server has beyond ours does not matter.
[[nodiscard]] Result<std::vector<ServerColumns>> check_schema(const SchemaInfo& ours,
                                                              const std::vector<uint64_t>& wanted,
                                                              const nlohmann::json& servers);

} // namespace ringfence::ovsdb
