#include "tests/unit/controller/random_edges.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "controller/model/edges.h"

namespace ringfence::test {
namespace {

// How a network meets its parent.
struct Meeting {
    const char* mode;
    const char* translation; // "" = none in the row
};
constexpr Meeting meetings[] = {{"fenced", ""},
                                {"nat-routed", "one-to-one"},
                                {"nat-routed", "none"},
                                {"nat-routed", "none"},
                                {"isolated", ""}};

std::string joined(const std::set<std::string>& texts) {
    return fmt::format("{}", fmt::join(texts, ","));
}

// The first address of each subnet of a network that is nat-routed.
std::set<std::string> own_gateways(const northbound::VappNetwork& network) {
    std::set<std::string> gateways;
    for (const auto& subnet : network.subnets)
        gateways.insert(subnet.substr(0, subnet.find('/') - 1) + "1");
    return gateways;
}

bool lie_in(const std::set<std::string>& addresses, const std::set<std::string>& subnets) {
    return !addresses.empty() && std::ranges::all_of(addresses, [&](const auto& text) {
        return std::ranges::any_of(subnets, [&](const auto& subnet) {
            return IpPrefix::from(subnet)->contains(*IpAddr::from(text));
        });
    });
}

std::set<std::string> subnets_of(const northbound::Tables& rows, const Uuid& network) {
    std::set<std::string> subnets;
    for (const auto& subnet : model::addressing_of(rows, network).subnets)
        subnets.insert(to_string(subnet));
    return subnets;
}

} // namespace

void RandomEdges::start(northbound::Tables& intent) {
    edit(intent.network_pool, "pool", [](auto& pool) { pool.last_vni = 999999; });
    for (int i = 0; i < 3; ++i)
        add_network(intent, fmt::format("r{}", i), 5990 + i, fmt::format("10.5{}.0.0/24", i),
                    fmt::format("10.5{}.0.1", i));
    edit(intent.organization_network, "network/r2", [](auto& network) {
        network.subnets.insert("2001:db8:2::/64");
        network.gateways.insert("2001:db8:2::1");
    });
    add_edge(intent, {"r0", "r1"});
    std::mt19937 random(1);
    for (int64_t serial = 0; serial < 10; ++serial) {
        RandomEdges edges(random, intent, serial);
        serial < 4 ? edges.add_vapp_network() : edges.add_nic();
    }
}

void RandomEdges::step() {
    switch (pick(17)) {
    case 0:
    case 1:
        return add_vapp_network();
    case 2:
        return remove_vapp_network();
    case 3:
    case 4:
        return switch_mode();
    case 5:
        return deploy();
    case 6:
    case 7:
        return add_nic();
    case 8:
        return change_addresses();
    case 9:
        return change_inbound();
    case 10:
        return make_edge();
    case 11:
        return attach();
    case 12:
        return detach();
    case 13:
        return change_route();
    case 14:
        return forget_something();
    default:
        return mend();
    }
}

// In an order of their own: the table's isn't reproducible.
template <class Row> std::optional<Row> RandomEdges::any(const ovsdb::Table<Row>& table) {
    if (table.empty())
        return std::nullopt;
    std::vector<const Row*> rows;
    for (const auto& row : table)
        rows.push_back(&row);
    std::ranges::sort(rows, {}, &Row::uuid);
    return *rows[pick(rows.size())];
}

std::optional<northbound::OrganizationNetwork> RandomEdges::any_parent() {
    if (rarely())
        return any(intent_.organization_network);
    const auto* network =
        intent_.organization_network.find(id(fmt::format("network/r{}", pick(3))));
    return network ? std::optional(*network) : std::nullopt;
}

// One in each subnet, of few, so that some are taken.
std::set<std::string> RandomEdges::addresses_on(const std::set<std::string>& subnets,
                                                size_t first) {
    std::set<std::string> addresses;
    for (const auto& subnet : subnets) {
        auto number = std::to_string(first + pick(60));
        addresses.insert(subnet.substr(0, subnet.find('/') - (subnet.find(':') == subnet.npos)) +
                         number);
    }
    return addresses;
}

void RandomEdges::add_vapp_network() {
    auto parent = any_parent();
    if (!parent)
        return;
    std::string name = fmt::format("v{}", serial_);
    add_vapp(intent_, {.name = name});
    edit(intent_.vapp_network, "vapp-network/" + name, [&](auto& network) {
        network.parent = parent->uuid;
        network.vni = 6000 + serial_;
    });
    intent_.edge_router.erase(id("edge/" + name));
    northbound::VappNetwork network = *intent_.vapp_network.find(id("vapp-network/" + name));
    pick(2) ? settle(network) : meet(network);
}

void RandomEdges::remove_vapp_network() {
    auto network = any(intent_.vapp_network);
    if (!network)
        return;
    const northbound::Tables before = intent_;
    for (const auto& edge : before.edge_router)
        if (edge.vapp_network == network->uuid && !rarely())
            intent_.edge_router.erase(edge.uuid);
    for (const auto& nic : before.nic)
        if (nic.vapp_network == network->uuid && !rarely())
            intent_.nic.erase(nic.uuid);
    intent_.vapp_network.erase(network->uuid);
}

void RandomEdges::switch_mode() {
    if (auto network = any(intent_.vapp_network))
        meet(*network);
}

// A mode for the network's row and for all around it, at times for the row alone.
void RandomEdges::meet(northbound::VappNetwork network) {
    const Meeting& meeting = meetings[pick(std::size(meetings))];
    network.mode = meeting.mode;
    network.translation.reset();
    if (*meeting.translation)
        network.translation.emplace(meeting.translation);
    network.subnets.clear();
    if (network.mode == "nat-routed") {
        network.subnets.insert(fmt::format("192.168.{}.0/24", pick(20)));
        if (pick(3) == 0)
            network.subnets.insert(fmt::format("2001:db8:a{}::/64", pick(10)));
    }
    network.gateways = own_gateways(network);
    network.parent.reset();
    if (auto parent = any_parent(); parent && network.mode != "isolated")
        network.parent = parent->uuid;
    intent_.vapp_network.replace(network);
    if (!rarely())
        settle(network);
}

void RandomEdges::deploy() {
    if (auto vapp = any(intent_.vapp)) {
        vapp->deployed = pick(3) != 0;
        intent_.vapp.replace(*vapp);
    }
}

void RandomEdges::add_nic() {
    auto network = any(intent_.vapp_network);
    const auto* vapp = network ? intent_.vapp.find(network->vapp) : nullptr;
    if (!vapp)
        return;
    auto vm = make_vm(fmt::format("n{}", serial_));
    vm.vapp = vapp->uuid;
    intent_.virtual_machine.insert(vm);
    auto nic = make_nic(vm.name, 0, fmt::format("02:00:00:00:02:{:02x}", pick(60)), {"172.30.0.9"});
    nic.vapp_network = network->uuid;
    settle_nic(nic, *network);
}

void RandomEdges::change_addresses() {
    if (pick(2)) {
        auto nic = any(intent_.nic);
        if (!nic)
            return;
        nic->outside_addresses.clear();
        const auto* network =
            nic->vapp_network ? intent_.vapp_network.find(*nic->vapp_network) : nullptr;
        if (network && network->parent && !rarely())
            nic->outside_addresses = addresses_on(subnets_of(intent_, *network->parent), 100);
        return intent_.nic.replace(*nic);
    }
    auto edge = any(intent_.edge_router);
    if (!edge || !edge->vapp_network)
        return;
    for (auto& [network, addresses] : edge->addresses)
        if (auto uuid = Uuid::from(network); uuid && intent_.organization_network.find(*uuid))
            addresses = joined(addresses_on(subnets_of(intent_, *uuid), 100));
    intent_.edge_router.replace(*edge);
}

void RandomEdges::change_inbound() {
    static const std::optional<std::string> words[] = {std::nullopt, "deny", "allow"};
    const auto& word = words[pick(3)];
    auto set = [&](auto& table) {
        if (auto network = any(table)) {
            network->inbound = word;
            table.replace(*network);
        }
    };
    if (pick(2))
        set(intent_.vapp_network);
    else
        set(intent_.organization_network);
}

void RandomEdges::make_edge() {
    auto name = "e" + std::to_string(pick(3));
    if (rarely())
        intent_.edge_router.erase(id("edge/" + name));
    else
        intent_.edge_router.insert(test::make_edge(name, {}));
}

void RandomEdges::attach() {
    auto edge = any(intent_.edge_router);
    auto network = any_parent();
    if (!edge || !network || (edge->vapp_network && !rarely()))
        return;
    if (!rarely()) // first from where it is
        for (const auto& row : northbound::Tables(intent_).edge_router)
            if (row.networks.contains(network->uuid)) {
                auto other = row;
                other.networks.erase(network->uuid);
                other.addresses.erase(to_string(network->uuid));
                intent_.edge_router.replace(other);
            }
    edge = *intent_.edge_router.find(edge->uuid);
    edge->networks.insert(network->uuid);
    edge->addresses[to_string(network->uuid)] = joined(network->gateways);
    intent_.edge_router.replace(*edge);
    if (!rarely())
        settle(*network);
}

void RandomEdges::detach() {
    auto edge = any(intent_.edge_router);
    if (!edge || edge->networks.empty())
        return;
    Uuid uuid = *edge->networks.begin();
    edge->networks.erase(uuid);
    edge->addresses.erase(to_string(uuid));
    intent_.edge_router.replace(*edge);
    if (const auto* network = intent_.organization_network.find(uuid); network && !rarely())
        settle(*network);
}

void RandomEdges::change_route() {
    auto edge = any(intent_.edge_router);
    if (!edge)
        return;
    static const char* const prefixes[] = {"172.16.0.0/12", "192.168.1.0/24", "192.168.2.0/24",
                                           "0.0.0.0/0", "2001:db8:ff::/48"};
    northbound::StaticRoute route;
    route.edge_router = edge->uuid;
    route.prefix = prefixes[pick(std::size(prefixes))];
    route.uuid = id("route/" + to_string(edge->uuid) + "/" + route.prefix);
    if (intent_.static_route.erase(route.uuid))
        return;
    bool v4 = route.prefix.find(':') == route.prefix.npos;
    for (const auto& standing : model::standings(intent_, *edge))
        for (const auto& address : addresses_on(subnets_of(intent_, standing.network), 20))
            if ((address.find(':') == address.npos) == v4)
                route.next_hops = {address};
    intent_.static_route.insert(route);
}

// What no client lets anybody do. Network acme and vApp shop stay, for others change them.
void RandomEdges::forget_something() {
    if (!rarely())
        return;
    switch (pick(3)) {
    case 0:
        if (auto edge = any(intent_.edge_router))
            intent_.edge_router.erase(edge->uuid);
        return;
    case 1:
        if (auto network = any(intent_.organization_network); network->uuid != id("network/acme"))
            intent_.organization_network.erase(network->uuid);
        return;
    case 2:
        if (auto vapp = any(intent_.vapp); vapp->uuid != id("vapp/shop"))
            intent_.vapp.erase(vapp->uuid);
        return;
    }
}

void RandomEdges::mend() {
    if (auto network = any_parent())
        settle(*network);
    if (auto network = any(intent_.vapp_network))
        settle(*network);
}

void RandomEdges::settle(const northbound::OrganizationNetwork& row) {
    auto network = row;
    network.mode = "isolated";
    for (const auto& edge : intent_.edge_router)
        if (edge.networks.contains(network.uuid))
            network.mode = "routed";
    intent_.organization_network.replace(network);
}

void RandomEdges::settle(const northbound::VappNetwork& network) {
    settle_edge(network);
    const northbound::Tables before = intent_;
    for (const auto& nic : before.nic)
        if (nic.vapp_network == network.uuid)
            settle_nic(nic, network);
}

void RandomEdges::settle_edge(const northbound::VappNetwork& network) {
    northbound::EdgeRouter edge;
    edge.uuid = id("edge/of/" + to_string(network.uuid));
    for (const auto& row : intent_.edge_router)
        if (row.vapp_network == network.uuid)
            edge = row;
    const auto* vapp = intent_.vapp.find(network.vapp);
    if (!model::has_edge(network) || !network.parent || !vapp) {
        intent_.edge_router.erase(edge.uuid);
        return;
    }
    edge.organization = vapp->organization;
    edge.name = vapp->name + "/" + network.name;
    edge.vapp_network = network.uuid;
    edge.translation = network.translation.value_or("one-to-one");
    const auto parent = to_string(*network.parent);
    auto own = model::router_addresses(edge, *network.parent);
    if (own.empty())
        edge.addresses[parent] = joined(addresses_on(subnets_of(intent_, *network.parent), 100));
    std::erase_if(edge.addresses, [&](const auto& entry) { return entry.first != parent; });
    if (!model::is_fenced(network))
        edge.addresses[to_string(network.uuid)] = joined(network.gateways);
    intent_.edge_router.replace(edge);
}

void RandomEdges::settle_nic(northbound::Nic nic, const northbound::VappNetwork& network) {
    auto inside = subnets_of(intent_, network.uuid);
    if (inside.empty())
        inside = {"172.30.0.0/24"};
    if (!lie_in(nic.addresses, inside))
        nic.addresses = addresses_on(inside, 2);
    if (!network.parent || !model::translates(network))
        nic.outside_addresses.clear();
    else if (auto outside = subnets_of(intent_, *network.parent);
             !lie_in(nic.outside_addresses, outside))
        nic.outside_addresses = addresses_on(outside, 100);
    intent_.nic.replace(nic);
}

void expect_sound_edges(const southbound::Tables& rows) {
    std::set<std::string> routers, policies, ports;
    for (const auto& router : rows.router)
        EXPECT_TRUE(routers.insert(router.name).second) << router.intent;
    for (const auto& rule : rows.firewall)
        policies.insert(rule.policy);
    for (const auto& port : rows.logical_port)
        ports.insert(port.name);
    std::set<std::pair<Uuid, std::string>> macs;
    std::set<std::pair<std::string, Uuid>> standings;
    for (const auto& interface : rows.router_interface) {
        EXPECT_TRUE(macs.insert({interface.segment, interface.mac}).second) << interface.intent;
        EXPECT_TRUE(standings.insert({interface.router, interface.segment}).second)
            << interface.intent;
        EXPECT_TRUE(rows.segment.find(interface.segment)) << interface.intent;
        EXPECT_TRUE(routers.contains(interface.router)) << interface.intent;
        for (const auto& policy : interface.policies)
            EXPECT_TRUE(policies.contains(policy)) << interface.intent;
    }
    std::set<std::pair<std::string, std::string>> prefixes;
    for (const auto& route : rows.route) {
        EXPECT_TRUE(prefixes.insert({route.router, route.prefix}).second)
            << route.intent << " " << route.prefix;
        EXPECT_TRUE(rows.router_interface.find(route.interface)) << route.intent;
        EXPECT_TRUE(routers.contains(route.router)) << route.intent;
    }
    std::set<std::pair<Uuid, std::string>> held;
    for (const auto& nat : rows.nat) {
        EXPECT_TRUE(held.insert({nat.segment, nat.external_address}).second) << nat.intent;
        EXPECT_TRUE(rows.segment.find(nat.segment)) << nat.intent;
        EXPECT_TRUE(routers.contains(nat.router)) << nat.intent;
        EXPECT_TRUE(ports.contains(nat.owner)) << nat.intent;
    }
}

void SeenEdges::note(const southbound::Tables& rows) {
    for (const auto& router : rows.router) {
        bool of_organization = router.outside_addresses.empty();
        ++(router.fence                   ? fences
           : of_organization              ? of_organizations
           : router.translation == "none" ? untranslated
                                          : translated);
    }
    for (const auto& segment : rows.segment)
        joined += segment.domain != "segment/" + to_string(segment.uuid);
    for (const auto& nat : rows.nat) {
        ++(nat.external_address.find(':') == nat.external_address.npos ? nat4 : nat6);
        placed += nat.host.has_value();
    }
    for (const auto& route : rows.route)
        if (!route.next_hops.empty() && !route.prefix.ends_with("/0"))
            ++(route.intent.find("/route/") == route.intent.npos ? by_itself : by_hand);
    for (const auto& rule : rows.firewall)
        open += rule.direction == "in" && rule.action == "allow";
}

size_t SeenEdges::least() const {
    return std::min({fences, translated, untranslated, of_organizations, joined, nat4, nat6, placed,
                     by_itself, by_hand, open});
}

} // namespace ringfence::test
