#include "dataplane/agent/state/ports_json.h"

#include <nlohmann/json.hpp>

namespace ringfence::agent {

namespace {

using nlohmann::json;

// A port of the list becomes the rows that ovs-vsctl would have made of it, and these are read as
// always: the same checks, the same words.
Result<vswitch::Interface> interface_from(const json& port, vswitch::Port& row) {
    vswitch::Interface interface;
    for (const auto& [key, value] : port.items()) {
        if (key == "name")
            interface.name = value.get<std::string>();
        else if (key == "type")
            interface.type = value.get<std::string>();
        else if (key == "iface-id" || key == "ringfence-uplink")
            interface.external_ids[key] = value.get<std::string>();
        else if (key == "dpdk-devargs" || key == "vhost-server-path")
            interface.options[key] = value.get<std::string>();
        else if (key == "mac")
            interface.mac = value.get<std::string>();
        else if (key == "mtu")
            interface.mtu_request = value.get<int64_t>();
        else if (key == "tag")
            row.tag = value.get<int64_t>();
        else
            return fail("\"{}\" is not a key of a port", key);
    }
    return interface;
}

} // namespace

Result<std::map<std::string, WantedPort>> ports_from_json(const json& list) {
    vswitch::Tables tables;
    vswitch::OpenvSwitch root;
    vswitch::Bridge bridge;
    root.uuid = ovsdb::Uuid::named("root");
    bridge.uuid = ovsdb::Uuid::named("bridge");
    root.bridges = {bridge.uuid};
    for (const json& port : list) {
        vswitch::Port row;
        auto interface = interface_from(port, row);
        if (!interface)
            return tl::unexpected(interface.error());
        row.name = interface->name;
        row.uuid = ovsdb::Uuid::named("port " + row.name);
        interface->uuid = ovsdb::Uuid::named("interface " + row.name);
        row.interfaces = {interface->uuid};
        bridge.ports.insert(row.uuid);
        if (!tables.port.insert(row))
            return fail("{} is there twice", row.name);
        tables.interface.insert(*interface);
    }
    tables.bridge.insert(bridge);
    tables.open_vswitch.insert(root);
    Wanted wanted = wanted_from(tables);
    for (const auto& [uuid, why] : wanted.refused)
        return fail("{}: {}", tables.interface.find(uuid)->name, why);
    return wanted.ports;
}

json ports_to_json(const std::map<std::string, WantedPort>& ports) {
    json list = json::array();
    for (const auto& [name, port] : ports) {
        json one = {{"name", name}, {"type", to_string(port.type)}};
        if (!port.iface_id.empty())
            one["iface-id"] = port.iface_id;
        if (!port.uplink_shadow.empty())
            one["ringfence-uplink"] = port.uplink_shadow;
        if (port.type == PortType::dpdk)
            one["dpdk-devargs"] = port.device;
        if (port.type == PortType::vhost_user_client)
            one["vhost-server-path"] = port.device;
        if (port.mac)
            one["mac"] = ringfence::to_string(*port.mac);
        if (port.mtu_request)
            one["mtu"] = *port.mtu_request;
        if (port.tag)
            one["tag"] = *port.tag;
        list.push_back(one);
    }
    return list;
}

} // namespace ringfence::agent
