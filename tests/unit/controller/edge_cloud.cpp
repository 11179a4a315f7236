#include "tests/unit/controller/edge_cloud.h"

#include <algorithm>

#include <fmt/format.h>

namespace ringfence::test {
namespace {

constexpr int64_t first_vapp_vni = 6000;

northbound::VappNetwork front_of(const VappShape& shape, int64_t vni) {
    northbound::VappNetwork network;
    network.uuid = id("vapp-network/" + shape.name);
    network.vapp = id("vapp/" + shape.name);
    network.name = "front";
    network.mode = shape.mode;
    network.parent = id("network/" + shape.parent);
    network.vni = vni;
    network.unknown_unicast = "flood";
    if (!shape.translation.empty())
        network.translation = shape.translation;
    if (shape.mode == "nat-routed") {
        network.subnets = {"192.168.5.0/24"};
        network.gateways = {"192.168.5.1"};
    }
    return network;
}

northbound::EdgeRouter edge_of(const VappShape& shape, const northbound::VappNetwork& network) {
    northbound::EdgeRouter edge;
    edge.uuid = id("edge/" + shape.name);
    edge.organization = id("org/acme");
    edge.name = shape.name + "/front";
    edge.vapp_network = network.uuid;
    edge.translation = network.translation.value_or("one-to-one");
    edge.addresses[to_string(*network.parent)] = fmt::format("{}", fmt::join(shape.own, ","));
    if (!network.gateways.empty())
        edge.addresses[to_string(network.uuid)] = *network.gateways.begin();
    return edge;
}

// UUIDs in texts are shown as paths.
class Names {
public:
    explicit Names(const southbound::Tables& rows) {
        for (const auto& segment : rows.segment)
            names_[to_string(segment.uuid)] = shorten(segment.intent);
        for (const auto& router : rows.router)
            names_[router.name.substr(router.name.find('/') + 1)] = shorten(router.intent);
        for (const auto& interface : rows.router_interface)
            names_[to_string(interface.uuid)] = of(interface.segment);
    }
    std::string of(const Uuid& uuid) const { return of(to_string(uuid)); }
    // "inbound/UUID", "segment/UUID", or a UUID alone.
    std::string of(const std::string& text) const {
        auto name = names_.find(text.substr(text.rfind('/') + 1));
        return name == names_.end() ? text : name->second;
    }
    std::string of(const std::set<std::string>& texts) const {
        std::set<std::string> all;
        for (const auto& text : texts)
            all.insert(of(text));
        return fmt::format("{}", fmt::join(all, " "));
    }
    static std::string shorten(std::string path) {
        for (const std::string part : {"org/acme/", "vapp/", "network/"})
            while (path.find(part) != path.npos)
                path.erase(path.find(part), part.size());
        return path;
    }

private:
    std::map<std::string, std::string> names_;
};

std::string route_line(const Names& names, const southbound::Route& route) {
    return fmt::format("route {}: {} on {}{}{} @ {}", names.of(route.router), route.prefix,
                       names.of(route.interface), route.next_hops.empty() ? "" : " via ",
                       fmt::join(route.next_hops, " "), names.of(route.domain));
}

std::string nat_line(const Names& names, const southbound::Nat& nat) {
    return fmt::format("nat {} on {}: {} of {} at {} behind {} @ {}", nat.external_address,
                       names.of(nat.segment), nat.inside_address, nat.owner, nat.host.value_or("-"),
                       names.of(nat.router), names.of(nat.domain));
}

} // namespace

northbound::Tables empty_cloud() {
    auto rows = cloud();
    for (const char* nic : {"nic/web-0/0", "nic/web-1/0"})
        rows.nic.erase(id(nic));
    for (const char* vm : {"vm/web-0", "vm/web-1"})
        rows.virtual_machine.erase(id(vm));
    for (const char* network : {"vapp-network/front", "vapp-network/edge"})
        rows.vapp_network.erase(id(network));
    rows.vapp.erase(id("vapp/shop"));
    edit(rows.network_pool, "pool", [](auto& pool) { pool.last_vni = 99999; });
    return rows;
}

void add_vapp(northbound::Tables& rows, const VappShape& shape) {
    northbound::Vapp vapp;
    vapp.uuid = id("vapp/" + shape.name);
    vapp.organization = id("org/acme");
    vapp.data_center = id("vdc/acme");
    vapp.name = shape.name;
    vapp.deployed = true;
    rows.vapp.insert(vapp);
    auto network = front_of(shape, first_vapp_vni + static_cast<int64_t>(rows.vapp_network.size()));
    rows.edge_router.insert(edge_of(shape, network));
    rows.vapp_network.insert(network);
}

void add_vm(northbound::Tables& rows, const std::string& vapp, const std::string& name,
            std::set<std::string> inside, std::set<std::string> outside) {
    auto vm = make_vm(vapp + "/" + name);
    vm.vapp = id("vapp/" + vapp);
    vm.name = name;
    rows.virtual_machine.insert(vm);
    auto nic = make_nic(vapp + "/" + name, 0, "02:00:00:00:00:10", std::move(inside));
    nic.uuid = id("nic/" + vapp + "/" + name);
    nic.virtual_machine = vm.uuid;
    nic.port_name = fmt::format("acme/{}/{}/0", vapp, name);
    nic.vapp_network = id("vapp-network/" + vapp);
    nic.outside_addresses = std::move(outside);
    rows.nic.insert(nic);
}

void add_network(northbound::Tables& rows, const std::string& name, int64_t vni,
                 const std::string& subnet, const std::string& gateway) {
    auto network = *rows.organization_network.find(id("network/acme"));
    network.uuid = id("network/" + name);
    network.name = name;
    network.vni = vni;
    network.subnets = {subnet};
    network.gateways = {gateway};
    network.ranges.clear();
    rows.organization_network.insert(network);
}

void add_edge(northbound::Tables& rows, const std::set<std::string>& networks) {
    std::map<std::string, std::string> addresses;
    for (const auto& name : networks)
        edit(rows.organization_network, "network/" + name, [&](auto& network) {
            network.mode = "routed";
            addresses["network/" + name] = fmt::format("{}", fmt::join(network.gateways, ","));
        });
    rows.edge_router.insert(make_edge("main", addresses));
}

void add_static_route(northbound::Tables& rows, const std::string& edge, const std::string& prefix,
                      std::set<std::string> next_hops) {
    northbound::StaticRoute route;
    route.uuid = id("route/" + edge + "/" + prefix);
    route.edge_router = id("edge/" + edge);
    route.prefix = prefix;
    route.next_hops = std::move(next_hops);
    rows.static_route.insert(route);
}

std::vector<std::string> edge_lines(const southbound::Tables& rows) {
    const Names names(rows);
    std::vector<std::string> all;
    for (const auto& router : rows.router)
        all.push_back(fmt::format(
            "router {}: {}{} [{}] @ {}", names.of(router.name), router.fence ? "fence, " : "",
            router.translation, fmt::join(router.outside_addresses, " "), names.of(router.domain)));
    for (const auto& interface : rows.router_interface)
        all.push_back(fmt::format(
            "interface {}: {} on {}, {} [{}]{}{} @ {}", names.of(interface.router), interface.side,
            names.of(interface.segment), interface.mac, fmt::join(interface.addresses, " "),
            interface.policies.empty() ? "" : " asks ", names.of(interface.policies),
            names.of(interface.domain)));
    for (const auto& route : rows.route)
        all.push_back(route_line(names, route));
    for (const auto& nat : rows.nat)
        all.push_back(nat_line(names, nat));
    for (const auto& rule : rows.firewall)
        all.push_back(fmt::format("firewall {}: {} {}{} @ {}", names.of(rule.policy),
                                  rule.direction, rule.action, rule.stateful ? ", stateful" : "",
                                  names.of(rule.domain)));
    std::ranges::sort(all);
    return all;
}

std::vector<std::string> domain_lines(const southbound::Tables& rows) {
    const Names names(rows);
    std::vector<std::string> all;
    for (const auto& segment : rows.segment)
        if (segment.organization == "acme")
            all.push_back(fmt::format("segment {} @ {}", Names::shorten(segment.intent),
                                      names.of(segment.domain)));
    for (const auto& port : rows.logical_port)
        all.push_back(fmt::format("port {} @ {}, needs {}", port.name, names.of(port.domain),
                                  names.of(port.domains)));
    std::ranges::sort(all);
    return all;
}

} // namespace ringfence::test
