// How the two kinds of conflict are told apart: by the end of the error's text.
#pragma once

#include <string_view>

namespace ringfence::ovsdb::errors {

inline constexpr std::string_view try_again = " (changed meanwhile: try again)";
inline constexpr std::string_view constraint = " (constraint violation)";

} // namespace ringfence::ovsdb::errors
