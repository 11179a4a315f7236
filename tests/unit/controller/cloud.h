// A small northbound database to start from: organization acme with network web (VNI 5000,
// 10.0.0.0/24) and vApp shop, which has an isolated network front (5001), a bridged one, edge, and
// VMs web-0 (NIC 0 on web: 10.0.0.10) and web-1 (NIC 0 on front: 192.168.0.10); organization globex
// with a network of the same name and subnet (5002). Hosts h1 and h2 are admitted.
#pragma once

#include <string>

#include "ovsdb/northbound.h"

namespace ringfence::test {

using ovsdb::Uuid;

inline Uuid id(const std::string& name) { return Uuid::named(name); }

// Changes a row in place, for tests that start from cloud().
template <class Row, class Fn> void edit(ovsdb::Table<Row>& table, const std::string& name, Fn fn) {
    Row row = *table.find(id(name));
    fn(row);
    table.replace(row);
}

inline northbound::Host make_host(const std::string& name) {
    northbound::Host host;
    host.uuid = id("host/" + name);
    host.name = name;
    host.kind = "ringfence";
    host.admitted = true;
    return host;
}

inline northbound::Nic make_nic(const std::string& vm, int64_t number, const std::string& mac,
                                std::set<std::string> addresses) {
    northbound::Nic nic;
    nic.uuid = id("nic/" + vm + "/" + std::to_string(number));
    nic.virtual_machine = id("vm/" + vm);
    nic.number = number;
    nic.port_name = "acme/shop/" + vm + "/" + std::to_string(number);
    nic.allocation = addresses.empty() ? "none" : "manual";
    nic.port_security = addresses.empty() ? "mac" : "strict";
    nic.mac = mac;
    nic.addresses = std::move(addresses);
    return nic;
}

inline northbound::VirtualMachine make_vm(const std::string& name) {
    northbound::VirtualMachine vm;
    vm.uuid = id("vm/" + name);
    vm.vapp = id("vapp/shop");
    vm.name = name;
    return vm;
}

inline void add_organization(northbound::Tables& rows, const std::string& name, int64_t vni) {
    northbound::Organization organization;
    organization.uuid = id("org/" + name);
    organization.name = name;
    organization.enabled = true;
    rows.organization.insert(organization);

    northbound::VirtualDataCenter vdc;
    vdc.uuid = id("vdc/" + name);
    vdc.organization = organization.uuid;
    vdc.name = "default";
    vdc.all_hosts = true;
    vdc.network_pool = id("pool");
    rows.virtual_data_center.insert(vdc);

    northbound::OrganizationNetwork network;
    network.uuid = id("network/" + name);
    network.organization = organization.uuid;
    network.data_center = vdc.uuid;
    network.name = "web";
    network.mode = "isolated";
    network.vni = vni;
    network.subnets = {"10.0.0.0/24"};
    network.gateways = {"10.0.0.1"};
    network.ranges = {"10.0.0.100-10.0.0.199"};
    network.unknown_unicast = "flood";
    rows.organization_network.insert(network);
}

inline void add_vapp_network(northbound::Tables& rows, const std::string& name,
                             const std::string& mode) {
    northbound::VappNetwork network;
    network.uuid = id("vapp-network/" + name);
    network.vapp = id("vapp/shop");
    network.name = name;
    network.mode = mode;
    network.unknown_unicast = "flood";
    if (mode == "bridged")
        network.parent = id("network/acme");
    else
        network.vni = 5001;
    rows.vapp_network.insert(network);
}

// An organization's edge, with 10.0.0.1 and the like on each network.
inline northbound::EdgeRouter make_edge(const std::string& name,
                                        const std::map<std::string, std::string>& addresses) {
    northbound::EdgeRouter edge;
    edge.uuid = id("edge/" + name);
    edge.organization = id("org/acme");
    edge.name = name;
    edge.translation = "none";
    for (const auto& [network, address] : addresses) {
        edge.networks.insert(id(network));
        edge.addresses[to_string(id(network))] = address;
    }
    return edge;
}

// Puts a vApp network of shop behind an edge router of its own, with these addresses on both sides.
inline void put_behind_edge(northbound::Tables& rows, const std::string& name,
                            const std::string& mode, const std::string& outside,
                            const std::string& inside = "") {
    const std::string translation = "one-to-one";
    const Uuid uuid = id("vapp-network/" + name);
    edit(rows.vapp_network, "vapp-network/" + name, [&](auto& network) {
        network.mode = mode;
        network.parent = id("network/acme");
        network.translation = translation;
    });
    northbound::EdgeRouter edge;
    edge.uuid = id("edge/shop/" + name);
    edge.organization = id("org/acme");
    edge.name = "shop/" + name;
    edge.vapp_network = uuid;
    edge.translation = translation;
    edge.addresses[to_string(id("network/acme"))] = outside;
    if (!inside.empty())
        edge.addresses[to_string(uuid)] = inside;
    rows.edge_router.insert(edge);
}

// Where DHCP answers from on a network without a router.
inline void add_dhcp_address(northbound::Tables& rows, const std::string& network,
                             const std::string& address) {
    northbound::AddressAllocation entry;
    entry.uuid = id("ledger/" + address);
    entry.network = id(network);
    entry.address = address;
    entry.kind = "dhcp";
    rows.address_allocation.insert(entry);
}

inline northbound::Tables cloud() {
    northbound::Tables rows;
    northbound::Global global;
    global.uuid = id("global");
    global.change = 7;
    global.admit_hosts = "manual";
    rows.global.insert(global);

    northbound::NetworkPool pool;
    pool.uuid = id("pool");
    pool.name = "default";
    pool.first_vni = 5000;
    pool.last_vni = 5009;
    rows.network_pool.insert(pool);

    rows.host.insert(make_host("h1"));
    rows.host.insert(make_host("h2"));
    add_organization(rows, "acme", 5000);
    add_dhcp_address(rows, "network/acme", "10.0.0.250");
    add_organization(rows, "globex", 5002);

    northbound::Vapp vapp;
    vapp.uuid = id("vapp/shop");
    vapp.organization = id("org/acme");
    vapp.data_center = id("vdc/acme");
    vapp.name = "shop";
    vapp.deployed = true;
    rows.vapp.insert(vapp);
    add_vapp_network(rows, "front", "isolated");
    add_vapp_network(rows, "edge", "bridged");

    rows.virtual_machine.insert(make_vm("web-0"));
    rows.virtual_machine.insert(make_vm("web-1"));
    auto on_web = make_nic("web-0", 0, "02:00:00:00:00:10", {"10.0.0.10"});
    on_web.organization_network = id("network/acme");
    rows.nic.insert(on_web);
    auto on_front = make_nic("web-1", 0, "02:00:00:00:00:11", {"192.168.0.10"});
    on_front.vapp_network = id("vapp-network/front");
    rows.nic.insert(on_front);
    return rows;
}

} // namespace ringfence::test
