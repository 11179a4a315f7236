#include "controller/model/indexes.h"

#include "controller/model/edges.h"
#include "controller/model/model.h"
#include "controller/model/texts.h"

namespace ringfence::model {
namespace {

template <class Row> Claimant claimant(const Model& model, const Row& row) {
    return {model.is_newcomer(row.uuid), row.uuid};
}

} // namespace

Indexes::Indexes(Observer* o)
    : admits_all(o), networks_by_vni(o), vni_ledger(o), vnis_of_pool(o), address_ledger(o),
      edges_by_network(o), untranslated(o), dhcp_ledger(o), dhcp_by_network(o), reported(o),
      held_vteps(o), vtep_claims(o), underlays(o), address_claims(o) {}

Indexes::~Indexes() = default;

// --- Stage 1 ------------------------------------------------------------------------------------
void index(Model& model, const northbound::Global& global, Emitter& out) {
    if (global.admit_hosts == "auto")
        out.emit(model.indexes().admits_all, {}, true);
}

void index(Model& model, const northbound::OrganizationNetwork& network, Emitter& out) {
    out.emit(model.indexes().networks_by_vni, network.vni, claimant(model, network));
}

void index(Model& model, const northbound::VappNetwork& network, Emitter& out) {
    if (network.vni)
        out.emit(model.indexes().networks_by_vni, *network.vni, claimant(model, network));
    if (network.parent && has_edge(network) && !translates(network))
        out.emit(model.indexes().untranslated, *network.parent, network.uuid);
}

void index(Model& model, const northbound::VniAllocation& allocation, Emitter& out) {
    if (!model.is_newcomer(allocation.uuid))
        out.emit(model.indexes().vni_ledger, allocation.vni, allocation.network);
    out.emit(model.indexes().vnis_of_pool, allocation.network_pool,
             {allocation.vni, allocation.network});
}

void index(Model& model, const northbound::AddressAllocation& allocation, Emitter& out) {
    if (!model.is_newcomer(allocation.uuid))
        out.emit(model.indexes().address_ledger, {allocation.network, allocation.address},
                 allocation.uuid);
    if (const auto address = IpAddr::from(allocation.address); address && allocation.kind == "dhcp")
        out.emit(model.indexes().dhcp_ledger, allocation.network, *address);
}

void index(Model& model, const northbound::EdgeRouter& edge, Emitter& out) {
    for (const auto& [network, outside] : standings(model.rows(), edge))
        if (!outside)
            out.emit(model.indexes().edges_by_network, network, claimant(model, edge));
}

void index(Model& model, const northbound::DhcpOptions& options, Emitter& out) {
    for (const auto& network : {options.organization_network, options.vapp_network})
        if (network)
            out.emit(model.indexes().dhcp_by_network, *network, claimant(model, options));
}

// --- Stage 2 ------------------------------------------------------------------------------------
void index(Model& model, const northbound::Host& host, Emitter& out) {
    if (!model.is_admitted(host)) // keeps nothing, whatever it reports
        return;
    bool foreign = host.kind == "foreign";
    auto facts = model.facts(host.name).value_or(HostFacts{});
    for (const auto& text : foreign ? host.vtep_addresses : facts.vtep_addresses) {
        std::string address = canonical_address(text);
        bool known = facts.held.contains(address);
        out.emit(model.indexes().vtep_claims, std::move(address), {!known, host.uuid});
    }
    bool is_limit =
        !foreign && facts.underlay_mtu &&
        *facts.underlay_mtu >= least_mtu + facts.overhead(); // else nonsense, or none yet
    if (is_limit)
        out.emit(model.indexes().underlays, {},
                 {*facts.underlay_mtu - facts.overhead(), host.name, *facts.underlay_mtu});
}

void index(Model& model, const northbound::Nic& nic, Emitter& out) {
    auto& claims = model.indexes().address_claims;
    auto segment = model.segment_of(nic);
    if (!segment || !model.may_attach(nic)) // which keeps nothing from the rightful ones
        return;
    if (!nic.mac.empty())
        out.emit(claims, {*segment, canonical_mac(nic.mac)}, claimant(model, nic));
    for (const auto& address : nic.addresses)
        out.emit(claims, {*segment, canonical_address(address)}, claimant(model, nic));
    const auto* network =
        nic.vapp_network ? model.rows().vapp_network.find(*nic.vapp_network) : nullptr;
    if (network && network->parent && translates(*network))
        for (const auto& address : nic.outside_addresses)
            out.emit(claims, {*network->parent, canonical_address(address)}, claimant(model, nic));
}

void index_addresses(Model& model, const northbound::EdgeRouter& edge, Emitter& out) {
    auto& claims = model.indexes().address_claims;
    for (const auto& [network, outside] : standings(model.rows(), edge)) {
        out.emit(claims, {network, to_string(router_mac(edge, network))}, claimant(model, edge));
        for (const IpAddr& address : router_addresses(edge, network))
            out.emit(claims, {network, to_string(address)}, claimant(model, edge));
    }
}

} // namespace ringfence::model
