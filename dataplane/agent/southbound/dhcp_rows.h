// Rows of the southbound table `Dhcp` as checked values: what the host of a NIC tells it. Pure,
// like rows.h.
#pragma once

#include <memory>
#include <string>

#include "core/types/result.h"
#include "edge-router/dhcp/binding.h"
#include "ovsdb/southbound.h"

namespace ringfence::agent {

// The binding of the row's family alone. It is shared with the Fabric, and stays the same object as
// long as the row says the same.
struct DhcpEntry {
    std::string port; // Logical_Port.name
    std::shared_ptr<const Dhcp4Binding> four;
    std::shared_ptr<const Dhcp6Binding> six;

    bool operator==(const DhcpEntry& other) const; // by what the bindings say
};

[[nodiscard]] Result<DhcpEntry> read_row(const southbound::Dhcp& row);
std::string name_of(const southbound::Dhcp& row);

} // namespace ringfence::agent
