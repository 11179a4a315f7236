// Whether a server's schema has what ours needs.
#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ovsdb/schema.h"

namespace ringfence::ovsdb {

// wanted: the columns to monitor, per table. Returns those that the server has. Where our schema
// insists (MissingColumns::error) a missing one is an error that names it. What the server has
// beyond ours does not matter.
[[nodiscard]] Result<std::vector<uint64_t>> check_schema(const SchemaInfo& ours,
                                                         const std::vector<uint64_t>& wanted,
                                                         const nlohmann::json& servers);

} // namespace ringfence::ovsdb
