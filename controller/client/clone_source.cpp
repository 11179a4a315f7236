#include "controller/client/clone_source.h"

#include <algorithm>
#include <set>

#include "controller/client/updates.h"

namespace ringfence::client {

namespace {

template <class Row>
std::vector<Row> rows_where(const ovsdb::Table<Row>& table, const auto& wanted) {
    std::vector<Row> rows;
    std::ranges::copy_if(table, std::back_inserter(rows), wanted);
    std::ranges::sort(rows, {}, &Row::uuid); // the same draft from the same rows
    return rows;
}

} // namespace

Source read_source(const nb::Tables& rows, const nb::Vapp& vapp) {
    const auto its = [&](const auto& row) { return row.vapp == vapp.uuid; };
    Source source;
    source.vapp = vapp;
    source.networks = rows_where(rows.vapp_network, its);
    source.vms = rows_where(rows.virtual_machine, its);
    const auto uuids_of = [](const auto& list) {
        std::unordered_set<Uuid> uuids;
        for (const auto& row : list)
            uuids.insert(row.uuid);
        return uuids;
    };
    const auto vms = uuids_of(source.vms), networks = uuids_of(source.networks);
    source.nics =
        rows_where(rows.nic, [&](const auto& row) { return vms.contains(row.virtual_machine); });
    source.edges = rows_where(rows.edge_router, [&](const auto& row) {
        return row.vapp_network && networks.contains(*row.vapp_network);
    });
    source.dhcp = rows_where(rows.dhcp_options, [&](const auto& row) {
        return row.vapp_network && networks.contains(*row.vapp_network);
    });
    const auto edges = uuids_of(source.edges);
    source.routes = rows_where(rows.static_route,
                               [&](const auto& row) { return edges.contains(row.edge_router); });
    source.rules = rows_where(rows.firewall_rule, [&](const auto& row) {
        return row.edge_router && edges.contains(*row.edge_router);
    });
    return source;
}

void rely_on_source(Draft& draft, const Source& source) {
    std::set<Uuid> networks;
    for (const nb::VappNetwork& network : source.networks)
        if (network.parent)
            networks.insert(*network.parent);
    for (const nb::Nic& nic : source.nics)
        if (nic.organization_network)
            networks.insert(*nic.organization_network);
    for (const Uuid& network : networks)
        rely_on_addressing(draft, network);
}

FreeVnis::FreeVnis(const nb::Tables& rows, const nb::NetworkPool& pool)
    : next_(pool.first_vni), last_(pool.last_vni) {
    for (const nb::VniAllocation& row : rows.vni_allocation)
        taken_.insert(row.vni);
    for (const nb::OrganizationNetwork& row : rows.organization_network)
        taken_.insert(row.vni);
    for (const nb::VappNetwork& row : rows.vapp_network)
        taken_.insert(row.vni.value_or(0));
}

std::optional<int64_t> FreeVnis::take() {
    while (next_ <= last_ && taken_.contains(next_))
        ++next_;
    return next_ <= last_ ? std::optional(next_++) : std::nullopt;
}

} // namespace ringfence::client
