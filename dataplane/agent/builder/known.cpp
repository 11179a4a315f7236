#include "dataplane/agent/builder/known.h"

namespace ringfence::agent {

void Known::put(const Uuid& uuid, const std::optional<HostEntry>& host) { hosts.put(uuid, host); }

void Known::put(const Uuid& uuid, const std::optional<SegmentSettings>& segment) {
    segments.put(uuid, segment);
}

void Known::put(const Uuid& uuid, const std::optional<NicEntry>& nic) {
    auto replaced = nics.put(uuid, nic);
    if (!replaced.changed)
        return;
    if (const auto& was = replaced.before) {
        nics_by_name_.remove(was->name, uuid);
        nics_by_segment_.remove(was->segment, uuid);
        if (was->host)
            nics_by_host_.remove(*was->host, uuid);
        touch_learned_by(*was);
        touch_port_of(*was);
    }
    if (nic) {
        nics_by_name_.add(nic->name, uuid);
        nics_by_segment_.add(nic->segment, uuid);
        if (nic->host)
            nics_by_host_.add(*nic->host, uuid);
        touch_learned_by(*nic);
        touch_port_of(*nic);
    }
}

void Known::put(const Uuid& uuid, const std::optional<LearnedEntry>& entry) {
    auto replaced = learned.put(uuid, entry);
    if (!replaced.changed)
        return;
    if (const auto& was = replaced.before) {
        learned_by_port_.remove(was->port, uuid);
        learned_by_segment_.remove(was->segment, uuid);
        auto by_mac = learned_by_mac.find({was->segment, was->mac});
        if (by_mac != learned_by_mac.end() && by_mac->second == uuid)
            learned_by_mac.erase(by_mac);
    }
    if (entry) {
        learned_by_port_.add(entry->port, uuid);
        learned_by_segment_.add(entry->segment, uuid);
        learned_by_mac[{entry->segment, entry->mac}] = uuid;
    }
}

void Known::set_facts(LocalFacts latest) {
    LocalFacts before = std::exchange(facts, std::move(latest));
    if (before.host != facts.host) {
        touch_host(before.host);
        touch_host(facts.host);
        touch_all_learned();
    }
    if (before.host != facts.host || before.paths != facts.paths)
        paths_touched = true;

    auto changed = [&](const std::string& name, const PortFacts& port) {
        ports_touched.insert(name);
        touch_nic(port.iface_id);
    };
    for (const auto& [name, port] : before.ports)
        if (auto now = facts.ports.find(name); now == facts.ports.end() || !(now->second == port))
            changed(name, port);
    for (const auto& [name, port] : facts.ports)
        if (auto old = before.ports.find(name); old == before.ports.end() || !(old->second == port))
            changed(name, port);
    port_by_iface_id_.clear();
    for (const auto& [name, port] : facts.ports)
        if (!port.iface_id.empty())
            port_by_iface_id_.emplace(port.iface_id, name);
}

void Known::touch_host(const std::string& host) { nics.touch(nics_by_host_.of(host)); }

void Known::touch_segment(const Uuid& segment) {
    nics.touch(nics_by_segment_.of(segment));
    learned.touch(learned_by_segment_.of(segment));
}

void Known::touch_nic(const std::string& name) { nics.touch(nics_by_name_.of(name)); }

void Known::touch_port_of(const NicEntry& nic) {
    if (auto port = port_by_iface_id_.find(nic.name); port != port_by_iface_id_.end())
        ports_touched.insert(port->second);
}

void Known::touch_learned_by(const NicEntry& nic) {
    if (nic.security == PortSecurity::trusted)
        learned.touch(learned_by_port_.of(nic.name));
}

void Known::touch_all_learned() {
    for (const auto& [uuid, entry] : learned.all())
        learned.touched.insert(uuid);
}

bool Known::is_touched() const {
    return paths_touched || !hosts.touched.empty() || !segments.touched.empty() ||
           !nics.touched.empty() || !learned.touched.empty() || !ports_touched.empty();
}

const NicEntry* Known::nic(const std::string& name) const {
    const auto& named = nics_by_name_.of(name);
    return named.empty() ? nullptr : nics.find(*named.begin());
}

const PortFacts* Known::port_of(const std::string& nic) const {
    auto name = port_by_iface_id_.find(nic);
    return name == port_by_iface_id_.end() ? nullptr : &facts.ports.at(name->second);
}

Destination Known::place_on(const std::optional<std::string>& host, const std::string& nic,
                            bool learned_there) const {
    std::optional<Destination> place;
    if (!host)
        return Destination::nowhere();
    if (*host == facts.host) {
        if (const PortFacts* port = port_of(nic))
            place = Destination::local(port->id, learned_there);
    } else if (auto hop = next_hops.find(*host); hop != next_hops.end()) {
        place = Destination::vtep(hop->second, learned_there);
    }
    return place.value_or(Destination::nowhere());
}

std::optional<SegmentId> Known::id_of_segment(const Uuid& segment) const {
    return segments.find(segment) ? ids.segments.find(ovsdb::to_string(segment)) : std::nullopt;
}

} // namespace ringfence::agent
