#include "controller/model/model.h"

#include <charconv>

#include "controller/model/texts.h"

namespace ringfence::model {
std::map<std::string, std::string> to_reported(const HostFacts& facts) {
    std::map<std::string, std::string> reported;
    reported["vtep_addresses"] = join(facts.vtep_addresses, ",");
    if (facts.underlay_mtu)
        reported["underlay_mtu"] = std::to_string(*facts.underlay_mtu);
    return reported;
}

Facts reported_facts(const northbound::Tables& rows) {
    Facts facts;
    for (const auto& host : rows.host) {
        if (host.reported.empty())
            continue;
        HostFacts& of_host = facts[host.name];
        if (auto vteps = host.reported.find("vtep_addresses"); vteps != host.reported.end())
            of_host.vtep_addresses = split(vteps->second, ',');
        if (auto mtu = host.reported.find("underlay_mtu"); mtu != host.reported.end()) {
            int64_t value = 0;
            const char* end = mtu->second.data() + mtu->second.size();
            if (auto [stop, error] = std::from_chars(mtu->second.data(), end, value);
                error == std::errc() && stop == end)
                of_host.underlay_mtu = value;
        }
    }
    return facts;
}

Model::Model(const northbound::Tables& rows, const Facts& facts, Newcomers newcomers)
    : tables_(rows), rows_(rows), newcomers_(std::move(newcomers)), indexes_(nullptr) {
    fill(facts);
}

Model::Model(const northbound::Tables& rows, Observer& observer)
    : tables_(rows), rows_(rows, &observer), indexes_(&observer) {}

void Model::fill(const Facts& facts) {
    Emitter out;
    auto index_all = [&](const auto& table) {
        for (const auto& row : table)
            index(*this, row, out);
    };
    for (const auto& [host, its] : facts) {
        out.emit(indexes_.reported, host, its);
        out.emit(indexes_.held_vteps, host, its.held);
    }
    index_all(tables_.global);
    index_all(tables_.organization_network);
    index_all(tables_.vapp_network);
    index_all(tables_.vni_allocation);
    index_all(tables_.address_allocation);
    index_all(tables_.edge_router);
    index_all(tables_.dhcp_options);
    out.keep();
    index_all(tables_.host);
    index_all(tables_.nic);
    for (const auto& edge : tables_.edge_router)
        index_addresses(*this, edge, out);
    out.keep();
}

std::optional<HostFacts> Model::facts(const std::string& host) const {
    const auto* reported = indexes_.reported.first(host);
    const auto* held = indexes_.held_vteps.first(host);
    if (!reported && !held)
        return std::nullopt;
    HostFacts facts = reported ? *reported : HostFacts{*held, {}, std::nullopt};
    if (held)
        facts.held = *held;
    return facts;
}

std::optional<Uuid> Model::segment_of(const northbound::Nic& nic) const {
    if (nic.organization_network)
        return nic.organization_network;
    const auto* network = nic.vapp_network ? rows_.vapp_network.find(*nic.vapp_network) : nullptr;
    return network ? segment_of(*network) : std::nullopt;
}

std::optional<Uuid> Model::segment_of(const northbound::VappNetwork& network) const {
    return network.mode == "bridged" ? network.parent : network.uuid;
}

bool Model::may_attach(const northbound::Nic& nic) const {
    const auto* vm = rows_.virtual_machine.find(nic.virtual_machine);
    const auto* vapp = vm ? rows_.vapp.find(vm->vapp) : nullptr;
    if (!vapp || nic.organization_network.has_value() == nic.vapp_network.has_value())
        return false;
    auto is_its = [&](const Uuid& uuid) {
        const auto* network = rows_.organization_network.find(uuid);
        return network && network->organization == vapp->organization;
    };
    if (nic.organization_network)
        return is_its(*nic.organization_network);
    const auto* network = rows_.vapp_network.find(*nic.vapp_network);
    return network && network->vapp == vapp->uuid &&
           (network->mode != "bridged" || (network->parent && is_its(*network->parent)));
}

std::optional<Uuid> Model::holder(const Uuid& segment, std::string_view address) const {
    const auto* in_ledger = entry(segment, address);
    if (in_ledger && in_ledger->nic)
        return in_ledger->nic;
    const auto* claimant = indexes_.address_claims.first({segment, std::string(address)});
    return claimant ? std::optional(claimant->uuid) : std::nullopt;
}

const northbound::AddressAllocation* Model::entry(const Uuid& segment,
                                                  std::string_view address) const {
    const Uuid* row = indexes_.address_ledger.first({segment, std::string(address)});
    return row ? rows_.address_allocation.find(*row) : nullptr;
}

const northbound::EdgeRouter* Model::edge_of(const Uuid& network) const {
    const auto* edge = indexes_.edges_by_network.first(network);
    return edge ? rows_.edge_router.find(edge->uuid) : nullptr;
}

bool Model::is_newcomer(const northbound::VappNetwork& network) const {
    return is_newcomer(network.uuid) || !rows_.vapp_network.find(network.uuid);
}

std::optional<Uuid> Model::vni_holder(int64_t vni) const {
    if (const Uuid* in_ledger = indexes_.vni_ledger.first(vni))
        return *in_ledger;
    const auto* claimant = indexes_.networks_by_vni.first(vni);
    return claimant ? std::optional(claimant->uuid) : std::nullopt;
}

const northbound::Host* Model::vtep_holder(const std::string& address) const {
    const Claimant* claim = indexes_.vtep_claims.first(address);
    return claim ? rows_.host.find(claim->uuid) : nullptr;
}

Limit Model::underlay() const {
    const Limit* least = indexes_.underlays.first({});
    return least ? *least : Limit{};
}

bool Model::is_admitted(const northbound::Host& host) const {
    return host.kind == "foreign" || host.admitted || indexes_.admits_all.first({});
}

} // namespace ringfence::model
