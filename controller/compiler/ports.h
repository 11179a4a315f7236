// NICs to logical ports.
#pragma once

#include "controller/model/model.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// The NIC is sound and stands on that segment; `host` as place() found it.
southbound::LogicalPort compile_port(const model::Model& model, const northbound::Nic& nic,
                                     const ovsdb::Uuid& segment, std::optional<std::string> host);

} // namespace ringfence::compiler
