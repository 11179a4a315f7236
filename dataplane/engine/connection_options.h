// Open_vSwitch.other_config -> how large the connection tables are and how long silent connections
// are kept. agent/SETTINGS.md documents the keys.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/types/result.h"
#include "dataplane/connection/settings.h"

namespace ringfence {

// An error names the key: a value out of range, a time-out of no phase.
[[nodiscard]] Result<ConnectionSettings>
connection_settings_from(const std::map<std::string, std::string>& other_config);

// Every key that is read, with what holds where it is not set: for the page's test.
struct ConnectionOption {
    std::string key, value;
};
std::vector<ConnectionOption> connection_options();

} // namespace ringfence
