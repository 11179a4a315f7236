// Hosts: from what is intended and what they report to southbound Host rows.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "controller/compiler/notes.h"
#include "controller/model/model.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// In the form in which the ledger and the southbound tables write addresses.
std::set<std::string> canonical(const std::set<std::string>& addresses);

// None for a host that isn't admitted or has no VTEP address yet. `host` is sound.
std::optional<southbound::Host> compile_host(const model::Model& model,
                                             const northbound::Host& host);

// Where a Ringfence host reads the number of the last change that touches it. 0 here: plan() raises
// it, and everybody else leaves it alone.
southbound::HostConfig compile_host_config(const northbound::Host& host);

ovsdb::Uuid host_config_uuid(const std::string& host);

// The host can't have a VTEP address (`error` says why): names every host that has one of them.
Note vtep_note(const model::Model& model, const northbound::Host& host, const Error& error);

} // namespace ringfence::compiler
