#include "dataplane/agent/southbound/interest.h"

namespace ringfence::agent {

namespace {

using southbound::HostConfig;
using southbound::HostStatus;
using southbound::LearnedMac;
using southbound::LogicalPort;
using southbound::PortClaim;
using southbound::Segment;

template <class Row>
std::vector<ovsdb::Condition<Row>> in_domains(const std::set<std::string>& domains) {
    std::vector<ovsdb::Condition<Row>> clauses;
    for (const std::string& domain : domains)
        clauses.push_back({Row::Column::domain, domain});
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
    database.monitor_columns<southbound::Router>({});
    database.monitor_columns<southbound::RouterInterface>({});
    database.monitor_columns<southbound::Route>({});
    database.monitor_columns<southbound::Nat>({});
    database.monitor_columns<southbound::NatBlock>({});
    database.monitor_columns<southbound::Firewall>({});
    database.monitor_columns<southbound::AddressGroup>({});
    database.monitor_columns<southbound::Dhcp>({});
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
    database.set_condition(in_domains<Segment>(interest.domains));
    database.set_condition(in_domains<LearnedMac>(interest.domains));
    database.set_condition<HostConfig>({{HostConfig::Column::host, interest.host}});
    database.set_condition<HostStatus>({{HostStatus::Column::host, interest.host}});
    database.set_condition<PortClaim>({{PortClaim::Column::host, interest.host}});
}

} // namespace ringfence::agent
