// What this host tells its NICs by DHCP and advertisements, as text, for `ringfence/dhcp`. Pure.
#pragma once

#include <optional>
#include <string>

#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

// All ports that are told something, or that one.
std::string show_dhcp(const Fabric& fabric, std::optional<PortId> only);

} // namespace ringfence::agent
