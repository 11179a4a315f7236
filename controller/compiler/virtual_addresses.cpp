#include "controller/compiler/virtual_addresses.h"

#include "controller/compiler/domains.h"
#include "controller/model/texts.h"

namespace ringfence::compiler {

using model::Uuid;

Uuid virtual_address_uuid(const Uuid& segment, const std::string& address) {
    return Uuid::named("virtual-address/" + to_string(segment) + "/" + address);
}

namespace {

southbound::VirtualAddress make_row(const Unit& unit, const Uuid& segment,
                                    const std::string& address) {
    southbound::VirtualAddress row;
    row.uuid = virtual_address_uuid(segment, address);
    row.domain = domain_of(unit.model(), segment);
    row.segment = segment;
    row.address = address;
    if (const Holder* holder = unit.found().holders.first({segment, address})) {
        row.port = holder->port;
        row.number = -holder->rank;
    }
    row.intent = model::network_path(unit.rows(), segment);
    return row;
}

} // namespace

void tell_claims(Unit& unit, const southbound::LogicalPort& port) {
    for (const AddressClaim& claim : unit.found().address_claims.all(port.name))
        if (port.host == claim.host && claim.segment == port.segment && claim.number > 0 &&
            port.virtual_addresses.contains(claim.address))
            unit.tell(&Findings::holders, model::AddressKey{claim.segment, claim.address},
                      Holder{-claim.number, claim.host, port.name});
}

void compile_virtual_addresses(Unit& unit, const northbound::Nic& nic) {
    if (nic.virtual_addresses.empty() || unit.found().refused.first(nic.uuid))
        return;
    const auto* vm = unit.rows().virtual_machine.find(nic.virtual_machine);
    const auto* vapp = vm ? unit.rows().vapp.find(vm->vapp) : nullptr;
    const auto segment = unit.model().segment_of(nic);
    if (!vapp || !vapp->deployed || !segment)
        return;
    for (const auto& [address, mac] : nic.virtual_addresses)
        unit.put(make_row(unit, *segment, model::canonical_address(address)));
}

} // namespace ringfence::compiler
