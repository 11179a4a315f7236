// What an object may be called, and how a name that somebody else chose is shown.
#pragma once

#include <string>
#include <string_view>

#include "core/types/result.h"

namespace ringfence::model {

// 1 to 63 letters, digits, '-', '_' or '.', the first one a letter or a digit (ASCII): a name goes
// into paths, file names, JSON and command lines as it is. `object` opens the error.
[[nodiscard]] Result<> check_name(std::string_view object, std::string_view name);

// A logical port's name, which is the `iface-id` that ports are plugged with: 1 to 255 printable
// ASCII characters without spaces.
[[nodiscard]] Result<> check_port_name(std::string_view object, std::string_view name);

// Any text, fit for one line of a log, a table or JSON: at most 63 characters, what isn't printable
// ASCII is '?', and so are quotes and backslashes.
std::string shown(std::string_view text);

} // namespace ringfence::model
