#include "controller/model/model.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "controller/model/edges.h"
#include "controller/model/texts.h"
#include "core/types/addresses.h"

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

Model::Model(const northbound::Tables& rows, Facts facts, Newcomers newcomers)
    : rows_(&rows), facts_(std::move(facts)), newcomers_(std::move(newcomers)) {
    for (const auto& global : rows.global)
        admit_all_ = global.admit_hosts == "auto";
    index_hosts();
    index_vnis();
    index_networks();
    index_edges();
    index_ledger();
    index_addresses();
}

const HostFacts* Model::facts(std::string_view host) const {
    auto found = facts_.find(host);
    return found == facts_.end() ? nullptr : &found->second;
}

std::optional<Uuid> Model::segment_of(const northbound::Nic& nic) const {
    if (nic.organization_network)
        return nic.organization_network;
    const auto* network = nic.vapp_network ? rows_->vapp_network.find(*nic.vapp_network) : nullptr;
    return network ? segment_of(*network) : std::nullopt;
}

std::optional<Uuid> Model::segment_of(const northbound::VappNetwork& network) const {
    return network.mode == "bridged" ? network.parent : network.uuid;
}

bool Model::may_attach(const northbound::Nic& nic) const {
    const auto* vm = rows_->virtual_machine.find(nic.virtual_machine);
    const auto* vapp = vm ? rows_->vapp.find(vm->vapp) : nullptr;
    if (!vapp || nic.organization_network.has_value() == nic.vapp_network.has_value())
        return false;
    auto is_its = [&](const Uuid& uuid) {
        const auto* network = rows_->organization_network.find(uuid);
        return network && network->organization == vapp->organization;
    };
    if (nic.organization_network)
        return is_its(*nic.organization_network);
    const auto* network = rows_->vapp_network.find(*nic.vapp_network);
    return network && network->vapp == vapp->uuid &&
           (network->mode != "bridged" || (network->parent && is_its(*network->parent)));
}

std::optional<Uuid> Model::holder(const Uuid& segment, std::string_view address) const {
    auto found = holders_.find(AddressKey{segment, std::string(address)});
    return found == holders_.end() ? std::nullopt : std::optional(found->second.front());
}

const northbound::AddressAllocation* Model::entry(const Uuid& segment,
                                                  std::string_view address) const {
    auto found = ledger_.find(AddressKey{segment, std::string(address)});
    return found == ledger_.end() ? nullptr : found->second;
}

const northbound::EdgeRouter* Model::edge_of(const Uuid& network) const {
    auto found = edges_.find(network);
    return found == edges_.end() ? nullptr : rows_->edge_router.find(found->second.front());
}

const std::vector<Uuid>& Model::children_of(const Uuid& organization_network) const {
    static const std::vector<Uuid> none;
    auto found = children_.find(organization_network);
    return found == children_.end() ? none : found->second;
}

bool Model::is_newcomer(const northbound::VappNetwork& network) const {
    return newcomers_.contains(network.uuid) || !rows_->vapp_network.find(network.uuid);
}

std::optional<Uuid> Model::vni_holder(int64_t vni) const {
    auto found = vnis_.find(vni);
    return found == vnis_.end() ? std::nullopt : std::optional(found->second.front());
}

const northbound::Host* Model::vtep_holder(std::string_view address) const {
    auto found = vteps_.find(address);
    return found == vteps_.end() ? nullptr : found->second;
}

bool Model::is_admitted(const northbound::Host& host) const {
    return host.kind == "foreign" || host.admitted || admit_all_;
}

size_t Model::AddressHash::operator()(const AddressKey& key) const {
    return std::hash<Uuid>{}(key.segment) ^ std::hash<std::string>{}(key.address) * 31;
}

void Model::index_hosts() {
    for (const auto& host : rows_->host) {
        index_vteps(host);
        const HostFacts* reported = facts(host.name);
        if (host.kind == "foreign" || !reported || !reported->underlay_mtu || !is_admitted(host))
            continue;
        if (*reported->underlay_mtu < least_mtu + vxlan_overhead) // nonsense, or no underlay yet
            continue;
        int64_t mtu = *reported->underlay_mtu - vxlan_overhead;
        bool lower = std::tie(mtu, host.name) < std::tie(underlay_.mtu, underlay_.host);
        if (underlay_.host.empty() || lower)
            underlay_ = {mtu, host.name};
    }
}

void Model::index_vteps(const northbound::Host& host) {
    if (!is_admitted(host)) // keeps nothing, whatever it reports
        return;
    const HostFacts* reported = facts(host.name);
    auto holds = [&](const northbound::Host& of, const std::string& address) {
        const HostFacts* its = facts(of.name);
        return its && its->held.contains(address);
    };
    auto claim = [&](const std::string& text) {
        std::string address = canonical_address(text);
        auto& holder = vteps_[address];
        bool here = holds(host, address), there = holder && holds(*holder, address);
        if (!holder || (here != there ? here : host.uuid < holder->uuid))
            holder = &host;
    };
    if (host.kind == "foreign")
        std::ranges::for_each(host.vtep_addresses, claim);
    else if (reported)
        std::ranges::for_each(reported->vtep_addresses, claim);
}

void Model::index_vnis() {
    for (const auto& network : rows_->organization_network)
        vnis_[network.vni].push_back(network.uuid);
    for (const auto& network : rows_->vapp_network)
        if (network.vni)
            vnis_[*network.vni].push_back(network.uuid);
    std::map<int64_t, Uuid> ledger;
    for (const auto& allocation : rows_->vni_allocation) {
        if (!newcomers_.contains(allocation.uuid))
            ledger[allocation.vni] = allocation.network;
        auto& claimants = vnis_[allocation.vni];
        if (std::ranges::find(claimants, allocation.network) == claimants.end())
            claimants.push_back(allocation.network);
    }
    for (auto& [vni, claimants] : vnis_) {
        auto entry = ledger.find(vni);
        rank(claimants, entry == ledger.end() ? nullptr : &entry->second);
    }
}

// The ledger's choice first, newcomers last, the rest by UUID: who comes first keeps it.
void Model::rank(std::vector<Uuid>& claimants, const Uuid* in_ledger) const {
    std::ranges::sort(claimants, {}, [&](const Uuid& claimant) {
        bool other = !in_ledger || claimant != *in_ledger;
        return std::tuple(other, newcomers_.contains(claimant), claimant);
    });
}

void Model::index_networks() {
    for (const auto& network : rows_->vapp_network)
        if (network.parent)
            children_[*network.parent].push_back(network.uuid);
    for (auto& [parent, networks] : children_)
        std::ranges::sort(networks);
}

void Model::index_edges() {
    for (const auto& edge : rows_->edge_router)
        for (const Standing& standing : standings(*rows_, edge))
            if (!standing.outside)
                edges_[standing.network].push_back(edge.uuid);
    for (auto& [network, edges] : edges_)
        rank(edges, nullptr);
}

void Model::index_ledger() {
    for (const auto& allocation : rows_->address_allocation)
        if (!newcomers_.contains(allocation.uuid))
            ledger_[{allocation.network, allocation.address}] = &allocation;
}

void Model::index_addresses() {
    for (const auto& nic : rows_->nic)
        claim_of(nic);
    for (const auto& edge : rows_->edge_router)
        claim_of(edge);
    for (const auto& [key, allocation] : ledger_)
        if (allocation->nic)
            claim(key.segment, key.address, *allocation->nic);
    for (auto& [key, claimants] : holders_)
        if (claimants.size() > 1) {
            auto entry = ledger_.find(key);
            bool names_nic = entry != ledger_.end() && entry->second->nic;
            rank(claimants, names_nic ? &*entry->second->nic : nullptr);
        }
}

void Model::claim(const Uuid& segment, std::string address, const Uuid& claimant) {
    auto& claimants = holders_[{segment, std::move(address)}];
    if (std::ranges::find(claimants, claimant) == claimants.end())
        claimants.push_back(claimant);
}

void Model::claim_of(const northbound::Nic& nic) {
    auto segment = segment_of(nic);
    if (!segment || !may_attach(nic)) // which keeps nothing from the rightful ones
        return;
    if (!nic.mac.empty())
        claim(*segment, canonical_mac(nic.mac), nic.uuid);
    for (const auto& address : nic.addresses)
        claim(*segment, canonical_address(address), nic.uuid);
    const auto* network = nic.vapp_network ? rows_->vapp_network.find(*nic.vapp_network) : nullptr;
    if (network && network->parent && translates(*network))
        for (const auto& address : nic.outside_addresses)
            claim(*network->parent, canonical_address(address), nic.uuid);
}

void Model::claim_of(const northbound::EdgeRouter& edge) {
    for (const auto& [network, outside] : standings(*rows_, edge)) {
        claim(network, to_string(router_mac(edge, network)), edge.uuid);
        for (const IpAddr& address : router_addresses(edge, network))
            claim(network, to_string(address), edge.uuid);
    }
}

} // namespace ringfence::model
