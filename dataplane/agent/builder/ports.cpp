#include "dataplane/agent/builder/ports.h"

namespace ringfence::agent {

void PortPart::finish(FabricEdit& edit) {
    const auto& all = known_.facts.ports;
    for (const std::string& name : std::exchange(known_.touched.ports, {})) {
        auto known = ports_.find(name);
        auto facts = all.find(name);
        if (known != ports_.end() && (facts == all.end() || facts->second.id != known->second)) {
            edit.erase_port(known->second);
            ports_.erase(known);
        }
        if (facts == all.end())
            continue;
        LocalPort port = local_port(name, facts->second);
        const LocalPort* old = edit.view().port(port.id);
        if (!old || !(*old == port))
            edit.set_port(port);
        ports_.insert_or_assign(name, port.id);
    }
}

// A NIC is in its segment only once the database says that this host has it, and where no router
// has its MAC: until then it drops all (`admit.not_ready`).
LocalPort PortPart::local_port(const std::string& name, const PortFacts& facts) {
    LocalPort port(facts.id, facts.kind);
    port.worker = facts.worker;
    port.name = name;
    port.dead_vlan = facts.dead_vlan;
    port.peer = facts.peer;
    for (const IpAddr& address : facts.vtep_addresses)
        if (const Ipv4Addr* ip4 = address.v4())
            port.vtep_ip4.push_back(*ip4);
        else
            port.vtep_ip6.push_back(*address.v6());
    port.bridge = facts.bridge;
    port.received_to = facts.received_to;
    port.sent_to = facts.sent_to;
    const NicEntry* nic = known_.nic(facts.iface_id);
    port.limits = limits_of(known_.facts.limits, nic ? nic->limits : WantedLimits(), facts.limits);
    if (facts.kind != PortKind::nic || !nic)
        return port;
    port.intent = nic->intent;
    port.security = nic->security;
    port.mac = nic->mac;
    port.ip4 = nic->ip4;
    port.ip6 = nic->ip6;
    for (const auto& [address, mac] : nic->virtual_addresses) {
        auto holder = known_.holders.find({nic->segment, address});
        bool held = holder != known_.holders.end() && holder->second == nic->name;
        port.virtual_addresses.push_back({address, mac, held});
    }
    port.policies = known_.ids_of(nic->policies);
    port.domain = known_.id_of_domain(nic->domain);
    port.link_local = facts.link_local;
    DhcpEntry dhcp = known_.dhcp_of(nic->name);
    port.dhcp4 = std::move(dhcp.four);
    port.dhcp6 = std::move(dhcp.six);
    port.declined4 = facts.declined4;
    port.declined6 = facts.declined6;
    port.trusted_relay = nic->trusted_relay;
    port.dhcp_server = nic->dhcp_server;
    const auto host = known_.host_of(*nic);
    bool is_here = host == known_.facts.host && !known_.facts.host.empty();
    port.is_elsewhere = host && !is_here;
    port.picks_up = facts.picks_up;
    if (is_here && !known_.misplaced_nics.contains(nic->name))
        port.segment = known_.id_of_segment(nic->segment);
    return port;
}

} // namespace ringfence::agent
