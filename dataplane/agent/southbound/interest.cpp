#include "dataplane/agent/southbound/interest.h"

#include "dataplane/agent/southbound/followed.h"

namespace ringfence::agent {

namespace {

using southbound::AddressClaim;
using southbound::HostConfig;
using southbound::HostStatus;
using southbound::LogicalPort;
using southbound::PortClaim;

template <class Row>
std::vector<ovsdb::Condition<Row>> in_domains(const std::set<std::string>& domains) {
    std::vector<ovsdb::Condition<Row>> clauses;
    for (const std::string& domain : domains)
        clauses.push_back({Row::Column::domain, domain});
    return clauses;
}

std::vector<ovsdb::Condition<southbound::Dhcp>> of_ports(const std::set<std::string>& ports) {
    std::vector<ovsdb::Condition<southbound::Dhcp>> clauses;
    for (const std::string& port : ports)
        clauses.push_back({southbound::Dhcp::Column::port, port});
    return clauses;
}

} // namespace

Interest interest_from(const southbound::Tables& tables, const std::string& host,
                       const std::set<std::string>& iface_ids) {
    Interest interest{host, iface_ids, {}};
    for (const LogicalPort& port : tables.logical_port)
        if (iface_ids.contains(port.name))
            interest.domains.insert(port.domains.begin(), port.domains.end());
    return interest;
}

void choose_tables(ovsdb::Database<southbound::Schema>& database) {
    database.monitor_columns<southbound::Lease>({});
    database.monitor_columns<southbound::NatBlock>({});
    database.monitor_columns<southbound::Gateway>({});
    database.monitor_columns<southbound::BlockLog>({});
    database.monitor_columns<southbound::RBACRole>({});
    database.monitor_columns<southbound::RBACPermission>({});
}

void follow(ovsdb::Database<southbound::Schema>& database, const Interest& interest) {
    auto ports = in_domains<LogicalPort>(interest.domains);
    for (const std::string& name : interest.ports)
        ports.push_back({LogicalPort::Column::name, name});
    database.set_condition(ports);
    for_each_followed([&]<class Row>(ovsdb::Table<Row> southbound::Tables::*, auto) {
        if constexpr (std::is_same_v<Row, LogicalPort>)
            return; // by name, too
        else if constexpr (std::is_same_v<Row, southbound::Dhcp>)
            database.set_condition(of_ports(interest.ports));
        else if constexpr (!std::is_same_v<Row, southbound::Host>)
            database.set_condition(in_domains<Row>(interest.domains));
    });
    database.set_condition<HostConfig>({{HostConfig::Column::host, interest.host}});
    database.set_condition<HostStatus>({{HostStatus::Column::host, interest.host}});
    database.set_condition<PortClaim>({{PortClaim::Column::host, interest.host}});
    database.set_condition<AddressClaim>({{AddressClaim::Column::host, interest.host}});
}

} // namespace ringfence::agent
