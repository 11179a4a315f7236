#include "dataplane/agent/builder/hosts.h"

#include <algorithm>

namespace ringfence::agent {

namespace {

// Its first address of each family that `own` has; of each at all, where `own` is empty.
std::set<IpAddr> reachable(const HostEntry& host, const std::vector<IpAddr>& own) {
    std::set<IpAddr> all;
    for (bool v4 : {true, false}) {
        auto is_such = [&](const IpAddr& address) { return address.is_v4() == v4; };
        auto first = std::ranges::find_if(host.vtep_addresses, is_such);
        if (first != host.vtep_addresses.end() &&
            (own.empty() || std::ranges::any_of(own, is_such)))
            all.insert(*first);
    }
    return all;
}

} // namespace

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
            hops[host.name] = {.host = host.name, .addresses = host.vtep_addresses, .paths = {}};

    address_taken_.clear();
    std::map<IpAddr, std::string> owners;
    for (auto& entry : hops) {
        const std::string& name = entry.first;
        std::erase_if(entry.second.addresses, [&](const IpAddr& address) {
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
        choose_address(hop);
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

// The first that the underlay knows a way to.
void HostPart::choose_address(NextHopSettings& hop) const {
    const auto& paths = known_.facts.paths;
    auto reached = std::ranges::find_if(
        hop.addresses, [&](const IpAddr& address) { return paths.contains(address); });
    if (reached == hop.addresses.end())
        return;
    hop.paths = paths.at(*reached);
    std::rotate(hop.addresses.begin(), reached, reached + 1);
}

std::set<IpAddr> HostPart::wanted_vteps(const std::string& own_host,
                                        const std::vector<IpAddr>& own) const {
    std::set<IpAddr> all;
    for (const auto& [uuid, host] : known_.hosts.all())
        if (host.name != own_host)
            all.merge(reachable(host, own));
    return all;
}

std::set<std::string> HostPart::out_of_reach(const std::string& own_host,
                                             const std::vector<IpAddr>& own) const {
    std::set<std::string> all;
    for (const auto& [uuid, host] : known_.hosts.all())
        if (host.name != own_host && !host.vtep_addresses.empty() && reachable(host, own).empty())
            all.insert(host.name);
    return all;
}

} // namespace ringfence::agent
