// What a server says went wrong, as an Error. Conflicts, and what leaves no doubt, are told by
// the end of the text.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "ovsdb/transaction.h"

namespace ringfence::ovsdb::errors {

inline constexpr std::string_view try_again = " (changed meanwhile: try again)";
inline constexpr std::string_view constraint = " (constraint violation)";
inline constexpr std::string_view not_written = " (nothing was written)";

// The "error" of a JSON-RPC reply, for people: a string, or RFC 7047's <error>.
std::string describe(const nlohmann::json& error);
bool is_unknown_method(const nlohmann::json& error);

// The reply to "transact".
[[nodiscard]] Result<Committed> read_reply(const Transaction& transaction,
                                           const nlohmann::json& result,
                                           const nlohmann::json& error);

} // namespace ringfence::ovsdb::errors
