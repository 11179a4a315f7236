#include "controller/model/paths.h"

#include "controller/model/names.h"

namespace ringfence::model {
namespace {

template <class Row>
std::string path_in(const Rows& rows, const View<Row>& table, const Uuid& uuid) {
    const Row* row = table.find(uuid);
    return row ? path(rows, *row) : "?";
}
std::string in_organization(const Rows& rows, const Uuid& uuid) {
    return path_in(rows, rows.organization, uuid);
}
std::string in_vapp(const Rows& rows, const Uuid& uuid) { return path_in(rows, rows.vapp, uuid); }
std::string in_edge(const Rows& rows, const Uuid& uuid) {
    return path_in(rows, rows.edge_router, uuid);
}

} // namespace

std::string path(const Rows&, const northbound::Global&) { return "global"; }

std::string path(const Rows&, const northbound::Host& host) { return "host/" + shown(host.name); }

std::string path(const Rows&, const northbound::NetworkPool& pool) {
    return "network-pool/" + shown(pool.name);
}

std::string path(const Rows&, const northbound::ExternalNetwork& network) {
    return "external-network/" + shown(network.name);
}

std::string path(const Rows&, const northbound::Organization& organization) {
    return "org/" + shown(organization.name);
}

std::string path(const Rows& rows, const northbound::User& user) {
    return in_organization(rows, user.organization) + "/user/" + shown(user.name);
}

std::string path(const Rows& rows, const northbound::VirtualDataCenter& vdc) {
    return in_organization(rows, vdc.organization) + "/vdc/" + shown(vdc.name);
}

std::string path(const Rows& rows, const northbound::OrganizationNetwork& network) {
    return in_organization(rows, network.organization) + "/network/" + shown(network.name);
}

std::string path(const Rows& rows, const northbound::SecurityGroup& group) {
    return in_organization(rows, group.organization) + "/security-group/" + shown(group.name);
}

std::string path(const Rows& rows, const northbound::EdgeRouter& edge) {
    return in_organization(rows, edge.organization) + "/edge/" + shown(edge.name);
}

std::string path(const Rows& rows, const northbound::NatRule& rule) {
    return in_edge(rows, rule.edge_router) + "/nat/" + std::to_string(rule.number);
}

std::string path(const Rows& rows, const northbound::StaticRoute& route) {
    return in_edge(rows, route.edge_router) + "/route/" + shown(route.prefix);
}

std::string path(const Rows& rows, const northbound::FirewallRule& rule) {
    std::string owner = "?";
    if (rule.edge_router)
        owner = in_edge(rows, *rule.edge_router);
    else if (rule.security_group)
        owner = path_in(rows, rows.security_group, *rule.security_group);
    const char* tier = rule.tier == "provider" ? "provider/" : "";
    return owner + "/firewall/" + tier + std::to_string(rule.number);
}

std::string path(const Rows& rows, const northbound::Vapp& vapp) {
    return in_organization(rows, vapp.organization) + "/vapp/" + shown(vapp.name);
}

std::string path(const Rows& rows, const northbound::VappNetwork& network) {
    return in_vapp(rows, network.vapp) + "/network/" + shown(network.name);
}

std::string path(const Rows& rows, const northbound::VirtualMachine& vm) {
    return in_vapp(rows, vm.vapp) + "/vm/" + shown(vm.name);
}

std::string path(const Rows& rows, const northbound::DhcpOptions& options) {
    const auto& network =
        options.vapp_network ? options.vapp_network : options.organization_network;
    return (network ? network_path(rows, *network) : "?") + "/dhcp";
}

std::string path(const Rows&, const northbound::Task& task) { return "task/" + shown(task.name); }

std::string path(const Rows& rows, const northbound::Nic& nic) {
    const auto* vm = rows.virtual_machine.find(nic.virtual_machine);
    std::string where = vm ? in_vapp(rows, vm->vapp) : "?";
    if (nic.vapp_network)
        where = path_in(rows, rows.vapp_network, *nic.vapp_network);
    return where + "/nic/" + (vm ? shown(vm->name) : "?") + "/" + std::to_string(nic.number);
}

std::string network_path(const Rows& rows, const Uuid& network) {
    if (rows.organization_network.find(network))
        return path_in(rows, rows.organization_network, network);
    return path_in(rows, rows.vapp_network, network);
}

std::string nic_path(const Rows& rows, const Uuid& nic) { return path_in(rows, rows.nic, nic); }

std::string holder_path(const Rows& rows, const Uuid& holder) {
    return rows.edge_router.find(holder) ? in_edge(rows, holder) : nic_path(rows, holder);
}

} // namespace ringfence::model
