// Bytes as text and back (RFC 4648, clause 4), for answers that are no text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringfence::unixctl {

std::string to_base64(std::string_view bytes);
// Nothing where it is none. White space at the end is passed over.
std::optional<std::string> from_base64(std::string_view text);

} // namespace ringfence::unixctl
