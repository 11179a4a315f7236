// Domain names as they lie on the wire (RFC 1035, 3.1), for the options that carry lists of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/types/result.h"

namespace ringfence {

// Labels of letters, digits, "-" and "_", 253 characters at most; a dot at the end does not count.
[[nodiscard]] Result<> check_domain_name(std::string_view name);

// The names one behind the other, each checked before. `compressed`: endings that came before are
// pointed to (RFC 1035, 4.1.4), counted from the first name (RFC 3397, 2).
std::vector<uint8_t> encode_domain_names(const std::vector<std::string>& names, bool compressed);

} // namespace ringfence
