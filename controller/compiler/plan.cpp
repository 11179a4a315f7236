#include "controller/compiler/plan.h"

#include <algorithm>
#include <unordered_set>

#include "controller/compiler/difference.h"

namespace ringfence::compiler {
namespace {

using Domains = std::unordered_set<std::string>;

// The domains whose rows change: of a row that moves between two, both.
Domains changed_domains(const southbound::Changes& changes) {
    Domains domains;
    changes.each([&](const auto& of_table) {
        for (const auto& change : of_table)
            for (const auto* row : {change.before, change.after}) {
                if constexpr (requires { row->domain; })
                    if (row)
                        domains.insert(row->domain);
                if constexpr (requires { row->domains; })
                    if (row)
                        domains.insert(row->domains.begin(), row->domains.end());
            }
    });
    return domains;
}

// Adds the hosts that these tables show to need one of the domains.
void add_hosts_in(const southbound::Tables& tables, const Domains& domains,
                  std::set<std::string>& hosts) {
    std::unordered_set<std::string> ports;
    for (const auto& port : tables.logical_port) {
        if (std::ranges::none_of(port.domains, [&](auto& d) { return domains.contains(d); }))
            continue;
        ports.insert(port.name);
        if (port.host)
            hosts.insert(*port.host);
    }
    for (const auto& claim : tables.port_claim)
        if (ports.contains(claim.port))
            hosts.insert(claim.host);
}

std::set<std::string> hosts_in_service(const southbound::Tables& tables) {
    std::set<std::string> hosts;
    for (const auto& host : tables.host)
        if (host.kind == "ringfence")
            hosts.insert(host.name);
    return hosts;
}

void number_hosts(southbound::Tables& wanted, const std::set<std::string>& touched,
                  int64_t number) {
    std::vector<southbound::HostConfig> numbered;
    for (const auto& config : wanted.host_config)
        if (touched.contains(config.host))
            numbered.push_back(config);
    for (auto& config : numbered) {
        config.number = number;
        wanted.host_config.replace(std::move(config));
    }
}

} // namespace

std::set<std::string> touched_hosts(const southbound::Tables& before,
                                    const southbound::Tables& after,
                                    const southbound::Changes& changes) {
    auto served = hosts_in_service(before);
    served.merge(hosts_in_service(after));
    if (!changes.host.empty())
        return served;
    std::set<std::string> hosts;
    auto domains = changed_domains(changes);
    if (domains.empty())
        return hosts;
    add_hosts_in(before, domains, hosts);
    add_hosts_in(after, domains, hosts);
    std::erase_if(hosts, [&](const std::string& host) { return !served.contains(host); });
    return hosts;
}

Plan plan(const southbound::Tables& current, southbound::Tables wanted) {
    Plan plan;
    auto changes = difference(current, wanted);
    plan.empty = changes.empty();
    if (!plan.empty) {
        southbound::Lease lease = *wanted.lease.begin();
        ++lease.sequence;
        plan.touched = touched_hosts(current, wanted, changes);
        number_hosts(wanted, plan.touched, lease.sequence);
        wanted.lease.replace(std::move(lease));
    }
    plan.wanted = std::move(wanted);
    return plan;
}

} // namespace ringfence::compiler
