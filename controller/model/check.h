// What the northbound database may hold: one check an object. The client library asks before it
// writes; the controller asks again for every row, because the database is also open to the
// provider directly, and puts the answer into the row's `status`.
//
// A check judges its own object only. What it needs of others (the network of a NIC, the pool of a
// network) it looks up; that those are sound themselves is asked of them. The row may be in the
// tables or not: one that isn't is a newcomer, and yields to whoever holds its address or VNI.
//
// An error names the object by its path, the value, what is allowed, and what to do. Its kind is
//   invalid      the value itself makes no sense
//   not_found    it names an object that does not exist
//   conflict     somebody else has it: who is named
//   unsupported  understood, and not built yet: refused by name, never ignored
//
// Pure, and safe from any thread. northbound::Tables converts to Model by itself; who checks many
// rows makes one Model for all of them.
#pragma once

#include "controller/model/model.h"

namespace ringfence::model {

[[nodiscard]] Result<> check(const Model&, const northbound::Global&);

// organizations.cpp
[[nodiscard]] Result<> check(const Model&, const northbound::Organization&);
[[nodiscard]] Result<> check(const Model&, const northbound::VirtualDataCenter&);
[[nodiscard]] Result<> check(const Model&, const northbound::NetworkPool&);

// hosts.cpp
[[nodiscard]] Result<> check(const Model&, const northbound::Host&);

// networks.cpp
[[nodiscard]] Result<> check(const Model&, const northbound::OrganizationNetwork&);
[[nodiscard]] Result<> check(const Model&, const northbound::VappNetwork&);
[[nodiscard]] Result<> check(const Model&, const northbound::VniAllocation&);

// vapps.cpp
[[nodiscard]] Result<> check(const Model&, const northbound::Vapp&);
[[nodiscard]] Result<> check(const Model&, const northbound::VirtualMachine&);

// nics.cpp
[[nodiscard]] Result<> check(const Model&, const northbound::Nic&);
[[nodiscard]] Result<> check(const Model&, const northbound::AddressAllocation&);

// edge_routers.cpp
[[nodiscard]] Result<> check(const Model&, const northbound::EdgeRouter&);
[[nodiscard]] Result<> check(const Model&, const northbound::StaticRoute&);

// dhcp.cpp
[[nodiscard]] Result<> check(const Model&, const northbound::DhcpOptions&);

// firewall.cpp
[[nodiscard]] Result<> check(const Model&, const northbound::FirewallRule&);
[[nodiscard]] Result<> check(const Model&, const northbound::SecurityGroup&);

// unbuilt.cpp: each of these is refused by its name.
[[nodiscard]] Result<> check(const Model&, const northbound::User&);
[[nodiscard]] Result<> check(const Model&, const northbound::ExternalNetwork&);
[[nodiscard]] Result<> check(const Model&, const northbound::NatRule&);
[[nodiscard]] Result<> check(const Model&, const northbound::Task&);

// May this network's own `mtu` stand on the underlay as the hosts report it? Part of check() of a
// network that a client asks for; a host that joins later with a smaller underlay must not stop a
// network that runs, so the compiler asks check_shape() and this one apart, and clamps. Likewise
// what DHCP tells as the MTU.
[[nodiscard]] Result<> check_mtu(const Model&, const northbound::OrganizationNetwork&);
[[nodiscard]] Result<> check_mtu(const Model&, const northbound::VappNetwork&);
[[nodiscard]] Result<> check_mtu(const Model&, const northbound::DhcpOptions&);
[[nodiscard]] Result<> check_shape(const Model&, const northbound::OrganizationNetwork&);
[[nodiscard]] Result<> check_shape(const Model&, const northbound::VappNetwork&);
[[nodiscard]] Result<> check_shape(const Model&, const northbound::DhcpOptions&);

// The MTU of the network's segment: its own, as far as the underlay carries it.
int64_t segment_mtu(const Model& model, const Uuid& network);

// May this object be deleted? Kind conflict, naming what still uses it.
[[nodiscard]] Result<> check_unused(const Model&, const northbound::Organization&);
[[nodiscard]] Result<> check_unused(const Model&, const northbound::VirtualDataCenter&);
[[nodiscard]] Result<> check_unused(const Model&, const northbound::NetworkPool&);
[[nodiscard]] Result<> check_unused(const Model&, const northbound::Host&);
[[nodiscard]] Result<> check_unused(const Model&, const northbound::OrganizationNetwork&);
[[nodiscard]] Result<> check_unused(const Model&, const northbound::Vapp&);
[[nodiscard]] Result<> check_unused(const Model&, const northbound::VappNetwork&);
[[nodiscard]] Result<> check_unused(const Model&, const northbound::VirtualMachine&);
[[nodiscard]] Result<> check_unused(const Model&, const northbound::EdgeRouter&);
[[nodiscard]] Result<> check_unused(const Model&, const northbound::SecurityGroup&);

// The lowest VNI of the pool that neither the ledger nor a network holds. Two clients that pick the
// same one meet at the index of Vni_Allocation: the second tries again. Kind conflict when the pool
// is exhausted.
[[nodiscard]] Result<int64_t> free_vni(const Model&, const northbound::NetworkPool&);

} // namespace ringfence::model
