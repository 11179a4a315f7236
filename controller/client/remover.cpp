#include "controller/client/remover.h"

#include <algorithm>
#include <utility>

#include "controller/client/dhcp.h"
#include "controller/client/updates.h"
#include "controller/model/check.h"
#include "controller/model/edges.h"

namespace ringfence::client {

namespace {

// Pointers into the draft's tables die with each row that is erased; copies don't.
template <class Row> std::vector<Row> copies(const ovsdb::Table<Row>& table, const auto& wanted) {
    std::vector<Row> rows;
    for (const Row& row : table)
        if (wanted(row))
            rows.push_back(row);
    return rows;
}

} // namespace

Remover::Remover(Draft& draft, bool cascade) : draft_(draft), ledger_(draft), cascade_(cascade) {
    const nb::Tables& rows = draft.rows();
    for (const nb::Nic& nic : rows.nic)
        nics_of_vm_[nic.virtual_machine].push_back(nic.uuid);
    for (const nb::VirtualMachine& vm : rows.virtual_machine)
        vms_of_vapp_[vm.vapp].push_back(vm.uuid);
    for (const nb::VappNetwork& network : rows.vapp_network)
        networks_of_vapp_[network.vapp].push_back(network.uuid);
    for (const nb::VniAllocation& allocation : rows.vni_allocation)
        vnis_of_network_[allocation.network].push_back(allocation.uuid);
    for (const nb::StaticRoute& route : rows.static_route)
        routes_of_edge_[route.edge_router].push_back(route.uuid);
    for (const nb::EdgeRouter& edge : rows.edge_router)
        for (const auto& [network, outside] : model::standings(rows, edge))
            if (!outside)
                edges_of_network_[network].push_back(edge.uuid);
    for (const nb::FirewallRule& rule : rows.firewall_rule)
        for (const auto& owner : {rule.edge_router, rule.security_group})
            if (owner)
                rules_of_owner_[*owner].push_back(rule.uuid);
    for (const nb::DhcpOptions& options : rows.dhcp_options)
        for (const auto& network : {options.organization_network, options.vapp_network})
            if (network)
                dhcp_of_network_[*network].push_back(options.uuid);
    for (const nb::AddressAllocation& allocation : rows.address_allocation) {
        ledger_of_network_[allocation.network].push_back(allocation.uuid);
        if (allocation.nic)
            ledger_of_nic_[*allocation.nic].push_back(allocation.uuid);
    }
}

// Those that are still there.
template <class Row>
std::vector<Row> Remover::indexed(const ovsdb::Table<Row>& table, const Index& index,
                                  const Uuid& of) const {
    std::vector<Row> rows;
    if (const auto found = index.find(of); found != index.end())
        for (const Uuid& uuid : found->second)
            if (const Row* row = table.find(uuid))
                rows.push_back(*row);
    return rows;
}

template <class Row>
Result<> Remover::remove_all(const ovsdb::Table<Row> nb::Tables::*table, const auto& depends) {
    for (const Row& row : copies(draft_.rows().*table, depends))
        if (auto removed = remove(row); !removed)
            return removed;
    return {};
}

// The ledger rows of a network that is gone.
void Remover::erase_segment(const Uuid& network) {
    const nb::Tables& rows = draft_.rows();
    for (const auto& row : indexed(rows.vni_allocation, vnis_of_network_, network))
        draft_.erase(row);
    for (const auto& row : indexed(rows.address_allocation, ledger_of_network_, network))
        draft_.erase(row);
    for (const auto& row : indexed(rows.dhcp_options, dhcp_of_network_, network))
        draft_.erase(row);
}

// An edge router's routes and rules go with it.
void Remover::erase_edge(const nb::EdgeRouter& edge) {
    for (const auto& rule : indexed(draft_.rows().firewall_rule, rules_of_owner_, edge.uuid))
        draft_.erase(rule);
    for (const auto& route : indexed(draft_.rows().static_route, routes_of_edge_, edge.uuid))
        draft_.erase(route);
    for (const auto& standing : model::standings(draft_.rows(), edge))
        unsettled_.insert(standing.network);
    ledger_.remove(entries_of(draft_.rows(), edge));
    draft_.erase(edge);
}

// Where DHCP was answered from a router's address it needs one of its own now; or none any more.
void Remover::settle() {
    const nb::Tables& rows = draft_.rows();
    for (const Uuid& network : unsettled_)
        if (rows.organization_network.find(network) || rows.vapp_network.find(network)) {
            draft_.rely_on_all(); // fences and routers may come meanwhile
            settle_dhcp(draft_, ledger_, network);
        }
}

// Those of an organization whose NICs and edge routers are gone.
void Remover::erase_groups(const Uuid& organization) {
    for (const auto& group : copies(draft_.rows().security_group, [&](const auto& row) {
             return row.organization == organization;
         })) {
        for (const auto& rule : indexed(draft_.rows().firewall_rule, rules_of_owner_, group.uuid))
            draft_.erase(rule);
        removed_.push_back("security group " + path_of(draft_.rows(), group).text());
        draft_.erase(group);
    }
}

// With cascade nothing that we know of uses it any more; the database's references are the judge.
template <class Row>
Result<> Remover::finish(const char* kind, const std::string& name, const Row& row) {
    if (!cascade_) {
        if (auto unused = model::check_unused(model::Model(draft_.rows()), row); !unused)
            return fail(unused.error().kind, "{}, or say cascade to delete them, too",
                        unused.error().text);
    }
    removed_.push_back(fmt::format("{} {}", kind, name));
    draft_.erase(row);
    return {};
}

Result<> Remover::remove(const nb::Host& host) {
    if (cascade_) {
        for (nb::Nic nic : copies(draft_.rows().nic, [&](const nb::Nic& nic) {
                 return nic.foreign_host == host.uuid;
             })) {
            nic.foreign_host.reset();
            draft_.update(nic, nb::Nic::Column::foreign_host);
        }
        for (nb::VirtualDataCenter vdc :
             copies(draft_.rows().virtual_data_center,
                    [&](const auto& row) { return row.hosts.contains(host.uuid); })) {
            vdc.hosts.erase(host.uuid);
            draft_.update(vdc, nb::VirtualDataCenter::Column::hosts);
        }
    }
    return finish("host", host.name, host);
}

Result<> Remover::remove(const nb::Organization& organization) {
    const auto its = [&](const auto& row) { return row.organization == organization.uuid; };
    if (cascade_) {
        if (auto removed = remove_all(&nb::Tables::vapp, its); !removed)
            return removed;
        if (auto removed = remove_all(&nb::Tables::edge_router, its); !removed)
            return removed;
        if (auto removed = remove_all(&nb::Tables::organization_network, its); !removed)
            return removed;
        erase_groups(organization.uuid);
    }
    // A virtual data center that nothing uses is no reason to refuse.
    for (const auto& vdc : copies(draft_.rows().virtual_data_center, its))
        if (model::check_unused(model::Model(draft_.rows()), vdc))
            if (auto removed = remove(vdc); !removed)
                return removed;
    return finish("organization", organization.name, organization);
}

Result<> Remover::remove(const nb::VirtualDataCenter& data_center) {
    const auto its = [&](const auto& row) { return row.data_center == data_center.uuid; };
    if (cascade_) {
        if (auto removed = remove_all(&nb::Tables::vapp, its); !removed)
            return removed;
        if (auto removed = remove_all(&nb::Tables::organization_network, its); !removed)
            return removed;
    }
    return finish("virtual data center", path_of(draft_.rows(), data_center).text(), data_center);
}

// Nothing goes along with a pool: what draws from it would be left without.
Result<> Remover::remove(const nb::NetworkPool& pool) {
    if (auto unused = model::check_unused(model::Model(draft_.rows()), pool); !unused)
        return unused;
    return finish("network pool", pool.name, pool);
}

Result<> Remover::remove(const nb::OrganizationNetwork& network) {
    if (cascade_) {
        if (auto removed = remove_all(&nb::Tables::vapp_network,
                                      [&](const auto& row) { return row.parent == network.uuid; });
            !removed)
            return removed;
        if (auto removed = remove_all(
                &nb::Tables::nic,
                [&](const auto& row) { return row.organization_network == network.uuid; });
            !removed)
            return removed;
    }
    if (cascade_)
        for (const nb::EdgeRouter& edge :
             indexed(draft_.rows().edge_router, edges_of_network_, network.uuid))
            if (auto detached = detach(edge, network); !detached)
                return detached;
    const Uuid uuid = network.uuid;
    return finish("network", path_of(draft_.rows(), network).text(), network).map([&] {
        erase_segment(uuid);
    });
}

// The routes that lead into the network go with it.
Result<> Remover::detach(nb::EdgeRouter edge, const nb::OrganizationNetwork& network) {
    const auto addressing = model::addressing_of(draft_.rows(), network.uuid);
    const auto lies_there = [&](const std::string& text) {
        const auto hop = IpAddr::from(text);
        return hop && addressing.subnet_of(*hop);
    };
    for (const auto& route : indexed(draft_.rows().static_route, routes_of_edge_, edge.uuid))
        if (std::ranges::any_of(route.next_hops, lies_there))
            if (auto removed = remove(route); !removed)
                return removed;
    edge.networks.erase(network.uuid);
    edge.addresses.erase(to_string(network.uuid));
    draft_.update(edge, nb::EdgeRouter::Column::networks | nb::EdgeRouter::Column::addresses);
    return {};
}

// A vApp goes as a unit, with all that is inside.
Result<> Remover::remove(const nb::Vapp& vapp) {
    const bool cascade = std::exchange(cascade_, true);
    const nb::Tables& rows = draft_.rows();
    for (const auto& vm : indexed(rows.virtual_machine, vms_of_vapp_, vapp.uuid))
        if (auto removed = remove(vm); !removed)
            return removed;
    for (const auto& network : indexed(rows.vapp_network, networks_of_vapp_, vapp.uuid))
        if (auto removed = remove(network); !removed)
            return removed;
    auto removed = finish("vApp", path_of(rows, vapp).text(), vapp);
    cascade_ = cascade;
    return removed;
}

Result<> Remover::remove(const nb::VappNetwork& network) {
    if (cascade_) {
        if (auto removed =
                remove_all(&nb::Tables::nic,
                           [&](const auto& row) { return row.vapp_network == network.uuid; });
            !removed)
            return removed;
    }
    const Uuid uuid = network.uuid;
    const auto edges = indexed(draft_.rows().edge_router, edges_of_network_, uuid);
    for (const nb::EdgeRouter& edge : edges)
        erase_edge(edge); // while its network says what its parent is
    return finish("vApp network", path_of(draft_.rows(), network).text(), network).map([&] {
        erase_segment(uuid);
    });
}

Result<> Remover::remove(const nb::VirtualMachine& vm) {
    if (cascade_)
        for (const nb::Nic& nic : indexed(draft_.rows().nic, nics_of_vm_, vm.uuid))
            if (auto removed = remove(nic); !removed)
                return removed;
    return finish("VM", path_of(draft_.rows(), vm).text(), vm);
}

Result<> Remover::remove(const nb::Nic& nic) {
    for (const auto& row : indexed(draft_.rows().address_allocation, ledger_of_nic_, nic.uuid))
        draft_.erase(row);
    const Entries shared = shared_entries(draft_.rows(), nic);
    removed_.push_back("NIC " + nic.port_name);
    draft_.erase(nic);
    ledger_.remove(shared); // unless another one has it
    return {};
}

Result<> Remover::remove(const nb::EdgeRouter& edge) {
    const std::string name = path_of(draft_.rows(), edge).text();
    if (edge.vapp_network)
        return fail(ErrorKind::conflict,
                    "edge {}: goes with its vApp network; delete that, or give it another mode",
                    name);
    if (!cascade_)
        if (auto unused = model::check_unused(model::Model(draft_.rows()), edge); !unused)
            return fail(unused.error().kind, "{}, or say cascade to detach them",
                        unused.error().text);
    if (!edge.networks.empty()) // what isn't translated needs it, and stays
        keep_sound(draft_, draft_.rows().vapp_network);
    for (const Uuid& uuid : edge.networks)
        if (const auto* attached = draft_.rows().organization_network.find(uuid)) {
            nb::OrganizationNetwork network = *attached;
            network.mode = "isolated";
            draft_.update(network, nb::OrganizationNetwork::Column::mode);
        }
    removed_.push_back("edge " + name);
    erase_edge(edge);
    return {};
}

// Its rules go with it, and what NICs have of it; rules of others that name it don't.
Result<> Remover::remove(const nb::SecurityGroup& group) {
    if (cascade_)
        for (nb::Nic nic : copies(draft_.rows().nic, [&](const nb::Nic& nic) {
                 return nic.security_groups.contains(group.uuid);
             })) {
            nic.security_groups.erase(group.uuid);
            draft_.update(nic, nb::Nic::Column::security_groups);
        }
    if (auto unused = model::check_unused(model::Model(draft_.rows()), group); !unused)
        return fail(unused.error().kind, "{}{}", unused.error().text,
                    cascade_ ? "" : ", or say cascade to take its NICs out of it");
    for (const auto& rule : indexed(draft_.rows().firewall_rule, rules_of_owner_, group.uuid))
        draft_.erase(rule);
    removed_.push_back("security group " + path_of(draft_.rows(), group).text());
    draft_.erase(group);
    return {};
}

Result<> Remover::remove(const nb::StaticRoute& route) {
    const auto* edge = draft_.rows().edge_router.find(route.edge_router);
    removed_.push_back(fmt::format("route {} of {}", route.prefix,
                                   edge ? path_of(draft_.rows(), *edge).text() : "?"));
    draft_.erase(route);
    return {};
}

} // namespace ringfence::client
