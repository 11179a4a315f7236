// Who still uses an object that is to be deleted.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "controller/model/check.h"
#include "controller/model/firewall.h"
#include "controller/model/paths.h"

namespace ringfence::model {
namespace {

constexpr size_t most_named = 3;

class Dependents {
public:
    explicit Dependents(const northbound::Tables& rows) : rows_(rows) {}

    template <class Row, class Uses> Dependents& of(const ovsdb::Table<Row>& table, Uses uses) {
        for (const auto& row : table)
            if (uses(row))
                paths_.push_back(path(rows_, row));
        return *this;
    }

    Result<> refuse(const std::string& object) {
        if (paths_.empty())
            return {};
        std::ranges::sort(paths_);
        size_t named = std::min(paths_.size(), most_named);
        return fail(
            ErrorKind::conflict, "{}: is used by {}{}; delete those first", object,
            fmt::join(paths_.begin(), paths_.begin() + static_cast<std::ptrdiff_t>(named), ", "),
            paths_.size() > named ? fmt::format(" and {} more", paths_.size() - named) : "");
    }

private:
    const northbound::Tables& rows_;
    std::vector<std::string> paths_;
};

} // namespace

Result<> check_unused(const Model& model, const northbound::Organization& organization) {
    const auto& rows = model.tables();
    auto its = [&](const auto& row) { return row.organization == organization.uuid; };
    return Dependents(rows)
        .of(rows.virtual_data_center, its)
        .of(rows.organization_network, its)
        .of(rows.vapp, its)
        .of(rows.user, its)
        .of(rows.edge_router, its)
        .of(rows.security_group, its)
        .refuse(path(rows, organization));
}

Result<> check_unused(const Model& model, const northbound::VirtualDataCenter& vdc) {
    const auto& rows = model.tables();
    auto its = [&](const auto& row) { return row.data_center == vdc.uuid; };
    return Dependents(rows)
        .of(rows.organization_network, its)
        .of(rows.vapp, its)
        .refuse(path(rows, vdc));
}

Result<> check_unused(const Model& model, const northbound::NetworkPool& pool) {
    const auto& rows = model.tables();
    std::set<Uuid> drawn; // from it, maybe before their data center got another pool
    for (const auto& entry : rows.vni_allocation)
        if (entry.network_pool == pool.uuid)
            drawn.insert(entry.network);
    auto is_drawn = [&](const auto& row) { return drawn.contains(row.uuid); };
    return Dependents(rows)
        .of(rows.virtual_data_center,
            [&](const auto& row) { return row.network_pool == pool.uuid; })
        .of(rows.organization_network, is_drawn)
        .of(rows.vapp_network, is_drawn)
        .refuse(path(rows, pool));
}

Result<> check_unused(const Model& model, const northbound::Host& host) {
    const auto& rows = model.tables();
    return Dependents(rows)
        .of(rows.virtual_data_center,
            [&](const auto& row) { return row.hosts.contains(host.uuid); })
        .of(rows.nic, [&](const auto& row) { return row.foreign_host == host.uuid; })
        .refuse(path(rows, host));
}

Result<> check_unused(const Model& model, const northbound::OrganizationNetwork& network) {
    const auto& rows = model.tables();
    return Dependents(rows)
        .of(rows.vapp_network, [&](const auto& row) { return row.parent == network.uuid; })
        .of(rows.nic, [&](const auto& row) { return row.organization_network == network.uuid; })
        .of(rows.edge_router, [&](const auto& row) { return row.networks.contains(network.uuid); })
        .refuse(path(rows, network));
}

Result<> check_unused(const Model& model, const northbound::Vapp& vapp) {
    const auto& rows = model.tables();
    auto its = [&](const auto& row) { return row.vapp == vapp.uuid; };
    return Dependents(rows)
        .of(rows.vapp_network, its)
        .of(rows.virtual_machine, its)
        .refuse(path(rows, vapp));
}

Result<> check_unused(const Model& model, const northbound::VappNetwork& network) {
    const auto& rows = model.tables();
    return Dependents(rows)
        .of(rows.nic, [&](const auto& row) { return row.vapp_network == network.uuid; })
        .refuse(path(rows, network));
}

Result<> check_unused(const Model& model, const northbound::VirtualMachine& vm) {
    const auto& rows = model.tables();
    return Dependents(rows)
        .of(rows.nic, [&](const auto& row) { return row.virtual_machine == vm.uuid; })
        .refuse(path(rows, vm));
}

// By NICs, and by other groups' and edge routers' rules; its own go with it.
Result<> check_unused(const Model& model, const northbound::SecurityGroup& group) {
    const auto& rows = model.tables();
    const std::string word = std::string(group_word) + to_string(group.uuid);
    return Dependents(rows)
        .of(rows.nic, [&](const auto& row) { return row.security_groups.contains(group.uuid); })
        .of(rows.firewall_rule,
            [&](const auto& row) {
                return row.security_group != group.uuid &&
                       (row.source.contains(word) || row.destination.contains(word));
            })
        .refuse(path(rows, group));
}

Result<> check_unused(const Model& model, const northbound::EdgeRouter& edge) {
    const auto& rows = model.tables();
    return Dependents(rows)
        .of(rows.organization_network,
            [&](const auto& row) { return edge.networks.contains(row.uuid); })
        .refuse(path(rows, edge));
}

} // namespace ringfence::model
