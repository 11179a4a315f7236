#include "controller/client/rows.h"

#include <algorithm>
#include <charconv>

#include "controller/model/edges.h"
#include "controller/model/texts.h"

namespace ringfence::client {

namespace {

// --- Finding ------------------------------------------------------------------------------------
template <class Row> const Row* pick(const ovsdb::Table<Row>& table, const auto& wanted) {
    const auto found = std::ranges::find_if(table, wanted);
    return found == table.end() ? nullptr : &*found;
}

template <class Row>
Found<Row> in_table(const ovsdb::Table<Row>& table, const char* kind, const std::string& path,
                    const auto& wanted) {
    if (const Row* row = pick(table, wanted))
        return row;
    return fail(ErrorKind::not_found, "{} {} does not exist", kind, path);
}

Result<> check_depth(const char* kind, const Path& path, size_t depth, const char* shape) {
    if (path.depth() == depth)
        return {};
    return fail("{} '{}': give its whole name, {}", kind, path.text(), shape);
}

Path parent_of(const Path& path) {
    return Path(std::vector<std::string>(path.names().begin(), path.names().end() - 1));
}

template <class Row>
Found<Row> in_organization(const nb::Tables& rows, const ovsdb::Table<Row>& table, const char* kind,
                           const Path& path, const char* shape) {
    if (const auto whole = check_depth(kind, path, 2, shape); !whole)
        return tl::unexpected(whole.error());
    return find_organization(rows, path[0]).and_then([&](const nb::Organization* organization) {
        return in_table(table, kind, path.text(), [&](const Row& row) {
            return row.organization == organization->uuid && row.name == path[1];
        });
    });
}

template <class Row>
Found<Row> in_vapp(const nb::Tables& rows, const ovsdb::Table<Row>& table, const char* kind,
                   const Path& path, const char* shape) {
    if (const auto whole = check_depth(kind, path, 3, shape); !whole)
        return tl::unexpected(whole.error());
    return find_vapp(rows, parent_of(path)).and_then([&](const nb::Vapp* vapp) {
        return in_table(table, kind, path.text(), [&](const Row& row) {
            return row.vapp == vapp->uuid && row.name == path[2];
        });
    });
}

// --- Naming -------------------------------------------------------------------------------------
template <class Row> std::string name_in(const ovsdb::Table<Row>& table, const Uuid& uuid) {
    const Row* row = table.find(uuid);
    return row ? row->name : "?"; // a strong reference cannot dangle
}

template <class Row>
Path path_in(const nb::Tables& rows, const ovsdb::Table<Row>& table, const Uuid& uuid) {
    const Row* row = table.find(uuid);
    return row ? path_of(rows, *row) : Path{"?"};
}

} // namespace

Found<nb::Host> find_host(const nb::Tables& rows, std::string_view name) {
    return in_table(rows.host, "host", std::string(name),
                    [&](const nb::Host& host) { return host.name == name; });
}

Found<nb::NetworkPool> find_network_pool(const nb::Tables& rows, std::string_view name) {
    return in_table(rows.network_pool, "network pool", std::string(name),
                    [&](const nb::NetworkPool& pool) { return pool.name == name; });
}

Found<nb::Organization> find_organization(const nb::Tables& rows, std::string_view name) {
    return in_table(
        rows.organization, "organization", std::string(name),
        [&](const nb::Organization& organization) { return organization.name == name; });
}

Found<nb::VirtualDataCenter> find_data_center(const nb::Tables& rows, const Path& path) {
    return in_organization(rows, rows.virtual_data_center, "virtual data center", path, "ORG/VDC");
}

Found<nb::OrganizationNetwork> find_network(const nb::Tables& rows, const Path& path) {
    return in_organization(rows, rows.organization_network, "network", path, "ORG/NETWORK");
}

Found<nb::Vapp> find_vapp(const nb::Tables& rows, const Path& path) {
    return in_organization(rows, rows.vapp, "vApp", path, "ORG/VAPP");
}

Found<nb::VappNetwork> find_vapp_network(const nb::Tables& rows, const Path& path) {
    return in_vapp(rows, rows.vapp_network, "vApp network", path, "ORG/VAPP/NETWORK");
}

Found<nb::VirtualMachine> find_vm(const nb::Tables& rows, const Path& path) {
    return in_vapp(rows, rows.virtual_machine, "VM", path, "ORG/VAPP/VM");
}

static Found<nb::Nic> nic_of_path(const nb::Tables& rows, std::string_view name) {
    const Path path = Path::split(name);
    int64_t number = 0;
    const std::string last = path.depth() == 4 ? path[3] : "";
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), number);
    if (last.empty() || error != std::errc() || end != last.data() + last.size())
        return fail(ErrorKind::not_found,
                    "NIC {} does not exist: there is no such port name, and it is no "
                    "ORG/VAPP/VM/NUMBER",
                    name);
    return find_vm(rows, parent_of(path))
        .and_then([&](const nb::VirtualMachine* vm) -> Found<nb::Nic> {
            if (const nb::Nic* nic = nic_of_vm(rows, vm->uuid, number))
                return nic;
            return fail(ErrorKind::not_found, "NIC {} does not exist", name);
        });
}

// Any text may be a port name, another NIC's path among them: then nobody guesses which is meant.
Found<nb::Nic> find_nic(const nb::Tables& rows, std::string_view name) {
    const nb::Nic* of_port = nic_of_port(rows, name);
    const auto of_path = nic_of_path(rows, name);
    if (!of_port)
        return of_path;
    if (of_path && *of_path != of_port)
        return fail(ErrorKind::conflict,
                    "{} is the port name of NIC {} and the path of the NIC with port name {}: name "
                    "it the other way",
                    name, path_of(rows, *of_port).text(), (*of_path)->port_name);
    return of_port;
}

Found<nb::EdgeRouter> find_edge(const nb::Tables& rows, const Path& path) {
    if (path.depth() != 2 && path.depth() != 3)
        return fail("edge '{}': give its whole name, ORG/EDGE, or ORG/VAPP/NETWORK of a vApp "
                    "network's",
                    path.text());
    const std::string name = path.depth() == 2 ? path[1] : path[1] + "/" + path[2];
    return find_organization(rows, path[0]).and_then([&](const nb::Organization* organization) {
        return in_table(rows.edge_router, "edge", path.text(), [&](const nb::EdgeRouter& edge) {
            return edge.organization == organization->uuid && edge.name == name;
        });
    });
}

Found<nb::SecurityGroup> find_security_group(const nb::Tables& rows, const Path& path) {
    return in_organization(rows, rows.security_group, "security group", path, "ORG/GROUP");
}

Found<nb::StaticRoute> find_route(const nb::Tables& rows, const Path& edge,
                                  std::string_view prefix) {
    return find_edge(rows, edge).and_then([&](const nb::EdgeRouter* router) {
        return in_table(rows.static_route, "route", fmt::format("{} of {}", prefix, edge.text()),
                        [&](const nb::StaticRoute& route) {
                            return route.edge_router == router->uuid && route.prefix == prefix;
                        });
    });
}

Result<Uuid> find_any_network(const nb::Tables& rows, const Path& path) {
    const auto uuid_of = [](const auto* row) { return row->uuid; };
    if (path.depth() == 3)
        return find_vapp_network(rows, path).map(uuid_of);
    if (path.depth() == 2)
        return find_network(rows, path).map(uuid_of);
    return fail("network '{}': give its whole name, ORG/NETWORK or ORG/VAPP/NETWORK", path.text());
}

Found<nb::AddressAllocation> find_address(const nb::Tables& rows, const Path& network,
                                          std::string_view address) {
    const std::string text = canonical_mac(canonical_address(std::string(address)));
    return find_any_network(rows, network).and_then([&](const Uuid& uuid) {
        return in_table(rows.address_allocation, "address",
                        fmt::format("{} on {}", text, network.text()),
                        [&](const nb::AddressAllocation& row) {
                            return row.network == uuid && row.address == text;
                        });
    });
}

std::string canonical_mac(const std::string& text) { return model::canonical_mac(text); }
std::string canonical_address(const std::string& text) { return model::canonical_address(text); }

Texts canonical_addresses(const Texts& texts) {
    Texts addresses;
    for (const std::string& text : texts)
        addresses.insert(canonical_address(text));
    return addresses;
}

const nb::Nic* nic_of_port(const nb::Tables& rows, std::string_view port_name) {
    return pick(rows.nic, [&](const nb::Nic& nic) { return nic.port_name == port_name; });
}

const nb::Nic* nic_of_vm(const nb::Tables& rows, const Uuid& vm, int64_t number) {
    return pick(rows.nic, [&](const nb::Nic& nic) {
        return nic.virtual_machine == vm && nic.number == number;
    });
}

Path path_of(const nb::Tables& rows, const nb::VirtualDataCenter& data_center) {
    return {name_in(rows.organization, data_center.organization), data_center.name};
}
Path path_of(const nb::Tables& rows, const nb::OrganizationNetwork& network) {
    return {name_in(rows.organization, network.organization), network.name};
}
Path path_of(const nb::Tables& rows, const nb::Vapp& vapp) {
    return {name_in(rows.organization, vapp.organization), vapp.name};
}
Path path_of(const nb::Tables& rows, const nb::VappNetwork& network) {
    return path_in(rows, rows.vapp, network.vapp).child(network.name);
}
Path path_of(const nb::Tables& rows, const nb::VirtualMachine& vm) {
    return path_in(rows, rows.vapp, vm.vapp).child(vm.name);
}
Path path_of(const nb::Tables& rows, const nb::Nic& nic) {
    return path_in(rows, rows.virtual_machine, nic.virtual_machine)
        .child(fmt::format("{}", nic.number));
}

Path path_of(const nb::Tables& rows, const nb::EdgeRouter& edge) {
    return Path::split(name_in(rows.organization, edge.organization) + "/" + edge.name);
}
Path path_of(const nb::Tables& rows, const nb::SecurityGroup& group) {
    return {name_in(rows.organization, group.organization), group.name};
}
Path network_path_of(const nb::Tables& rows, const Uuid& network) {
    if (rows.organization_network.find(network))
        return path_in(rows, rows.organization_network, network);
    return path_in(rows, rows.vapp_network, network);
}

} // namespace ringfence::client
