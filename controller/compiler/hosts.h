// Hosts: from what is intended and what they report to southbound Host rows.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "controller/model/model.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// What hosts say of themselves, and which VTEP addresses the fabric knows them by. A host whose
// Host_Status is gone keeps the addresses that it had: hosts fail static.
model::Facts facts_of(const southbound::Tables& current);

// None for a host that isn't admitted or has no VTEP address yet. `host` is sound.
std::optional<southbound::Host> compile_host(const model::Model& model,
                                             const northbound::Host& host);

// Where a Ringfence host reads the number of the last change that touches it: as it is now, 0 at
// first. plan() raises it.
southbound::HostConfig compile_host_config(const northbound::Host& host,
                                           const southbound::Tables& current);

// Hosts that the fabric knew (they have a Host_Config) and the northbound database no more.
std::set<std::string> deleted_hosts(const northbound::Tables& intent,
                                    const southbound::Tables& current);

} // namespace ringfence::compiler
