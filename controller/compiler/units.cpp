#include "controller/compiler/units.h"

#include <fmt/format.h>

#include "controller/compiler/dhcp.h"
#include "controller/compiler/edge_units.h"
#include "controller/compiler/firewall_units.h"
#include "controller/compiler/hosts.h"
#include "controller/compiler/placement.h"
#include "controller/compiler/ports.h"
#include "controller/compiler/segments.h"
#include "controller/compiler/virtual_addresses.h"

namespace ringfence::compiler {
namespace {

namespace nb = northbound;
namespace sb = southbound;
using model::Uuid;

// --- What hosts say -----------------------------------------------------------------------------
template <class Row> void keep_for_host(Unit& unit, const Row& row) {
    unit.tell(&Findings::rows_of_host, row.host, key_of(row));
}

void read(Unit& unit, const sb::HostStatus& row) {
    keep_for_host(unit, row);
    unit.tell(&model::Indexes::reported, row.host,
              model::HostFacts{canonical(row.vtep_addresses), {}, row.underlay_mtu});
}

void read(Unit& unit, const sb::Host& row) {
    unit.tell(&model::Indexes::held_vteps, row.name, row.vtep_addresses);
}

void read(Unit& unit, const sb::PortClaim& row) {
    keep_for_host(unit, row);
    unit.tell(&Findings::claims, row.port,
              Claim{row.claimed, row.host, row.ready, row.active, row.contends});
}

void read(Unit& unit, const sb::AddressClaim& row) {
    keep_for_host(unit, row);
    unit.tell(&Findings::address_claims, row.port,
              AddressClaim{row.segment, row.address, row.host, row.number});
}

void read(Unit& unit, const sb::LearnedMac& row) {
    keep_for_host(unit, row);
    unit.tell(&Findings::rows_of_segment, row.segment, key_of(row));
}

// --- Hosts --------------------------------------------------------------------------------------
void compile(Unit& unit, const nb::Host& host) {
    const auto& model = unit.model();
    if (host.kind == "ringfence")
        unit.put(compile_host_config(host));
    auto checked = model::check(model, host);
    if (!checked && checked.error().kind == ErrorKind::conflict)
        return unit.reject(host, vtep_note(model, host, checked.error()));
    if (!unit.accept(host, {}, checked))
        return;
    if (!model.is_admitted(host))
        unit.note(host, {fmt::format("{0}: is not admitted; network-ctl host admit {1}",
                                     model::path(unit.rows(), host), host.name)});
    if (auto row = compile_host(model, host)) {
        unit.tell(&Findings::in_service, row->name, host.uuid);
        if (row->kind == "ringfence")
            unit.tell(&Findings::served, model::Whole{}, row->name);
        unit.put(std::move(*row));
    }
}

// --- Organizations ------------------------------------------------------------------------------
void compile(Unit& unit, const nb::Organization& row) { unit.accept(row); }
// Its range is only read: nobody waits for it.
void compile(Unit& unit, const nb::NetworkPool& row) { unit.accept(row); }
void compile(Unit& unit, const nb::VirtualDataCenter& row) { unit.accept(row, {row.organization}); }
void compile(Unit& unit, const nb::Vapp& row) {
    unit.accept(row, {row.organization, row.data_center});
}
void compile(Unit& unit, const nb::VirtualMachine& row) { unit.accept(row, {row.vapp}); }

// --- Networks -----------------------------------------------------------------------------------
template <class Network> void put_segment(Unit& unit, const Network& network) {
    unit.put(compile_segment(unit.model(), network));
    if (auto note = mtu_note(unit.model(), network))
        unit.note(network, std::move(*note));
}

void compile(Unit& unit, const nb::OrganizationNetwork& network) {
    if (unit.accept(network, {network.organization, network.data_center},
                    model::check_shape(unit.model(), network)))
        put_segment(unit, network);
}

void compile(Unit& unit, const nb::VappNetwork& network) {
    bool bridged = network.mode == "bridged";
    Uuid parent = bridged && network.parent ? *network.parent : network.vapp;
    if (!unit.accept(network, {network.vapp, parent}, model::check_shape(unit.model(), network)))
        return;
    if (!bridged && unit.rows().vapp.find(network.vapp)->deployed)
        put_segment(unit, network);
}

void compile(Unit& unit, const nb::DhcpOptions& row) {
    const auto& network = row.vapp_network ? row.vapp_network : row.organization_network;
    if (!unit.accept(row, {network.value_or(Uuid())}, model::check_shape(unit.model(), row)))
        return;
    if (auto fits = model::check_mtu(unit.model(), row); !fits)
        unit.note(row, {fits.error().text + "; until then its network's is told"});
}

// --- NICs ---------------------------------------------------------------------------------------
void tell_hosts(Unit& unit, const sb::LogicalPort& port) {
    for (const auto& domain : port.domains) {
        auto needed_by = [&](const std::string& host) {
            unit.tell(&Findings::hosts_by_domain, domain, std::pair(host, port.uuid));
        };
        if (port.host)
            needed_by(*port.host);
        for (const Claim& claim : unit.found().claims.all(port.name))
            needed_by(claim.host);
    }
}

void compile(Unit& unit, const nb::Nic& nic) {
    const auto& rows = unit.rows();
    const Uuid& network = nic.vapp_network ? *nic.vapp_network
                                           : nic.organization_network.value_or(nic.virtual_machine);
    if (!unit.accept(nic, {nic.virtual_machine, network}))
        return;
    const auto& vapp = *rows.vapp.find(rows.virtual_machine.find(nic.virtual_machine)->vapp);
    if (!vapp.deployed)
        return;
    auto placement = place(unit, nic, *rows.virtual_data_center.find(vapp.data_center));
    auto port =
        compile_port(unit.model(), nic, *unit.model().segment_of(nic), std::move(placement.host));
    port.candidate = std::move(placement.candidate);
    compile_translations(unit, nic, port);
    compile_dhcp(unit, nic, port);
    tell_member(unit, nic, port);
    tell_claims(unit, port);
    if (placement.note)
        unit.note(nic, std::move(*placement.note));
    tell_hosts(unit, port);
    unit.put(std::move(port));
}

// --- What is not built yet: check() refuses it --------------------------------------------------
void compile(Unit& unit, const nb::User& row) { unit.accept(row); }
void compile(Unit& unit, const nb::ExternalNetwork& row) { unit.accept(row); }
void compile(Unit& unit, const nb::NatRule& row) { unit.accept(row); }

// Adds kinds to the engine.
class Kinds {
public:
    Kinds(Engine& engine, Sources& sources) : engine_(engine), sources_(sources) {}

    template <class Row>
    void add(const ovsdb::Table<Row>& table, void (*function)(Unit&, const Row&)) {
        engine_.add_kind(table, [&sources = sources_, function](const Row& row, Made& made) {
            Unit unit(sources, made);
            function(unit, row);
        });
    }
    // What the model keeps of the rows, for look-ups.
    template <class Row>
    void index(const ovsdb::Table<Row>& table,
               void (*function)(model::Model&, const Row&, model::Emitter&) = model::index) {
        engine_.add_kind(table, [&sources = sources_, function](const Row& row, Made& made) {
            function(sources.model, row, made.entries);
        });
    }

private:
    Engine& engine_;
    Sources& sources_;
};

} // namespace

void add_units(Engine& engine, Sources& sources, const nb::Tables& intent,
               const sb::Tables& fabric) {
    Kinds kinds(engine, sources);
    // Indexes: made of one row...
    kinds.index(intent.global);
    kinds.index(intent.organization_network);
    kinds.index(intent.vapp_network);
    kinds.index(intent.vni_allocation);
    kinds.index(intent.address_allocation);
    kinds.index(intent.edge_router);
    kinds.index(intent.dhcp_options);
    kinds.add(fabric.host_status, read);
    kinds.add(fabric.host, read);
    kinds.add(fabric.port_claim, read);
    kinds.add(fabric.address_claim, read);
    kinds.add(fabric.learned_mac, read);
    // ...and of one row and what it stands on.
    kinds.index(intent.host);
    kinds.index(intent.nic);
    kinds.index(intent.edge_router, model::index_addresses);
    // Objects, parents first.
    kinds.add(intent.host, compile);
    kinds.add(intent.organization, compile);
    kinds.add(intent.network_pool, compile);
    kinds.add(intent.virtual_data_center, compile);
    kinds.add(intent.vapp, compile);
    kinds.add(intent.organization_network, compile);
    kinds.add(intent.vapp_network, compile);
    kinds.add(intent.edge_router, compile_organization_edge);
    kinds.add(intent.edge_router, compile_vapp_edge);
    kinds.add(intent.static_route, compile_static_route);
    kinds.add(intent.security_group, compile_security_group);
    kinds.add(intent.firewall_rule, compile_firewall_rule);
    kinds.add(intent.edge_router, compile_interfaces);
    kinds.add(intent.dhcp_options, compile);
    kinds.add(intent.virtual_machine, compile);
    kinds.add(intent.nic, compile);
    kinds.add(intent.user, compile);
    kinds.add(intent.external_network, compile);
    kinds.add(intent.nat_rule, compile);
    // What they share, and who their rules speak of.
    kinds.add(intent.nic, compile_virtual_addresses);
    kinds.add(intent.security_group, compile_members);
    kinds.add(intent.nic, compile_nic_group);
    kinds.add(intent.edge_router, compile_edge_groups);
}

} // namespace ringfence::compiler
