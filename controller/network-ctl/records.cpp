#include "controller/network-ctl/records.h"

#include <ctime>

#include <fmt/chrono.h>

namespace ringfence::ctl {

namespace {

constexpr bool in_full_only = false;

Value number_or_none(const std::optional<int64_t>& number) {
    return number ? Value(*number) : Value();
}

Value text_or_none(const std::string& text) { return text.empty() ? Value() : Value(text); }

void add(Record& record, const client::Segment& segment) {
    record.insert(record.end(), {{"mtu", number_or_none(segment.mtu)},
                                 {"subnets", segment.subnets},
                                 {"gateways", segment.gateways, in_full_only},
                                 {"ranges", segment.ranges, in_full_only},
                                 {"unknown_unicast", segment.unknown_unicast, in_full_only},
                                 {"vlan_transparent", segment.vlan_transparent, in_full_only},
                                 {"inbound", text_or_none(segment.inbound), in_full_only},
                                 {"log_default", segment.log_default, in_full_only}});
}

std::string utc(int64_t milliseconds) { // RFC 3339
    const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), milliseconds % 1000);
}

} // namespace

Record record(const client::Global& global) {
    return {{"admit_hosts", std::string(global.admit_hosts ? "auto" : "manual")},
            {"change", global.change},
            {"compiled", global.compiled}};
}

Record record(const client::Host& host) {
    return {{"host", host.name},
            {"kind", host.kind},
            {"admitted", host.admitted},
            {"vtep_addresses", host.vtep_addresses},
            {"required", host.required, in_full_only},
            {"applied", host.applied, in_full_only},
            {"reported", host.reported, in_full_only},
            {"trouble", host.trouble, in_full_only},
            {"status", host.status}};
}

Record record(const client::Organization& organization) {
    return {{"organization", organization.name},
            {"description", organization.description},
            {"enabled", organization.enabled},
            {"log_server", text_or_none(organization.log_server), in_full_only},
            {"status", organization.status}};
}

Record record(const client::DataCenter& data_center) {
    return {{"vdc", data_center.path.text()},
            {"network_pool", data_center.network_pool},
            {"all_hosts", data_center.all_hosts},
            {"hosts", data_center.hosts},
            {"status", data_center.status}};
}

Record record(const client::NetworkPool& pool) {
    return {{"network_pool", pool.name},
            {"first_vni", pool.first_vni},
            {"last_vni", pool.last_vni},
            {"used", pool.used},
            {"status", pool.status}};
}

Record record(const client::Network& network) {
    Record record{{"network", network.path.text()},
                  {"vdc", network.data_center},
                  {"mode", network.mode},
                  {"edge", text_or_none(network.edge)},
                  {"vni", network.vni}};
    add(record, network.segment);
    record.push_back({"status", network.status});
    return record;
}

Record record(const client::Vapp& vapp) {
    return {{"vapp", vapp.path.text()},
            {"vdc", vapp.data_center},
            {"deployed", vapp.deployed},
            {"status", vapp.status}};
}

Record record(const client::VappNetwork& network) {
    Record record{{"vapp_network", network.path.text()},
                  {"mode", network.mode},
                  {"parent", text_or_none(network.parent)},
                  {"translation", text_or_none(network.translation)},
                  {"edge_addresses", network.edge_addresses},
                  {"vni", number_or_none(network.vni)}};
    add(record, network.segment);
    record.push_back({"status", network.status});
    return record;
}

Record record(const client::Vm& vm) { return {{"vm", vm.path.text()}, {"status", vm.status}}; }

Record record(const client::Nic& nic) {
    return {{"port_name", nic.port_name},
            {"nic", nic.path.text(), in_full_only},
            {"network", nic.network},
            {"mac", nic.mac},
            {"addresses", nic.addresses},
            {"outside_addresses", nic.outside_addresses},
            {"allocation", nic.allocation, in_full_only},
            {"port_security", nic.port_security},
            {"hostname", text_or_none(nic.hostname), in_full_only},
            {"trusted_relay", nic.trusted_relay, in_full_only},
            {"dhcp_server", nic.dhcp_server, in_full_only},
            {"security_groups", nic.security_groups, in_full_only},
            {"virtual_addresses", nic.virtual_addresses, in_full_only},
            {"held_addresses", nic.held_addresses, in_full_only},
            {"foreign_host", text_or_none(nic.foreign_host), in_full_only},
            {"bound_host", text_or_none(nic.bound_host)},
            {"status", nic.status}};
}

Record record(const client::Edge& edge) {
    return {{"edge", edge.path.text()},
            {"translation", edge.translation},
            {"addresses", edge.addresses},
            {"routes", edge.routes},
            {"status", edge.status}};
}

Record record(const client::Route& route) {
    return {{"prefix", route.prefix},
            {"edge", route.edge.text()},
            {"next_hops", route.next_hops},
            {"status", route.status}};
}

Record record(const client::Address& address) {
    return {{"address", address.address},
            {"network", address.network.text()},
            {"kind", address.kind},
            {"nic", text_or_none(address.nic)},
            {"owner", address.owner}};
}

Record record(const client::AddressCounts& counts) {
    std::map<std::string, std::string> kinds;
    for (const auto& [kind, count] : counts.kinds)
        kinds[kind] = std::to_string(count);
    return {{"network", counts.network.text()},
            {"ranges", counts.ranges},
            {"size", counts.size},
            {"free", counts.free},
            {"used", counts.used},
            {"used_by_kind", kinds},
            {"macs", counts.macs}};
}

Record record(const client::SecurityGroup& group) {
    return {{"security_group", group.path.text()},
            {"default_in", group.default_in},
            {"default_out", group.default_out},
            {"log_default", group.log_default, in_full_only},
            {"rules", group.rules},
            {"nics", group.nics},
            {"status", group.status}};
}

Record record(const client::FirewallRule& rule) {
    const client::Match& match = rule.match;
    return {{"number", rule.name.number},
            {"tier", rule.name.tier},
            {"direction", match.direction},
            {"action", rule.action},
            {"source", match.source},
            {"source_ports", match.source_ports, in_full_only},
            {"destination", match.destination},
            {"protocol", text_or_none(match.protocol)},
            {"ports", match.destination_ports},
            {"icmp_types", match.icmp_types, in_full_only},
            {"match_on_translate", match.translated, in_full_only},
            {"enabled", rule.enabled},
            {"log", rule.log, in_full_only},
            {"owner", rule.name.owner, in_full_only},
            {"path", rule.path, in_full_only},
            {"status", rule.status}};
}

Limits limits_of(const client::Nic& nic) {
    return {nic.port_name, nic.limits, nic.effective_limits, nic.status};
}

Limits limits_of(const client::DataCenter& data_center) {
    return {"vdc:" + data_center.path.text(), data_center.limits, data_center.limits,
            data_center.status};
}

Record record(const Limits& limits) {
    const auto texts = [](const client::LimitMap& map) {
        std::map<std::string, std::string> all;
        for (const auto& [name, value] : map)
            all[name] = std::to_string(value);
        return all;
    };
    return {{"target", limits.target},
            {"limits", texts(limits.effective)},
            {"own", texts(limits.own), in_full_only},
            {"status", limits.status}};
}

Record record(const client::Dhcp& dhcp) {
    return {{"network", dhcp.path.text()},
            {"enabled", dhcp.enabled},
            {"options", dhcp.options},
            {"addresses", dhcp.addresses},
            {"status", dhcp.status}};
}

Record record(const client::Event& event) {
    return {{"time", utc(event.time)},
            {"kind", event.kind},
            {"objects", event.objects},
            {"hosts", event.hosts},
            {"text", event.text}};
}

} // namespace ringfence::ctl
