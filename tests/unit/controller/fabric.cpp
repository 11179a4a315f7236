#include "tests/unit/controller/fabric.h"

#include <algorithm>

#include <fmt/format.h>

namespace ringfence::test {

southbound::HostStatus make_status(const std::string& host, const std::string& vtep,
                                   int64_t underlay_mtu) {
    southbound::HostStatus status;
    status.uuid = id("status/" + host);
    status.host = host;
    status.vtep_addresses = {vtep};
    status.underlay_mtu = underlay_mtu;
    return status;
}

southbound::PortClaim make_claim(const std::string& host, const std::string& port, bool ready,
                                 int64_t claimed) {
    southbound::PortClaim claim;
    claim.uuid = id("claim/" + host + "/" + port);
    claim.host = host;
    claim.port = port;
    claim.ready = ready;
    claim.claimed = claimed;
    return claim;
}

southbound::Tables fabric() {
    southbound::Tables rows;
    southbound::Lease lease;
    lease.uuid = id("lease");
    lease.epoch = 1;
    rows.lease.insert(lease);
    rows.host_status.insert(make_status("h1", "192.0.2.1"));
    rows.host_status.insert(make_status("h2", "192.0.2.2"));
    return rows;
}

compiler::Plan World::compile() {
    compiler_.compile();
    auto plan = compiler_.plan();
    change([&](auto&, auto& south) { compiler::apply(plan.changes(), south); });
    return plan;
}

compiler::Report World::report(int64_t time) {
    int64_t change_number = north_.global.empty() ? 0 : north_.global.begin()->change;
    auto report = compiler_.report({change_number, time});
    change([&](auto& north, auto&) { compiler::apply(report.changes(), north); });
    return report;
}

std::vector<std::string> lines(const southbound::Tables& rows) {
    std::vector<std::string> all;
    for (const auto& host : rows.host)
        all.push_back(fmt::format("host {} {} {}", host.name, host.kind,
                                  fmt::join(host.vtep_addresses, ",")));
    for (const auto& segment : rows.segment)
        all.push_back(fmt::format("segment {} {} of {}, MTU {}, {}{} <- {}", segment.vni,
                                  segment.kind, segment.organization, segment.mtu,
                                  segment.unknown_unicast,
                                  segment.vlan_transparent ? ", VLANs" : "", segment.intent));
    for (const auto& port : rows.logical_port) {
        const auto* segment = rows.segment.find(port.segment);
        all.push_back(fmt::format("port {} on {} at {}: {} [{}] {} <- {}", port.name,
                                  segment ? segment->vni : 0, port.host.value_or("-"), port.mac,
                                  fmt::join(port.addresses, ","), port.port_security, port.intent));
    }
    std::ranges::sort(all);
    return all;
}

std::string note_of(const compiler::Compiled& compiled, const Uuid& object) {
    auto note = compiled.notes.find(object);
    return note == compiled.notes.end() ? "" : note->second.text;
}

} // namespace ringfence::test
