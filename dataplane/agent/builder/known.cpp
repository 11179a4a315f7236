#include "dataplane/agent/builder/known.h"

#include <algorithm>

namespace ringfence::agent {

namespace {

// Of a policy that got no id: no such policy is in any Fabric, so it denies.
constexpr PolicyId no_policy{1 << 20};
constexpr DomainId no_domain{1 << 20}; // the same, of which no address is in any group

void touch(std::set<Uuid>& all, const std::set<Uuid>& rows) {
    all.insert(rows.begin(), rows.end());
}

} // namespace

// --- Rows in.

void Known::put(const Uuid& uuid, const std::optional<HostEntry>& host) {
    touched.hosts |= hosts.put(uuid, host).changed;
}

void Known::put(const Uuid& uuid, const std::optional<SegmentSettings>& segment) {
    if (segments.put(uuid, segment).changed)
        touched.segments.insert(uuid);
}

void Known::put(const Uuid& uuid, const std::optional<NicEntry>& nic) {
    if (replace(nics, uuid, nic))
        touched.nics.insert(uuid);
}

void Known::put(const Uuid& uuid, const std::optional<VirtualEntry>& entry) {
    replace(virtual_addresses, uuid, entry);
}

void Known::put(const Uuid& uuid, const std::optional<LearnedEntry>& entry) {
    if (replace(learned, uuid, entry))
        touched.learned.insert(uuid);
}

void Known::put(const Uuid& uuid, const std::optional<RouterEntry>& router) {
    replace(routers, uuid, router);
}

void Known::put(const Uuid& uuid, const std::optional<InterfaceEntry>& interface) {
    replace(interfaces, uuid, interface);
}

void Known::put(const Uuid& uuid, const std::optional<RouteEntry>& route) {
    replace(routes, uuid, route);
}

void Known::put(const Uuid& uuid, const std::optional<HeldEntry>& entry) {
    if (replace(held, uuid, entry))
        touched.held.insert(uuid);
}

void Known::put(const Uuid& uuid, const std::optional<GroupEntry>& group) {
    replace(groups, uuid, group);
}

void Known::put(const Uuid& uuid, const std::optional<RuleEntry>& rule) {
    replace(rules, uuid, rule);
}

void Known::put(const Uuid& uuid, const std::optional<DhcpEntry>& entry) {
    replace(dhcp, uuid, entry);
}

template <class Entry>
bool Known::replace(KnownTable<Entry>& table, const Uuid& uuid, const std::optional<Entry>& row) {
    auto replaced = table.put(uuid, row);
    if (!replaced.changed)
        return false;
    if (replaced.before)
        follow(uuid, *replaced.before, false);
    if (row)
        follow(uuid, *row, true);
    return true;
}

void Known::follow(const Uuid& uuid, const NicEntry& nic, bool add) {
    nics_by_name_.set(nic.name, uuid, add);
    nics_by_segment_.set(nic.segment, uuid, add);
    nics_by_mac_.set({nic.segment, nic.mac}, uuid, add);
    for (const auto& host : {nic.host, nic.candidate})
        if (host)
            nics_by_host_.set(*host, uuid, add);
    name_policies(uuid, nic.policies, add);
    name_domain(uuid, nic.domain, add);
    touch_virtual_addresses(nic.segment); // before it leaves
    if (!nic.virtual_addresses.empty())
        sharing_nics_by_segment_.set(nic.segment, uuid, add);
    touch_virtual_addresses(nic.segment); // after it came
    touch_learned_by(nic);
    touch_port_of(nic.name);
}

void Known::follow(const Uuid& uuid, const VirtualEntry& entry, bool add) {
    virtual_by_address_.set({entry.segment, entry.address}, uuid, add);
    touched.virtual_addresses.insert(entry.segment);
}

void Known::follow(const Uuid& uuid, const LearnedEntry& entry, bool add) {
    learned_by_port_.set(entry.port, uuid, add);
    learned_by_segment_.set(entry.segment, uuid, add);
    auto& of_mac = learned_by_mac;
    auto known = of_mac.find({entry.segment, entry.mac});
    if (add)
        of_mac[{entry.segment, entry.mac}] = uuid;
    else if (known != of_mac.end() && known->second == uuid)
        of_mac.erase(known);
}

void Known::follow(const Uuid& uuid, const RouterEntry& router, bool add) {
    routers_by_name_.set(router.name, uuid, add);
    touched.routers.insert(router.name);
}

void Known::follow(const Uuid& uuid, const InterfaceEntry& interface, bool add) {
    interfaces_by_router_.set(interface.router, uuid, add);
    interfaces_by_segment_.set(interface.segment, uuid, add);
    touch(touched.nics, nics_by_mac_.of({interface.segment, interface.mac}));
    touch_virtual_addresses(interface.segment);
    name_policies(uuid, interface.policies, add);
    name_domain(uuid, interface.domain, add);
    touched.routers.insert(interface.router);
}

void Known::follow(const Uuid& uuid, const RouteEntry& route, bool add) {
    routes_by_router_.set(route.router, uuid, add);
    touched.routers.insert(route.router);
}

void Known::follow(const Uuid& uuid, const HeldEntry& entry, bool add) {
    held_by_router_.set(entry.router, uuid, add);
    held_by_owner_.set(entry.owner, uuid, add);
    held_by_segment_.set(entry.segment, uuid, add);
    for (const auto& host : {entry.host, entry.candidate})
        if (host)
            held_by_host_.set(*host, uuid, add);
    if (!is_router_named(entry.router))
        touched.routers.insert(entry.router);
}

void Known::follow(const Uuid& uuid, const RuleEntry& rule, bool add) {
    rules_by_policy_.set(rule.policy, uuid, add);
    for (const auto* names : {&rule.source_groups, &rule.destination_groups})
        for (const std::string& name : *names)
            rules_by_group_.set(name, uuid, add);
    touched.policies.insert(rule.policy);
    if (add)
        return;
    touched.left_rules.insert(uuid);
    touched.left_groups.insert(rule.source_groups.begin(), rule.source_groups.end());
    touched.left_groups.insert(rule.destination_groups.begin(), rule.destination_groups.end());
}

void Known::follow(const Uuid& uuid, const GroupEntry& group, bool add) {
    groups_by_domain_.set(group.domain, uuid, add);
    groups_by_name_.set(group.name, uuid, add);
    groups_by_place_.set({group.domain, group.name}, uuid, add);
    if (group.outside)
        groups_by_outside_.set({*group.outside, group.name}, uuid, add);
    name_domain(uuid, group.domain, add);
    touched.grouped.insert(group.domain);
    for (const Uuid& inside : groups_by_outside_.of({group.domain, group.name}))
        touched.grouped.insert(groups.find(inside)->domain);
    if (!add)
        touched.left_groups.insert(group.name);
}

void Known::name_domain(const Uuid& uuid, const std::string& domain, bool add) {
    namers_of_domain_.set(domain, uuid, add);
    if (!add)
        touched.left_domains.insert(domain);
}

void Known::follow(const Uuid& uuid, const DhcpEntry& entry, bool add) {
    dhcp_by_port_.set(entry.port, uuid, add);
    touch_port_of(entry.port);
}

void Known::name_policies(const Uuid& uuid, const std::vector<std::string>& policies, bool add) {
    for (const std::string& policy : policies) {
        namers_of_policy_.set(policy, uuid, add);
        if (!is_policy_named(policy))
            touched.policies.insert(policy);
    }
}

// --- Facts in.

void Known::set_facts(LocalFacts latest) {
    LocalFacts before = std::exchange(facts, std::move(latest));
    if (before.host != facts.host) {
        touch_host(before.host);
        touch_host(facts.host);
        touch_all_learned();
    }
    if (before.host != facts.host || before.paths != facts.paths)
        touched.hosts = true;

    auto changed = [&](const std::string& name, const PortFacts& port) {
        touched.ports.insert(name);
        touch(touched.nics, nics_by_name_.of(port.iface_id));
        touch(touched.held, held_by_owner_.of(port.iface_id));
    };
    for (const auto& [name, port] : before.ports)
        if (auto now = facts.ports.find(name); now == facts.ports.end() || !(now->second == port))
            changed(name, port);
    if (!(before.limits == facts.limits))
        for (const auto& [name, port] : facts.ports)
            touched.ports.insert(name);
    for (const auto& [name, port] : facts.ports)
        if (auto old = before.ports.find(name); old == before.ports.end() || !(old->second == port))
            changed(name, port);
    if (before.claims != facts.claims)
        for (const auto* claims : {&before.claims, &facts.claims})
            for (const auto& [key, claim] : *claims)
                touched.virtual_addresses.insert(key.first);
    port_by_iface_id_.clear();
    for (const auto& [name, port] : facts.ports)
        if (!port.iface_id.empty())
            port_by_iface_id_.emplace(port.iface_id, name);
}

// --- What is touched.

void Known::touch_host(const std::string& host) {
    touch(touched.nics, nics_by_host_.of(host));
    touch(touched.held, held_by_host_.of(host));
}

void Known::touch_segment(const Uuid& segment) {
    touch(touched.nics, nics_by_segment_.of(segment));
    touch(touched.learned, learned_by_segment_.of(segment));
    touch(touched.held, held_by_segment_.of(segment));
    touch_virtual_addresses(segment);
    for (const Uuid& interface : interfaces_by_segment_.of(segment))
        touched.routers.insert(interfaces.find(interface)->router);
}

void Known::touch_port_of(const std::string& nic) {
    if (auto port = port_by_iface_id_.find(nic); port != port_by_iface_id_.end())
        touched.ports.insert(port->second);
}

void Known::touch_learned_by(const NicEntry& nic) {
    if (nic.security == PortSecurity::trusted)
        touch(touched.learned, learned_by_port_.of(nic.name));
}

void Known::touch_all_learned() {
    for (const auto& [uuid, entry] : learned.all())
        touched.learned.insert(uuid);
}

void Known::touch_learned(const Uuid& segment, MacAddr mac) {
    if (auto found = learned_by_mac.find({segment, mac}); found != learned_by_mac.end())
        touched.learned.insert(found->second);
}

void Known::touch_virtual_addresses(const Uuid& segment) {
    if (!sharing_nics_by_segment_.of(segment).empty())
        touched.virtual_addresses.insert(segment);
}

// --- What the parts ask.

const NicEntry* Known::nic(const std::string& name) const {
    const auto& named = nics_by_name_.of(name);
    return named.empty() ? nullptr : nics.find(*named.begin());
}

const RouterEntry* Known::router(const std::string& name) const {
    const auto& named = routers_by_name_.of(name);
    return named.empty() ? nullptr : routers.find(*named.begin());
}

const std::set<Uuid>& Known::interfaces_of(const std::string& router) const {
    return interfaces_by_router_.of(router);
}
const std::set<Uuid>& Known::routes_of(const std::string& router) const {
    return routes_by_router_.of(router);
}
const std::set<Uuid>& Known::rules_of(const std::string& policy) const {
    return rules_by_policy_.of(policy);
}

const GroupEntry* Known::group(const std::string& domain, const std::string& name) const {
    const auto& rows = groups_by_place_.of({domain, name});
    return rows.empty() ? nullptr : groups.find(*rows.begin());
}

const std::set<Uuid>& Known::groups_in(const std::string& domain) const {
    return groups_by_domain_.of(domain);
}

DhcpEntry Known::dhcp_of(const std::string& port) const {
    DhcpEntry all{port, nullptr, nullptr};
    for (const Uuid& uuid : dhcp_by_port_.of(port)) {
        const DhcpEntry* entry = dhcp.find(uuid);
        if (entry->four)
            all.four = entry->four;
        if (entry->six)
            all.six = entry->six;
    }
    return all;
}

const std::set<Uuid>& Known::sharing_nics_on(const Uuid& segment) const {
    return sharing_nics_by_segment_.of(segment);
}

const VirtualEntry* Known::virtual_entry(const Uuid& segment, const IpAddr& address) const {
    const auto& rows = virtual_by_address_.of({segment, address});
    return rows.empty() ? nullptr : virtual_addresses.find(*rows.begin());
}

bool Known::has_mac(const Uuid& segment, MacAddr mac) const {
    return !nics_by_mac_.of({segment, mac}).empty() ||
           std::ranges::any_of(interfaces_by_segment_.of(segment),
                               [&](const Uuid& uuid) { return interfaces.find(uuid)->mac == mac; });
}

std::string Known::port_with(const Uuid& segment, MacAddr mac) const {
    if (const auto& those = nics_by_mac_.of({segment, mac}); !those.empty())
        return nics.find(*those.begin())->name;
    auto seen = learned_by_mac.find({segment, mac});
    return seen == learned_by_mac.end() ? "" : learned.find(seen->second)->port;
}

bool Known::is_router_named(const std::string& router) const {
    return !routers_by_name_.of(router).empty() || !interfaces_by_router_.of(router).empty() ||
           !held_by_router_.of(router).empty();
}
bool Known::is_policy_named(const std::string& policy) const {
    return !rules_by_policy_.of(policy).empty() || !namers_of_policy_.of(policy).empty();
}

bool Known::is_group_named(const std::string& group) const {
    return !groups_by_name_.of(group).empty() || !rules_by_group_.of(group).empty();
}
bool Known::is_domain_named(const std::string& domain) const {
    return !namers_of_domain_.of(domain).empty();
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

std::optional<NextHopId> Known::hop_to(const std::optional<std::string>& candidate) const {
    auto hop = candidate ? next_hops.find(*candidate) : next_hops.end();
    return hop == next_hops.end() ? std::nullopt : std::optional(hop->second);
}

std::optional<std::string> Known::host_now(const std::string& nic,
                                           const std::optional<std::string>& host,
                                           const std::optional<std::string>& candidate) const {
    const PortFacts* port = candidate && *candidate == facts.host ? port_of(nic) : nullptr;
    return port && port->activated ? candidate : host;
}

std::optional<SegmentId> Known::id_of_segment(const Uuid& segment) const {
    return segments.find(segment) ? ids.segments.find(ovsdb::to_string(segment)) : std::nullopt;
}

std::vector<PolicyId> Known::ids_of(const std::vector<std::string>& policies) {
    std::vector<PolicyId> all;
    for (const std::string& policy : policies)
        all.push_back(ids.policies.get(policy).value_or(no_policy));
    return all;
}

DomainId Known::id_of_domain(const std::string& domain) {
    return ids.domains.get(domain).value_or(no_domain);
}

} // namespace ringfence::agent
