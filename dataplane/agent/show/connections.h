// Connections as text, for `ringfence/connections`. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dataplane/connection/listing.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

enum class Format { text, json };

// A line a connection; JSON: an array of objects.
std::string show(const std::vector<ListedConnection>& connections, const Fabric& fabric,
                 Format format);

// How full each worker's tables are and by what, then how many connections each port has; JSON: an
// object of both. ports: by name.
std::string show(const std::vector<ConnectionCounts>& workers,
                 const std::map<std::string, uint32_t>& ports, Format format);

} // namespace ringfence::agent
