// The "ports" of a state file: what a lab wants plugged, in place of an Open_vSwitch database.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dataplane/agent/local/wanted.h"

namespace ringfence::agent {

// [{"name": "web0", "type": "tap", "iface-id": "acme/default/web-0/0"}, ...]; keys as in STATE.md.
// An unknown key is an error. May throw nlohmann's exceptions on values of a wrong type.
[[nodiscard]] Result<std::map<std::string, WantedPort>> ports_from_json(const nlohmann::json& list);
nlohmann::json ports_to_json(const std::map<std::string, WantedPort>& ports);

} // namespace ringfence::agent
