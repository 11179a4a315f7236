// Addresses that several ports may have, one at a time: who has each.
#pragma once

#include "controller/compiler/unit.h"

namespace ringfence::compiler {

// The row's UUID; the address in canonical form.
ovsdb::Uuid virtual_address_uuid(const ovsdb::Uuid& segment, const std::string& address);

// Those of the port's claims that count: from the host that it is bound to, for what it may have.
void tell_claims(Unit& unit, const southbound::LogicalPort& port);

// The rows of the addresses that the NIC may have: each with the port that claims it by the highest
// number, of equal ones the first host's. All who may have one make the same row.
void compile_virtual_addresses(Unit& unit, const northbound::Nic& nic);

} // namespace ringfence::compiler
