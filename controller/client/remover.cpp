#include "controller/client/remover.h"

#include "controller/model/check.h"

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

Remover::Remover(Draft& draft, bool cascade) : draft_(draft), cascade_(cascade) {
    for (const nb::Nic& nic : draft.rows().nic)
        nics_of_vm_[nic.virtual_machine].push_back(nic.uuid);
    for (const nb::AddressAllocation& allocation : draft.rows().address_allocation)
        if (allocation.nic)
            ledger_of_nic_[*allocation.nic].push_back(allocation.uuid);
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

template <class Row>
void Remover::erase_all(const ovsdb::Table<Row> nb::Tables::*table, const auto& of) {
    for (const Row& row : copies(draft_.rows().*table, of))
        draft_.erase(row);
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
        if (auto removed = remove_all(&nb::Tables::organization_network, its); !removed)
            return removed;
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
    if (auto removed = finish("network", path_of(draft_.rows(), network).text(), network); !removed)
        return removed;
    erase_all(&nb::Tables::vni_allocation,
              [&](const auto& row) { return row.network == network.uuid; });
    return {};
}

Result<> Remover::remove(const nb::Vapp& vapp) {
    const auto its = [&](const auto& row) { return row.vapp == vapp.uuid; };
    if (cascade_) {
        if (auto removed = remove_all(&nb::Tables::virtual_machine, its); !removed)
            return removed;
        if (auto removed = remove_all(&nb::Tables::vapp_network, its); !removed)
            return removed;
    }
    return finish("vApp", path_of(draft_.rows(), vapp).text(), vapp);
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
    if (auto removed = finish("vApp network", path_of(draft_.rows(), network).text(), network);
        !removed)
        return removed;
    erase_all(&nb::Tables::vni_allocation, [&](const auto& row) { return row.network == uuid; });
    return {};
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
    removed_.push_back("NIC " + nic.port_name);
    draft_.erase(nic);
    return {};
}

} // namespace ringfence::client
