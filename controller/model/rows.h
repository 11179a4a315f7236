// The northbound tables as checks and compile functions read them: row by row, each look-up told to
// an Observer, so that it is known what a result was made of. There is no iterating: who wants the
// rows that refer to a row asks an index (indexes.h). northbound::Tables convert to Rows by
// themselves.
#pragma once

#include "controller/model/facts.h"
#include "ovsdb/northbound.h"

namespace ringfence::model {

template <class Row> FactId row_fact(const ovsdb::Uuid& uuid) {
    return fact_id(&Row::table_info(), std::hash<ovsdb::Uuid>{}(uuid));
}

template <class Row> class View {
public:
    View(const ovsdb::Table<Row>& table, Observer* observer) : table_(table), observer_(observer) {}

    // Null when there is none. Valid until the row is replaced or erased.
    const Row* find(const ovsdb::Uuid& uuid) const {
        if (observer_)
            observer_->read(row_fact<Row>(uuid));
        return table_.find(uuid);
    }

private:
    const ovsdb::Table<Row>& table_;
    Observer* observer_;
};

// The tables outlive it.
struct Rows {
    View<northbound::Global> global;
    View<northbound::Host> host;
    View<northbound::Organization> organization;
    View<northbound::User> user;
    View<northbound::NetworkPool> network_pool;
    View<northbound::VirtualDataCenter> virtual_data_center;
    View<northbound::ExternalNetwork> external_network;
    View<northbound::OrganizationNetwork> organization_network;
    View<northbound::Vapp> vapp;
    View<northbound::VappNetwork> vapp_network;
    View<northbound::VirtualMachine> virtual_machine;
    View<northbound::Nic> nic;
    View<northbound::VniAllocation> vni_allocation;
    View<northbound::AddressAllocation> address_allocation;
    View<northbound::EdgeRouter> edge_router;
    View<northbound::NatRule> nat_rule;
    View<northbound::FirewallRule> firewall_rule;
    View<northbound::SecurityGroup> security_group;
    View<northbound::StaticRoute> static_route;
    View<northbound::DhcpOptions> dhcp_options;
    View<northbound::Task> task;

    Rows(const northbound::Tables& tables, Observer* o = nullptr) // NOLINT: converts, wanted
        : global(tables.global, o), host(tables.host, o), organization(tables.organization, o),
          user(tables.user, o), network_pool(tables.network_pool, o),
          virtual_data_center(tables.virtual_data_center, o),
          external_network(tables.external_network, o),
          organization_network(tables.organization_network, o), vapp(tables.vapp, o),
          vapp_network(tables.vapp_network, o), virtual_machine(tables.virtual_machine, o),
          nic(tables.nic, o), vni_allocation(tables.vni_allocation, o),
          address_allocation(tables.address_allocation, o), edge_router(tables.edge_router, o),
          nat_rule(tables.nat_rule, o), firewall_rule(tables.firewall_rule, o),
          security_group(tables.security_group, o), static_route(tables.static_route, o),
          dhcp_options(tables.dhcp_options, o), task(tables.task, o) {}
};

} // namespace ringfence::model
