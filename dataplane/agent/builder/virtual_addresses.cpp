#include "dataplane/agent/builder/virtual_addresses.h"

namespace ringfence::agent {

namespace {

// A NIC has it as its own.
bool is_own(const Segment& segment, const IpAddr& address) {
    const MacAddr* neighbour = segment.neighbour(address);
    const VirtualAddress* shared = segment.virtual_address(address);
    bool is_ours = shared && shared->holder && neighbour && *neighbour == shared->holder->mac;
    return neighbour && !is_ours;
}

} // namespace

void VirtualAddressPart::finish(FabricEdit& edit) {
    for (const Uuid& row : std::exchange(known_.touched.virtual_addresses, {})) {
        auto id = known_.id_of_segment(row);
        Segment* segment = id ? edit.segment(*id) : nullptr;
        Placement now = segment ? wanted(row, *segment) : Placement();
        Placement& before = placements_[row];
        if (segment)
            replace(*segment, row, before, now);
        tell_moves(row, before, now);
        if (now.addresses.empty())
            placements_.erase(row);
        else
            before = std::move(now);
    }
}

VirtualAddressPart::Placement VirtualAddressPart::wanted(const Uuid& row,
                                                         const Segment& segment) const {
    Placement placement;
    for (const Uuid& uuid : known_.sharing_nics_on(row)) {
        const NicEntry& nic = *known_.nics.find(uuid);
        Destination place = known_.place_on(known_.host_of(nic), nic.name);
        for (const auto& [address, mac] : nic.virtual_addresses) {
            if (is_own(segment, address))
                continue;
            placement.addresses.try_emplace(address);
            if (mac == nic.mac || known_.has_mac(row, mac))
                continue;
            placement.macs.try_emplace(mac, Destination::nowhere());
            if (place.kind() == Destination::Kind::vtep)
                placement.senders.emplace(mac, place.next_hop());
        }
    }
    settle(row, placement);
    return placement;
}

// Who has each, and where the MACs are: with the holder of the first address that goes by them.
void VirtualAddressPart::settle(const Uuid& row, Placement& placement) const {
    for (auto& [address, shared] : placement.addresses) {
        const NicEntry* nic = holder_of(row, address);
        if (!nic)
            continue;
        MacAddr mac = nic->virtual_addresses.at(address);
        if (mac != nic->mac && known_.has_mac(row, mac))
            continue;
        shared.holder = {nic->mac, mac};
        placement.holders.emplace(address, nic->name);
        if (auto of_mac = placement.macs.find(mac);
            of_mac != placement.macs.end() && of_mac->second == Destination::nowhere())
            of_mac->second = known_.place_on(known_.host_of(*nic), nic->name);
    }
}

// What a port of this host announced counts until a row knows of it, or of something later.
const NicEntry* VirtualAddressPart::holder_of(const Uuid& row, const IpAddr& address) const {
    const VirtualEntry* entry = known_.virtual_entry(row, address);
    auto claim = known_.facts.claims.find({row, address});
    bool is_claimed =
        claim != known_.facts.claims.end() && claim->second.number > (entry ? entry->number : 0);
    if (!is_claimed && !(entry && entry->port))
        return nullptr;
    const NicEntry* nic = known_.nic(is_claimed ? claim->second.port : *entry->port);
    bool may = nic && nic->segment == row && nic->virtual_addresses.contains(address);
    return may ? nic : nullptr;
}

void VirtualAddressPart::replace(Segment& segment, const Uuid& row, const Placement& before,
                                 const Placement& now) {
    for (const auto& [mac, hop] : before.senders)
        if (!now.senders.contains({mac, hop}))
            segment.forbid_also_from(mac, hop);
    for (const auto& [mac, hop] : now.senders)
        segment.allow_also_from(mac, hop);
    for (const auto& [address, shared] : before.addresses)
        if (!now.addresses.contains(address))
            segment.erase_virtual_address(address);
    for (const auto& [address, shared] : now.addresses)
        segment.set_virtual_address(address, shared);
    for (const auto& [mac, place] : before.macs)
        if (!now.macs.contains(mac) && !known_.has_mac(row, mac))
            segment.erase_shared_mac(mac);
    for (const auto& [mac, place] : now.macs)
        segment.set_shared_mac(mac, place);
    for (const auto* macs : {&before.macs, &now.macs})
        for (const auto& [mac, place] : *macs)
            known_.touch_learned(row, mac);
}

void VirtualAddressPart::tell_moves(const Uuid& row, const Placement& before,
                                    const Placement& now) {
    auto name_in = [](const Placement& placement, const IpAddr& address) {
        auto found = placement.holders.find(address);
        return found == placement.holders.end() ? std::string() : found->second;
    };
    for (const auto* placement : {&before, &now})
        for (const auto& [address, name] : placement->holders) {
            std::string from = name_in(before, address), to = name_in(now, address);
            if (from == to || (placement == &now && !from.empty()))
                continue; // told already, with who had it
            known_.touch_port_of(from);
            known_.touch_port_of(to);
            known_.takeovers.push_back({row, address, from, to});
        }
    for (const auto& [address, name] : before.holders)
        known_.holders.erase({row, address});
    for (const auto& [address, name] : now.holders)
        known_.holders[{row, address}] = name;
}

} // namespace ringfence::agent
