#include "dataplane/agent/southbound/builder.h"

#include <algorithm>
#include <type_traits>

namespace ringfence::agent {

namespace {

// The good value that a row of this type gives.
template <class Row> using EntryOf = typename decltype(read_row(std::declval<Row>()))::value_type;

std::vector<IpAddr> addresses_of(const NicEntry& nic) {
    std::vector<IpAddr> all(nic.ip4.begin(), nic.ip4.end());
    all.insert(all.end(), nic.ip6.begin(), nic.ip6.end());
    return all;
}

} // namespace

// --- Rows and facts in.

template <class Row> void FabricBuilder::take(const Row& row) {
    if (auto entry = read_row(row)) {
        bad_rows_.erase(name_of(row));
        put(row.uuid, std::optional<EntryOf<Row>>(*entry));
    } else {
        bad_rows_[name_of(row)] = entry.error().text;
    }
}

void FabricBuilder::apply(const southbound::Changes& changes) {
    auto each = [this]<class Row>(const std::vector<ovsdb::Change<Row>>& table) {
        for (const auto& change : table) {
            if (change.deleted()) {
                bad_rows_.erase(name_of(*change.before));
                put(change.before->uuid, std::optional<EntryOf<Row>>());
            } else {
                take(*change.after);
            }
        }
    };
    each(changes.host);
    each(changes.segment);
    each(changes.logical_port);
    each(changes.learned_mac);
}

template <class Row, class Entry>
void FabricBuilder::take_table(const ovsdb::Table<Row>& rows,
                               const std::unordered_map<Uuid, Entry>& entries) {
    std::vector<Uuid> gone;
    for (const auto& [uuid, entry] : entries)
        if (!rows.find(uuid))
            gone.push_back(uuid);
    for (const Uuid& uuid : gone)
        put(uuid, std::optional<Entry>());
    for (const Row& row : rows)
        take(row);
}

void FabricBuilder::reload(const southbound::Tables& tables) {
    bad_rows_.clear();
    take_table(tables.host, hosts_);
    take_table(tables.segment, segments_);
    take_table(tables.logical_port, nics_);
    take_table(tables.learned_mac, learned_);
}

void FabricBuilder::set_facts(LocalFacts facts) {
    LocalFacts before = std::exchange(facts_, std::move(facts));
    if (before.host != facts_.host) {
        touch_nics_of_host(before.host);
        touch_nics_of_host(facts_.host);
        for (const auto& [uuid, learned] : learned_)
            learned_touched_.insert(uuid);
    }
    if (before.host != facts_.host || before.paths != facts_.paths)
        hosts_touched_ = true;

    auto changed = [&](const std::string& name, const PortFacts& port) {
        ports_touched_.insert(name);
        touch_nic(port.iface_id);
    };
    for (const auto& [name, port] : before.ports)
        if (auto now = facts_.ports.find(name); now == facts_.ports.end() || !(now->second == port))
            changed(name, port);
    for (const auto& [name, port] : facts_.ports)
        if (auto old = before.ports.find(name); old == before.ports.end() || !(old->second == port))
            changed(name, port);
    port_by_iface_id_.clear();
    for (const auto& [name, port] : facts_.ports)
        if (!port.iface_id.empty())
            port_by_iface_id_.emplace(port.iface_id, name);
}

void FabricBuilder::learn(const LearnedEntry& learned) {
    put(uuid_of(learned), std::optional(learned));
}

void FabricBuilder::unlearn(const LearnedEntry& learned) {
    put(uuid_of(learned), std::optional<LearnedEntry>());
}

// --- What a row's new value touches.

void FabricBuilder::put(const Uuid& uuid, const std::optional<HostEntry>& host) {
    auto old = hosts_.find(uuid);
    if (host && old != hosts_.end() && old->second == *host)
        return;
    hosts_touched_ = true;
    if (host)
        hosts_.insert_or_assign(uuid, *host);
    else
        hosts_.erase(uuid);
}

void FabricBuilder::put(const Uuid& uuid, const std::optional<SegmentSettings>& segment) {
    auto old = segments_.find(uuid);
    if (segment && old != segments_.end() && old->second == *segment)
        return;
    segments_touched_.insert(uuid);
    if (segment)
        segments_.insert_or_assign(uuid, *segment);
    else
        segments_.erase(uuid);
}

void FabricBuilder::put(const Uuid& uuid, const std::optional<NicEntry>& nic) {
    auto old = nics_.find(uuid);
    if (nic && old != nics_.end() && old->second == *nic)
        return;
    nics_touched_.insert(uuid);
    if (old != nics_.end()) {
        const NicEntry& was = old->second;
        if (auto named = nic_by_name_.find(was.name);
            named != nic_by_name_.end() && named->second == uuid)
            nic_by_name_.erase(named);
        if (was.host)
            nics_by_host_[*was.host].erase(uuid);
        nics_by_segment_[was.segment].erase(uuid);
        touch_learned_by(was);
        if (auto port = port_by_iface_id_.find(was.name); port != port_by_iface_id_.end())
            ports_touched_.insert(port->second);
        nics_.erase(old);
    }
    if (nic) {
        nic_by_name_[nic->name] = uuid;
        if (nic->host)
            nics_by_host_[*nic->host].insert(uuid);
        nics_by_segment_[nic->segment].insert(uuid);
        touch_learned_by(*nic);
        nics_.emplace(uuid, *nic);
    } else { // trouble() may be asked before the next finish()
        conflicts_.erase(uuid);
        homeless_.erase(uuid);
    }
}

void FabricBuilder::put(const Uuid& uuid, const std::optional<LearnedEntry>& learned) {
    auto old = learned_.find(uuid);
    if (learned && old != learned_.end() && old->second == *learned)
        return;
    learned_touched_.insert(uuid);
    if (old != learned_.end()) {
        auto known = learned_by_mac_.find({old->second.segment, old->second.mac});
        if (known != learned_by_mac_.end() && known->second == uuid)
            learned_by_mac_.erase(known);
        learned_.erase(old);
    }
    if (learned) {
        learned_by_mac_[{learned->segment, learned->mac}] = uuid;
        learned_.emplace(uuid, *learned);
    }
}

void FabricBuilder::touch_nic(const std::string& name) {
    if (auto nic = nic_by_name_.find(name); nic != nic_by_name_.end())
        nics_touched_.insert(nic->second);
}

void FabricBuilder::touch_nics_of_host(const std::string& host) {
    if (auto nics = nics_by_host_.find(host); nics != nics_by_host_.end())
        nics_touched_.insert(nics->second.begin(), nics->second.end());
}

void FabricBuilder::touch_learned(const Uuid& segment, MacAddr mac) {
    if (auto learned = learned_by_mac_.find({segment, mac}); learned != learned_by_mac_.end())
        learned_touched_.insert(learned->second);
}

void FabricBuilder::touch_learned_by(const NicEntry& nic) {
    if (nic.security != PortSecurity::trusted)
        return;
    for (const auto& [uuid, learned] : learned_)
        if (learned.port == nic.name)
            learned_touched_.insert(uuid);
}

// --- The next Fabric.

std::shared_ptr<const Fabric> FabricBuilder::finish() {
    if (!hosts_touched_ && segments_touched_.empty() && nics_touched_.empty() &&
        learned_touched_.empty() && ports_touched_.empty() && over_.empty() &&
        facts_.tunnel == fabric_->tunnel())
        return fabric_;
    FabricEdit edit(fabric_);
    if (facts_.tunnel != fabric_->tunnel())
        edit.set_tunnel(facts_.tunnel);
    finish_hosts(edit);
    finish_segments(edit);
    finish_nics(edit);
    finish_learned(edit);
    finish_ports(edit);
    finish_moves(edit);
    return fabric_ = edit.finish();
}

// Few rows, so all of them each time; only next hops that came out different are touched.
void FabricBuilder::finish_hosts(FabricEdit& edit) {
    if (!std::exchange(hosts_touched_, false))
        return;
    std::map<std::string, NextHopSettings> hops;
    for (const auto& [uuid, host] : hosts_)
        if (host.name != facts_.host && !host.vtep_addresses.empty())
            hops[host.name] = {.host = host.name, .addresses = host.vtep_addresses, .path = {}};

    address_taken_.clear();
    std::map<Ipv4Addr, std::string> owners;
    for (auto& entry : hops) {
        const std::string& name = entry.first;
        std::erase_if(entry.second.addresses, [&](Ipv4Addr address) {
            auto [owner, fresh] = owners.emplace(address, name);
            if (!fresh)
                address_taken_["host " + name] = fmt::format("VTEP address {} is host {}'s already",
                                                             to_string(address), owner->second);
            return !fresh;
        });
    }

    bool hops_changed = false;
    for (auto known = next_hops_.begin(); known != next_hops_.end();) {
        auto wanted = hops.find(known->first);
        if (wanted != hops.end() && !wanted->second.addresses.empty()) {
            ++known;
            continue;
        }
        hops_changed = true;
        edit.erase_next_hop(known->second);
        ids_.next_hops.release(known->first);
        touch_nics_of_host(known->first);
        known = next_hops_.erase(known);
    }
    for (auto& [name, hop] : hops) {
        if (hop.addresses.empty())
            continue;
        if (auto path = facts_.paths.find(hop.addresses.front()); path != facts_.paths.end())
            hop.path = path->second;
        auto id = ids_.next_hops.get(name);
        if (!id)
            continue; // more hosts than a fabric has
        if (next_hops_.emplace(name, *id).second) {
            hops_changed = true;
            touch_nics_of_host(name);
        }
        const NextHop* old = edit.view().next_hop(*id);
        if (!old || !(old->settings() == hop))
            edit.set_next_hop(*id, hop);
    }
    if (hops_changed)
        for (const auto& [uuid, learned] : learned_)
            learned_touched_.insert(uuid);
}

void FabricBuilder::finish_segments(FabricEdit& edit) {
    for (const Uuid& uuid : std::exchange(segments_touched_, {})) {
        auto settings = segments_.find(uuid);
        auto id = ids_.segments.find(ovsdb::to_string(uuid));
        if (settings != segments_.end()) {
            bool is_new = !id || !edit.segment(*id);
            if (!id && !(id = ids_.segments.get(ovsdb::to_string(uuid))))
                continue; // more segments than ids
            edit.segment(*id, settings->second);
            if (!is_new)
                continue;
        } else if (id) {
            edit.erase_segment(*id);
            ids_.segments.release(ovsdb::to_string(uuid));
        }
        const auto& nics = nics_by_segment_[uuid];
        nics_touched_.insert(nics.begin(), nics.end());
        for (const auto& [row, learned] : learned_)
            if (learned.segment == uuid)
                learned_touched_.insert(row);
    }
}

// All that was touched is taken out before anything is put in, so that NICs can swap addresses.
void FabricBuilder::finish_nics(FabricEdit& edit) {
    if (nics_touched_.empty())
        return;
    for (const auto& [uuid, why] : conflicts_)
        nics_touched_.insert(uuid); // perhaps the address is free now
    std::unordered_map<Uuid, Placement> before;
    for (const Uuid& uuid : nics_touched_)
        if (auto old = placements_.find(uuid); old != placements_.end()) {
            before.emplace(uuid, old->second);
            retract(edit, uuid);
        }
    for (const Uuid& uuid : std::exchange(nics_touched_, {})) {
        conflicts_.erase(uuid);
        homeless_.erase(uuid);
        auto nic = nics_.find(uuid);
        if (nic == nics_.end())
            continue;
        touch_learned_by(nic->second); // it may have been plugged in or pulled out
        auto old = before.find(uuid);
        place(edit, uuid, nic->second, old == before.end() ? nullptr : &old->second);
        if (auto port = port_by_iface_id_.find(nic->second.name); port != port_by_iface_id_.end())
            ports_touched_.insert(port->second);
    }
}

std::optional<SegmentId> FabricBuilder::id_of_segment(const Uuid& segment) const {
    if (!segments_.contains(segment))
        return std::nullopt;
    return ids_.segments.find(ovsdb::to_string(segment));
}

// Where a NIC's frames go: to a port here, to another host, or nowhere (yet).
Destination FabricBuilder::place_on(const std::string& host, const std::string& nic,
                                    bool learned) const {
    std::optional<Destination> place;
    if (host == facts_.host) {
        if (auto name = port_by_iface_id_.find(nic); name != port_by_iface_id_.end())
            place = Destination::local(facts_.ports.at(name->second).id, learned);
    } else if (auto hop = next_hops_.find(host); hop != next_hops_.end()) {
        place = Destination::vtep(hop->second, learned);
    }
    return place.value_or(Destination::nowhere());
}

void FabricBuilder::place(FabricEdit& edit, const Uuid& uuid, const NicEntry& nic,
                          const Placement* before) {
    auto id = id_of_segment(nic.segment);
    Segment* segment = id ? edit.segment(*id) : nullptr;
    if (!segment) {
        homeless_.insert(uuid);
        return;
    }
    Placement placement{*id, nic.segment, nic.mac, {}, Destination::nowhere()};
    if (nic.host)
        placement.place = place_on(*nic.host, nic.name, false);
    bool local = placement.place.kind() == Destination::Kind::local;
    placement.flooded = local && !facts_.ports.at(port_by_iface_id_.at(nic.name)).dead_vlan;
    placement.trusted = nic.security == PortSecurity::trusted;
    for (const IpAddr& address : addresses_of(nic)) {
        if (const MacAddr* other = segment->neighbour(address); other && *other != nic.mac) {
            conflicts_[uuid] =
                fmt::format("address {} is {}'s already", to_string(address), to_string(*other));
            continue;
        }
        segment->set_neighbour(address, nic.mac);
        placement.addresses.push_back(address);
    }
    segment->set_mac(nic.mac, placement.place);
    share(segment, placement, +1);
    touch_learned(nic.segment, nic.mac);

    bool moved = before && before->place.kind() == Destination::Kind::vtep &&
                 !(before->place == placement.place) && before->segment == *id &&
                 before->mac == nic.mac;
    if (moved && edit.view().next_hop(before->place.next_hop())) {
        segment->allow_also_from(nic.mac, before->place.next_hop());
        moves_.push_back({*id, nic.mac, before->place.next_hop()});
    }
    placements_.emplace(uuid, std::move(placement));
}

void FabricBuilder::retract(FabricEdit& edit, const Uuid& uuid) {
    auto found = placements_.find(uuid);
    Segment* segment = edit.segment(found->second.segment);
    if (segment) {
        segment->erase_mac(found->second.mac);
        for (const IpAddr& address : found->second.addresses)
            segment->erase_neighbour(address);
    }
    share(segment, found->second, -1);
    touch_learned(found->second.segment_row, found->second.mac); // it may stand again
    placements_.erase(found);
}

// Counts the ports behind each VTEP and keeps the segment's list of receivers of floods so.
void FabricBuilder::share(Segment* segment, const Placement& placement, int by) {
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

// Hosts write these rows themselves: one counts only of a trusted port that is on that host.
bool FabricBuilder::may_have_learned(const LearnedEntry& learned) const {
    auto named = nic_by_name_.find(learned.port);
    if (named == nic_by_name_.end())
        return false;
    const NicEntry& nic = nics_.at(named->second);
    return nic.security == PortSecurity::trusted && nic.segment == learned.segment &&
           nic.host == learned.host;
}

// What was learned counts only where no logical port has the MAC.
void FabricBuilder::finish_learned(FabricEdit& edit) {
    for (const Uuid& uuid : learned_touched_)
        retract_learned(edit, uuid);
    for (const Uuid& uuid : std::exchange(learned_touched_, {}))
        if (auto learned = learned_.find(uuid); learned != learned_.end())
            place_learned(edit, uuid, learned->second);
}

void FabricBuilder::retract_learned(FabricEdit& edit, const Uuid& uuid) {
    auto found = learned_placements_.find(uuid);
    if (found == learned_placements_.end())
        return;
    Segment* segment = edit.segment(found->second.segment);
    if (segment && segment->find(found->second.mac.to_u64()) == found->second.place)
        segment->erase_mac(found->second.mac);
    learned_placements_.erase(found);
}

void FabricBuilder::place_learned(FabricEdit& edit, const Uuid& uuid, const LearnedEntry& learned) {
    auto id = id_of_segment(learned.segment);
    Segment* segment = id ? edit.segment(*id) : nullptr;
    Destination place = place_on(learned.host, learned.port, true);
    if (!segment || place == Destination::nowhere() || !may_have_learned(learned) ||
        !(segment->find(learned.mac.to_u64()) == Destination()))
        return;
    segment->set_mac(learned.mac, place);
    learned_placements_.emplace(uuid, LearnedPlacement{*id, learned.mac, place});
}

void FabricBuilder::finish_ports(FabricEdit& edit) {
    for (const std::string& name : std::exchange(ports_touched_, {})) {
        auto known = ports_.find(name);
        auto facts = facts_.ports.find(name);
        if (known != ports_.end() &&
            (facts == facts_.ports.end() || facts->second.id != known->second)) {
            edit.erase_port(known->second);
            ports_.erase(known);
        }
        if (facts == facts_.ports.end())
            continue;
        LocalPort port = local_port(name, facts->second);
        const LocalPort* old = edit.view().port(port.id);
        if (!old || !(*old == port))
            edit.set_port(port);
        ports_.insert_or_assign(name, port.id);
    }
}

// A NIC is in its segment only once the database says that this host has it: until then it drops
// all (`admit.not_ready`).
LocalPort FabricBuilder::local_port(const std::string& name, const PortFacts& facts) const {
    LocalPort port(facts.id, facts.kind);
    port.worker = facts.worker;
    port.name = name;
    port.dead_vlan = facts.dead_vlan;
    port.peer = facts.peer;
    port.vtep_addresses = facts.vtep_addresses;
    auto row = nic_by_name_.find(facts.iface_id);
    if (facts.kind != PortKind::nic || row == nic_by_name_.end())
        return port;
    const NicEntry& nic = nics_.at(row->second);
    port.intent = nic.intent;
    port.security = nic.security;
    port.mac = nic.mac;
    port.ip4 = nic.ip4;
    port.ip6 = nic.ip6;
    port.link_local = facts.link_local;
    if (nic.host == facts_.host && !facts_.host.empty())
        port.segment = id_of_segment(nic.segment);
    return port;
}

void FabricBuilder::finish_moves(FabricEdit& edit) {
    for (const Move& move : std::exchange(over_, {}))
        if (Segment* segment = edit.segment(move.segment))
            segment->forbid_also_from(move.mac, move.from);
}

// --- What others want to know.

std::optional<Binding> FabricBuilder::binding(const std::string& iface_id) const {
    auto row = nic_by_name_.find(iface_id);
    if (row == nic_by_name_.end())
        return std::nullopt;
    const NicEntry& nic = nics_.at(row->second);
    Binding binding{nic.host, std::nullopt, id_of_segment(nic.segment)};
    if (auto segment = segments_.find(nic.segment); segment != segments_.end())
        binding.mtu = segment->second.mtu;
    return binding;
}

std::set<Ipv4Addr> FabricBuilder::wanted_vteps(const std::string& own_host) const {
    std::set<Ipv4Addr> all;
    for (const auto& [uuid, host] : hosts_)
        if (host.name != own_host && !host.vtep_addresses.empty())
            all.insert(host.vtep_addresses.front());
    return all;
}

std::optional<ovsdb::Uuid> FabricBuilder::row_of(SegmentId segment) const {
    for (const auto& [uuid, settings] : segments_)
        if (id_of_segment(uuid) == segment)
            return uuid;
    return std::nullopt;
}

std::vector<LearnedEntry> FabricBuilder::learned_at(const std::string& host) const {
    std::vector<LearnedEntry> all;
    for (const auto& [uuid, learned] : learned_)
        if (learned.host == host)
            all.push_back(learned);
    return all;
}

std::map<std::string, std::string> FabricBuilder::trouble() const {
    auto trouble = bad_rows_;
    trouble.insert(address_taken_.begin(), address_taken_.end());
    for (const auto& [uuid, why] : conflicts_)
        trouble.emplace("port " + nics_.at(uuid).name, why);
    for (const auto& [uuid, segment] : segments_)
        if (facts_.underlay_mtu && segment.mtu + NextHop::overhead > *facts_.underlay_mtu)
            trouble.emplace("segment " +
                                (segment.intent.empty() ? ovsdb::to_string(uuid) : segment.intent),
                            fmt::format("MTU {} exceeds what the underlay carries, {}", segment.mtu,
                                        *facts_.underlay_mtu - NextHop::overhead));
    return trouble;
}

std::vector<std::string> FabricBuilder::without_segment() const {
    std::vector<std::string> names;
    for (const Uuid& uuid : homeless_)
        names.push_back(nics_.at(uuid).name);
    return names;
}

} // namespace ringfence::agent
