#include "dataplane/agent/local/mirrors.h"

#include <fmt/core.h>

namespace ringfence::agent {

namespace {

// The wanted ports of this bridge that the Port rows stand for; bonds are none.
std::set<std::string> names_of(const vswitch::Tables& tables, const std::set<ovsdb::Uuid>& ports,
                               const vswitch::Bridge& bridge, const Wanted& wanted) {
    std::set<std::string> names;
    for (const ovsdb::Uuid& uuid : ports)
        if (const vswitch::Port* port = tables.port.find(uuid))
            for (const ovsdb::Uuid& one : port->interfaces)
                if (const vswitch::Interface* interface = tables.interface.find(one))
                    if (auto found = wanted.ports.find(interface->name);
                        found != wanted.ports.end() && found->second.bridge == bridge.name)
                        names.insert(interface->name);
    return names;
}

// A mirror copies what is of its own bridge; whatever else it selects is named.
std::set<std::string> selected(const vswitch::Tables& tables, const std::set<ovsdb::Uuid>& ports,
                               const vswitch::Mirror& row, const vswitch::Bridge& bridge,
                               Wanted& wanted) {
    for (const ovsdb::Uuid& uuid : ports)
        if (const vswitch::Port* port = tables.port.find(uuid);
            port && !bridge.ports.contains(uuid))
            wanted.fabric.errors.push_back(
                fmt::format("mirror {} of bridge {}: it selects port {}, which is on another one",
                            row.name, bridge.name, port->name));
    return names_of(tables, ports, bridge, wanted);
}

Result<std::string> output_of(const vswitch::Tables& tables, const vswitch::Mirror& row,
                              const vswitch::Bridge& bridge, const Wanted& wanted) {
    if (!row.select_vlan.empty())
        return fail(ErrorKind::unsupported, "select_vlan is not built");
    if (row.output_vlan)
        return fail(ErrorKind::unsupported, "output_vlan is not built: use output_port");
    if (!row.output_port)
        return fail("it has no output_port");
    auto names = names_of(tables, {*row.output_port}, bridge, wanted);
    auto output = names.size() == 1 ? wanted.ports.find(*names.begin()) : wanted.ports.end();
    if (output == wanted.ports.end())
        return fail("its output_port is none that works on its bridge");
    const WantedPort& port = output->second;
    if (!port.iface_id.empty() || !port.uplink_shadow.empty() || port.is_bridge)
        return fail("its output_port {} is there for something else", port.name);
    return port.name;
}

} // namespace

void read_mirrors(const vswitch::Tables& tables, const vswitch::Bridge& bridge, Wanted& wanted) {
    for (const ovsdb::Uuid& uuid : bridge.mirrors) {
        const vswitch::Mirror* row = tables.mirror.find(uuid);
        if (!row)
            continue;
        auto output = output_of(tables, *row, bridge, wanted);
        if (!output) {
            wanted.fabric.errors.push_back(fmt::format("mirror {} of bridge {}: {}", row->name,
                                                       bridge.name, output.error().text));
            continue;
        }
        WantedMirror mirror{uuid, *output,
                            selected(tables, row->select_src_port, *row, bridge, wanted),
                            selected(tables, row->select_dst_port, *row, bridge, wanted)};
        if (row->select_all)
            for (const auto& [name, port] : wanted.ports)
                if (port.bridge == bridge.name)
                    for (auto* names : {&mirror.received, &mirror.sent})
                        names->insert(name);
        wanted.ports.at(*output).is_mirror_output = true;
        wanted.ports.at(*output).is_bridged = false;
        wanted.mirrors.push_back(std::move(mirror));
    }
    for (WantedMirror& mirror : wanted.mirrors)
        for (auto* names : {&mirror.received, &mirror.sent})
            std::erase_if(*names, [&](const std::string& name) {
                return wanted.ports.at(name).is_mirror_output;
            });
}

} // namespace ringfence::agent
