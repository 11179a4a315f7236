#include "dataplane/agent/builder/hosts.h"

#include <algorithm>

namespace ringfence::agent {

// Few rows, so all of them each time; only next hops that came out different are touched.
void HostPart::finish(FabricEdit& edit) {
    if (!std::exchange(known_.touched.hosts, false))
        return;
    Hops hops = wanted_hops();
    bool gone = erase_old(edit, hops);
    bool come = set_new(edit, hops);
    if (gone || come)
        known_.touch_all_learned();
}

// Of hosts with the same VTEP address the first by name has it.
HostPart::Hops HostPart::wanted_hops() {
    Hops hops;
    for (const auto& [uuid, host] : known_.hosts.all())
        if (host.name != known_.facts.host && !host.vtep_addresses.empty())
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
    std::erase_if(hops, [](const auto& hop) { return hop.second.addresses.empty(); });
    return hops;
}

bool HostPart::erase_old(FabricEdit& edit, const Hops& hops) {
    bool erased = false;
    for (auto known = known_.next_hops.begin(); known != known_.next_hops.end();) {
        if (hops.contains(known->first)) {
            ++known;
            continue;
        }
        erased = true;
        edit.erase_next_hop(known->second);
        known_.ids.next_hops.release(known->first);
        known_.touch_host(known->first);
        known = known_.next_hops.erase(known);
    }
    return erased;
}

bool HostPart::set_new(FabricEdit& edit, Hops& hops) {
    bool come = false;
    for (auto& [name, hop] : hops) {
        const auto& paths = known_.facts.paths;
        if (auto path = paths.find(hop.addresses.front()); path != paths.end())
            hop.path = path->second;
        auto id = known_.ids.next_hops.get(name);
        if (!id)
            continue; // more hosts than a fabric has
        if (known_.next_hops.emplace(name, *id).second) {
            come = true;
            known_.touch_host(name);
        }
        const NextHop* old = edit.view().next_hop(*id);
        if (!old || !(old->settings() == hop))
            edit.set_next_hop(*id, hop);
    }
    return come;
}

std::set<Ipv4Addr> HostPart::wanted_vteps(const std::string& own_host) const {
    std::set<Ipv4Addr> all;
    for (const auto& [uuid, host] : known_.hosts.all())
        if (host.name != own_host && !host.vtep_addresses.empty())
            all.insert(host.vtep_addresses.front());
    return all;
}

} // namespace ringfence::agent
