// What the databases ask for as the limits of a port, as checked values, and what that comes to:
// `Logical_Port.limits` of the fabric and, by local/policing.h, the host's own Open_vSwitch rows.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/types/result.h"
#include "dataplane/fabric/port_limits.h"

namespace ringfence::agent {

// What nothing is said of stays as it is.
struct WantedLimits {
    std::optional<Rate> bandwidth_in, bandwidth_out; // bytes
    std::optional<Rate> packets_out, broadcast, slow_path;
    std::optional<uint32_t> connections;
    bool operator==(const WantedLimits&) const = default;
};

// A bandwidth in bit/s, and its burst in bytes: 0.1 s where none is said, and never less than a
// large frame, which otherwise would not pass at all.
Rate bandwidth(uint64_t bits, std::optional<uint64_t> burst = std::nullopt);

// By name: `bandwidth-in`, `bandwidth-out` (bit/s), `burst-in`, `burst-out` (bytes), `broadcast`,
// `slow-path` (packets/s), `connections`. An error names what is none, or means nothing.
[[nodiscard]] Result<WantedLimits> limits_from(const std::map<std::string, int64_t>& limits);

// The fabric's word and the host's on top of the defaults; of two rates the lower one counts.
PortLimits limits_of(const PortLimits& defaults, const WantedLimits& fabric,
                     const WantedLimits& host);

// Open_vSwitch.other_config's defaults for every port (SETTINGS.md); a value that is none leaves
// the default as it is and adds a sentence to `errors`.
PortLimits default_limits_from(const std::map<std::string, std::string>& other_config,
                               std::vector<std::string>& errors);

} // namespace ringfence::agent
