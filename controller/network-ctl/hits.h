// How many connections each firewall rule has decided on a host, as its daemon knows it: read on
// demand from the daemon, never from a database.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "controller/client/services.h"
#include "controller/network-ctl/format.h"
#include "core/types/result.h"

namespace ringfence::ctl {

using Hits = std::map<std::string, int64_t>; // by the rule's path

// What `ringfence/firewall --format=json` answers: [{"policy": NAME, "rules": [{"intent": PATH,
// "hits": N, ...}, ...]}, ...].
[[nodiscard]] Result<Hits> hits_from(const std::string& text);

// The rules, each with its hits; none where the host knows nothing of the rule.
Listing list_with_hits(const std::vector<client::FirewallRule>& rules, const Hits& hits);

} // namespace ringfence::ctl
