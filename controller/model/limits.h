// Limits of logical ports: which there are, and what they may be. Of a NIC's own and its virtual
// data center's the smaller one counts.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "controller/model/rows.h"
#include "core/types/result.h"

namespace ringfence::model {

using Limits = std::map<std::string, int64_t>;

struct LimitKind {
    const char* name;
    const char* unit;
    int64_t least;
    int64_t most;
};
std::span<const LimitKind> limit_kinds();

// A limit that there is, in its range. `object` opens the error.
[[nodiscard]] Result<> check_limits(std::string_view object, const Limits& limits);

// What holds for the NIC.
Limits limits_of(const Rows& rows, const northbound::Nic& nic);

} // namespace ringfence::model
