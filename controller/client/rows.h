// Northbound rows by name, and as the objects that callers know. Private to the client.
#pragma once

#include "controller/client/services.h"
#include "core/types/result.h"
#include "ovsdb/northbound.h"

namespace ringfence::client {

namespace nb = northbound;
using ovsdb::Uuid;

// A row by its name; kind not_found, naming what is missing first: the organization, the vApp...
// A path of the wrong depth is of kind invalid.
template <class Row> using Found = Result<const Row*>;
Found<nb::Host> find_host(const nb::Tables& rows, std::string_view name);
Found<nb::NetworkPool> find_network_pool(const nb::Tables& rows, std::string_view name);
Found<nb::Organization> find_organization(const nb::Tables& rows, std::string_view name);
Found<nb::VirtualDataCenter> find_data_center(const nb::Tables& rows, const Path& path);
Found<nb::OrganizationNetwork> find_network(const nb::Tables& rows, const Path& path);
Found<nb::Vapp> find_vapp(const nb::Tables& rows, const Path& path);
Found<nb::VappNetwork> find_vapp_network(const nb::Tables& rows, const Path& path);
Found<nb::VirtualMachine> find_vm(const nb::Tables& rows, const Path& path);
Found<nb::EdgeRouter> find_edge(const nb::Tables& rows, const Path& path);
Found<nb::StaticRoute> find_route(const nb::Tables& rows, const Path& edge,
                                  std::string_view prefix);
// An organization network (ORG/NETWORK) or a vApp network (ORG/VAPP/NETWORK).
Result<Uuid> find_any_network(const nb::Tables& rows, const Path& path);
Found<nb::AddressAllocation> find_address(const nb::Tables& rows, const Path& network,
                                          std::string_view address);
Found<nb::SecurityGroup> find_security_group(const nb::Tables& rows, const Path& path);
// A port name, or a path.
Found<nb::Nic> find_nic(const nb::Tables& rows, std::string_view name);

const nb::Nic* nic_of_port(const nb::Tables& rows, std::string_view port_name);
const nb::Nic* nic_of_vm(const nb::Tables& rows, const Uuid& vm, int64_t number);

Path path_of(const nb::Tables& rows, const nb::VirtualDataCenter& data_center);
Path path_of(const nb::Tables& rows, const nb::OrganizationNetwork& network);
Path path_of(const nb::Tables& rows, const nb::Vapp& vapp);
Path path_of(const nb::Tables& rows, const nb::VappNetwork& network);
Path path_of(const nb::Tables& rows, const nb::VirtualMachine& vm);
Path path_of(const nb::Tables& rows, const nb::Nic& nic);
Path path_of(const nb::Tables& rows, const nb::EdgeRouter& edge);
Path path_of(const nb::Tables& rows, const nb::SecurityGroup& group);
Path network_path_of(const nb::Tables& rows, const Uuid& network);

Global describe(const nb::Tables& rows, const nb::Global& global);
Host describe(const nb::Tables& rows, const nb::Host& host);
Organization describe(const nb::Tables& rows, const nb::Organization& organization);
NetworkPool describe(const nb::Tables& rows, const nb::NetworkPool& pool);
DataCenter describe(const nb::Tables& rows, const nb::VirtualDataCenter& data_center);
Network describe(const nb::Tables& rows, const nb::OrganizationNetwork& network);
Vapp describe(const nb::Tables& rows, const nb::Vapp& vapp);
VappNetwork describe(const nb::Tables& rows, const nb::VappNetwork& network);
Vm describe(const nb::Tables& rows, const nb::VirtualMachine& vm);
Nic describe(const nb::Tables& rows, const nb::Nic& nic);
Edge describe(const nb::Tables& rows, const nb::EdgeRouter& edge);
Route describe(const nb::Tables& rows, const nb::StaticRoute& route);
Address describe(const nb::Tables& rows, const nb::AddressAllocation& allocation);
SecurityGroup describe(const nb::Tables& rows, const nb::SecurityGroup& group);
FirewallRule describe(const nb::Tables& rows, const nb::FirewallRule& rule);
Dhcp describe_dhcp(const nb::Tables& rows, const Uuid& network);

// Canonical text; what is no address is left for the rules to refuse.
std::string canonical_mac(const std::string& text);
std::string canonical_address(const std::string& text);
Texts canonical_addresses(const Texts& texts);

} // namespace ringfence::client
