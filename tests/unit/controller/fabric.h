// Southbound databases for the compiler's tests: what hosts say goes in, rows as lines come out.
#pragma once

#include <string>
#include <vector>

#include "controller/compiler/compile.h"
#include "tests/unit/controller/cloud.h"

namespace ringfence::test {

// A southbound database in which h1 and h2 have dialed in (192.0.2.1 and .2, underlay MTU 1500).
southbound::Tables fabric();
southbound::HostStatus make_status(const std::string& host, const std::string& vtep,
                                   int64_t underlay_mtu = 1500);
southbound::PortClaim make_claim(const std::string& host, const std::string& port,
                                 bool ready = true, int64_t claimed = 0);

// Hosts, segments and ports, one line each, sorted.
std::vector<std::string> lines(const southbound::Tables& rows);
// The note of the object "path: ..." or "".
std::string note_of(const compiler::Compiled& compiled, const Uuid& object);

} // namespace ringfence::test
