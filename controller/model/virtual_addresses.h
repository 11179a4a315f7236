// Addresses that a NIC shares with others, which take them over from each other (VRRP).
#pragma once

#include <string>

#include "controller/model/model.h"
#include "core/types/result.h"

namespace ringfence::model {

// Each is one of the network's, with a MAC of one device; neither is anybody's own there.
[[nodiscard]] Result<> check_virtual_addresses(const Model& model, const std::string& object,
                                               const northbound::Nic& nic, const Uuid& segment);

} // namespace ringfence::model
