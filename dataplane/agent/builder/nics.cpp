#include "dataplane/agent/builder/nics.h"

#include <algorithm>

namespace ringfence::agent {

namespace {

std::vector<IpAddr> addresses_of(const NicEntry& nic) {
    std::vector<IpAddr> all(nic.ip4.begin(), nic.ip4.end());
    all.insert(all.end(), nic.ip6.begin(), nic.ip6.end());
    return all;
}

} // namespace

void NicPart::retract(FabricEdit& edit) {
    for (const auto& [uuid, why] : conflicts_)
        known_.touched.nics.insert(uuid); // perhaps the address is free now
    retracted_ = std::exchange(known_.touched.nics, {});
    for (const Uuid& uuid : retracted_)
        if (auto old = placements_.find(uuid); old != placements_.end()) {
            before_.emplace(uuid, old->second);
            retract(edit, known_.nics.find(uuid), old->second);
            placements_.erase(old);
        }
}

void NicPart::place(FabricEdit& edit) {
    for (const Uuid& uuid : std::exchange(retracted_, {})) {
        conflicts_.erase(uuid);
        homeless_.erase(uuid);
        const NicEntry* nic = known_.nics.find(uuid);
        if (!nic)
            continue;
        known_.misplaced_nics.erase(nic->name);
        known_.touch_learned_by(*nic); // it may have been plugged in or pulled out
        known_.touch_virtual_addresses(nic->segment);
        place(edit, uuid, *nic);
        known_.touch_port_of(nic->name);
    }
    before_.clear();
}

void NicPart::place(FabricEdit& edit, const Uuid& uuid, const NicEntry& nic) {
    auto id = known_.id_of_segment(nic.segment);
    Segment* segment = id ? edit.segment(*id) : nullptr;
    if (!segment) {
        homeless_.insert(uuid);
        return;
    }
    if (segment->router(nic.mac.to_u64())) {
        conflicts_[uuid] = fmt::format("MAC {} is a router's", to_string(nic.mac));
        known_.misplaced_nics.insert(nic.name);
        return;
    }
    Placement placement{
        *id, nic.segment, nic.mac, {}, known_.place_on(known_.host_of(nic), nic.name)};
    bool local = placement.place.kind() == Destination::Kind::local;
    placement.flooded = local && !known_.port_of(nic.name)->dead_vlan;
    placement.trusted = nic.security == PortSecurity::trusted;
    placement.candidate = known_.hop_to(nic.candidate);
    if (placement.candidate)
        segment->allow_also_from(nic.mac, *placement.candidate);
    place_addresses(*segment, uuid, nic, placement);
    segment->set_mac(nic.mac, placement.place);
    segment->set_may_have_any_address(nic.mac, nic.security != PortSecurity::strict);
    share(segment, placement, +1);
    touch_learned(placement);
    if (auto before = before_.find(uuid); before != before_.end())
        note_move(edit, *segment, before->second, placement);
    placements_.emplace(uuid, std::move(placement));
}

void NicPart::place_addresses(Segment& segment, const Uuid& uuid, const NicEntry& nic,
                              Placement& placement) {
    for (const IpAddr& address : addresses_of(nic)) {
        segment.erase_virtual_address(address); // its own comes first
        if (const MacAddr* other = segment.neighbour(address); other && *other != nic.mac) {
            conflicts_[uuid] =
                fmt::format("address {} is {}'s already", to_string(address), to_string(*other));
            continue;
        }
        segment.set_neighbour(address, nic.mac);
        placement.addresses.push_back(address);
    }
}

void NicPart::note_move(FabricEdit& edit, Segment& segment, const Placement& before,
                        const Placement& now) {
    bool moved = before.place.kind() == Destination::Kind::vtep && !(before.place == now.place) &&
                 before.segment == now.segment && before.mac == now.mac;
    if (!moved || !edit.view().next_hop(before.place.next_hop()))
        return;
    segment.allow_also_from(now.mac, before.place.next_hop());
    known_.moves.push_back({now.segment, now.mac, before.place.next_hop()});
}

bool NicPart::stays(const NicEntry* nic, const Placement& placement) const {
    return nic && nic->mac == placement.mac &&
           known_.id_of_segment(nic->segment) == placement.segment;
}

void NicPart::retract(FabricEdit& edit, const NicEntry* nic, const Placement& placement) {
    Segment* segment = edit.segment(placement.segment);
    bool is_a_routers = segment && segment->router(placement.mac.to_u64());
    bool stays_here = stays(nic, placement) && !is_a_routers;
    auto wanted = nic ? addresses_of(*nic) : std::vector<IpAddr>();
    if (segment && !stays_here && segment->find(placement.mac.to_u64()) == placement.place)
        segment->erase_mac(placement.mac); // else it is a router's by now
    if (segment && !stays_here)
        segment->set_may_have_any_address(placement.mac, false);
    if (segment)
        for (const IpAddr& address : placement.addresses)
            if (!stays_here || std::ranges::find(wanted, address) == wanted.end())
                segment->erase_neighbour(address);
    if (segment && placement.candidate)
        segment->forbid_also_from(placement.mac, *placement.candidate);
    share(segment, placement, -1);
    touch_learned(placement); // it may stand again
}

// Counts the ports behind each VTEP and keeps the segment's list of receivers of floods so.
void NicPart::share(Segment* segment, const Placement& placement, int by) {
    if (placement.flooded && segment) {
        if (by > 0)
            segment->add_flood(placement.place.port());
        else
            segment->erase_flood(placement.place.port());
    }
    if (placement.place.kind() != Destination::Kind::vtep)
        return;
    NextHopId hop = placement.place.next_hop();
    auto found = shares_.try_emplace({placement.segment, hop}).first;
    Shares& shares = found->second;
    shares.ports += static_cast<unsigned>(by);
    shares.trusted += placement.trusted ? static_cast<unsigned>(by) : 0;
    if (segment) {
        if (shares.ports)
            segment->add_flood(hop);
        else
            segment->erase_flood(hop);
        segment->set_trusted(hop, shares.trusted != 0);
    }
    if (!shares.ports)
        shares_.erase(found);
}

void NicPart::touch_learned(const Placement& placement) {
    known_.touch_learned(placement.segment_row, placement.mac);
}

// May be asked before the next Fabric is made: of a row that is gone nothing is said.
std::map<std::string, std::string> NicPart::trouble() const {
    std::map<std::string, std::string> trouble;
    for (const auto& [uuid, why] : conflicts_)
        if (const NicEntry* nic = known_.nics.find(uuid))
            trouble.emplace("port " + nic->name, why);
    return trouble;
}

std::vector<std::string> NicPart::without_segment() const {
    std::vector<std::string> names;
    for (const Uuid& uuid : homeless_)
        if (const NicEntry* nic = known_.nics.find(uuid))
            names.push_back(nic->name);
    return names;
}

} // namespace ringfence::agent
