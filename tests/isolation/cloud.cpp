#include "tests/isolation/cloud.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace ringfence::test {

namespace {

constexpr uint32_t first_port = 10; // of VMs

ovsdb::Uuid uuid(const std::string& name) { return ovsdb::Uuid::named(name); }

unsigned pick(std::mt19937& random, unsigned below) {
    return static_cast<unsigned>(random() % below);
}

std::string to_string(Role role) {
    constexpr const char* names[] = {"web", "db", "desk", "printer"};
    return names[static_cast<size_t>(role)];
}

std::string edge_mac(unsigned copy) { return fmt::format("02:aa:00:00:00:{:02x}", copy); }

uint32_t read24(const Bytes& frame, size_t at) {
    return uint32_t{frame[at]} << 16 | uint32_t{frame[at + 1]} << 8 | frame[at + 2];
}

// Of a VXLAN frame on the wire.
std::string outer_destination(const Bytes& frame) {
    return fmt::format("{}.{}.{}.{}", frame[30], frame[31], frame[32], frame[33]);
}
constexpr size_t vni_at = 46;

} // namespace

Station station_of(Role role) {
    constexpr unsigned numbers[] = {5, 6, 9, 10};
    unsigned number = numbers[static_cast<size_t>(role)];
    return {fmt::format("02:00:00:00:00:{:02x}", number), fmt::format("10.0.0.{}", number),
            fmt::format("fd00::{:x}", number)};
}

Station outside_of(unsigned copy, Role role) {
    unsigned number = 100 + 2 * copy + (role == Role::db);
    return {edge_mac(copy), fmt::format("10.0.0.{}", number), fmt::format("fd00::{:x}", number)};
}

struct Cloud::Plugged {
    unsigned host;
    PortId port;
    bool bound; // Logical_Port.host says so
};

struct Cloud::Network {
    Home home;
    std::map<Role, Plugged> vms;
    // Its rows, by table; a Logical_Port and its Nat rows by role.
    southbound::Segment segment;
    std::map<Role, southbound::LogicalPort> ports;
    std::map<Role, std::vector<southbound::Nat>> nats;
    std::optional<southbound::Router> router;
    std::vector<southbound::RouterInterface> interfaces;
    std::vector<southbound::Route> routes;
    std::vector<southbound::Firewall> policy;

    std::string name_of(Role role) const {
        std::string where = home.office ? "office" : fmt::format("copy-{}", home.copy);
        return fmt::format("tenant-{}/{}/{}", home.tenant, where, to_string(role));
    }
    std::string key() const { return fmt::format("home {}", home.id); }
};

struct Cloud::View {
    std::map<std::string, Vm> vms; // by iface-id
    std::map<uint16_t, Home> homes;
    std::map<uint32_t, uint16_t> by_vni;
};

Cloud::Cloud(const Settings& settings) : settings_(settings), views_(settings.hosts) {
    for (unsigned i = 0; i < settings.hosts; ++i) {
        std::string vtep = fmt::format("192.0.2.{}", i + 1);
        hosts_.push_back(
            std::make_unique<Host>(fmt::format("host{}", i), vtep, settings.connections));
    }
    for (const auto& host : hosts_) {
        southbound::Host row;
        row.uuid = uuid(host->name());
        row.name = host->name();
        row.kind = "ringfence";
        row.vtep_addresses = {host->vtep()};
        put(row);
    }
    for (unsigned tenant = 0; tenant < settings.tenants; ++tenant) {
        make_office(static_cast<uint8_t>(tenant));
        for (unsigned copy = 0; copy < settings.copies; ++copy)
            make_copy(static_cast<uint8_t>(tenant), copy);
    }
    publish();
}

Cloud::~Cloud() = default;

// --- what is where

std::vector<Cloud::Place> Cloud::places() const {
    std::vector<Place> all;
    for (unsigned host = 0; host < hosts_.size(); ++host)
        for (const auto& [port, name] : hosts_[host]->plugged())
            all.push_back({host, port});
    return all;
}

const Vm* Cloud::vm_at(Place place) const {
    const auto& plugged = hosts_[place.host]->plugged();
    auto name = plugged.find(place.port);
    if (name == plugged.end())
        return nullptr;
    const auto& vms = views_[place.host].vms;
    auto vm = vms.find(name->second);
    return vm == vms.end() ? nullptr : &vm->second;
}

const Home* Cloud::home(unsigned host, uint16_t id) const {
    auto found = views_[host].homes.find(id);
    return found == views_[host].homes.end() ? nullptr : &found->second;
}

const Home* Cloud::home_of_vni(unsigned host, uint32_t vni) const {
    auto found = views_[host].by_vni.find(vni);
    return found == views_[host].by_vni.end() ? nullptr : home(host, found->second);
}

// --- networks and their rows

Cloud::Network& Cloud::make_office(uint8_t tenant) {
    Network& office = *networks_.emplace_back(std::make_unique<Network>());
    office.home = {0, tenant, true, true, 0, 0};
    plug_in(office, Role::desk, 0);
    plug_in(office, Role::printer, 1 % hosts());
    build(office, next_vni_++);
    return office;
}

Cloud::Network& Cloud::make_copy(uint8_t tenant, unsigned copy) {
    Network& made = *networks_.emplace_back(std::make_unique<Network>());
    made.home = {0, tenant, false, copy == 0, copy, 0};
    plug_in(made, Role::web, (tenant + copy) % hosts());
    plug_in(made, Role::db, (tenant + copy + 1) % hosts());
    build(made, next_vni_++);
    return made;
}

Cloud::Network& Cloud::network(unsigned tenant, unsigned copy) {
    return *networks_[tenant * (settings_.copies + 1) + 1 + copy];
}

Cloud::Network& Cloud::random_copy(std::mt19937& random) {
    return network(pick(random, settings_.tenants), pick(random, settings_.copies));
}

void Cloud::plug_in(Network& network, Role role, unsigned host) {
    uint32_t port = first_port;
    while (hosts_[host]->plugged().contains(PortId(port)))
        ++port;
    hosts_[host]->plug(PortId(port), network.name_of(role));
    network.vms.insert_or_assign(role, Plugged{host, PortId(port), true});
}

// The rows of a network that its VMs have their places in.
void Cloud::build(Network& network, uint32_t vni) {
    network.home.id = next_home_++;
    network.home.vni = vni;
    auto& segment = network.segment;
    segment = {};
    segment.uuid = uuid(network.key());
    segment.vni = vni;
    segment.domain = "segment/" + network.key();
    segment.kind = "tenant";
    segment.mtu = 1450;
    segment.unknown_unicast = "flood";
    put(segment);
    if (!network.home.office)
        build_edge(network);
    for (const auto& [role, plugged] : network.vms)
        put_port(network, role);
}

void Cloud::build_edge(Network& network) {
    Network& office = *networks_[network.home.tenant * (settings_.copies + 1)];
    const std::string name = "edge/" + network.key();
    auto& router = network.router.emplace();
    router.uuid = uuid(name);
    router.name = name;
    router.domain = network.segment.domain;
    router.fence = true;
    router.translation = "one-to-one";
    put(router);

    network.interfaces.clear();
    for (bool inside : {true, false}) {
        southbound::RouterInterface row;
        row.uuid = uuid(fmt::format("{} {}", name, inside));
        row.domain = inside ? network.segment.domain : office.segment.domain;
        row.router = name;
        row.segment = inside ? network.segment.uuid : office.segment.uuid;
        row.mac = inside ? fence_mac : edge_mac(network.home.copy);
        row.side = inside ? "inside" : "outside";
        if (inside)
            row.policies = {"inbound/" + network.key()};
        else
            row.addresses = {fmt::format("10.0.0.{}/24", 60 + network.home.copy),
                             fmt::format("fd00::{:x}/64", 60 + network.home.copy)};
        put(network.interfaces.emplace_back(row));
    }
    network.routes.clear();
    for (const char* prefix : {"10.0.0.0/24", "fd00::/64"}) {
        southbound::Route row;
        row.uuid = uuid(fmt::format("{} {}", name, prefix));
        row.domain = network.segment.domain;
        row.router = name;
        row.prefix = prefix;
        row.interface = network.interfaces.back().uuid;
        put(network.routes.emplace_back(row));
    }
    put_policy(network);
}

void Cloud::put_policy(const Network& network) {
    for (bool in : {true, false}) {
        southbound::Firewall row;
        row.policy = "inbound/" + network.key();
        row.uuid = uuid(fmt::format("{} {}", row.policy, in));
        row.domain = network.segment.domain;
        row.direction = in ? "in" : "out";
        row.action = !in || network.home.open ? "allow" : "drop";
        row.stateful = true;
        put(row);
    }
}

// A port that its host has not claimed is nowhere: a host that is cut off can't.
void Cloud::put_port(Network& network, Role role) {
    Plugged& plugged = network.vms.at(role);
    plugged.bound = is_connected(plugged);
    auto host = plugged.bound ? std::optional(hosts_[plugged.host]->name()) : std::nullopt;
    Station station = station_of(role);
    southbound::LogicalPort row;
    row.name = network.name_of(role);
    row.uuid = uuid(fmt::format("{} {}", network.key(), row.name));
    row.domain = network.segment.domain;
    row.domains = {row.domain};
    row.kind = "nic";
    row.segment = network.segment.uuid;
    row.mac = station.mac;
    row.addresses = {station.ip4, station.ip6};
    row.port_security = "strict";
    row.host = host;
    put(network.ports[role] = row);
    if (network.home.office)
        return;
    Network& office = *networks_[network.home.tenant * (settings_.copies + 1)];
    Station outside = outside_of(network.home.copy, role);
    network.nats[role].clear();
    for (const auto& [external, inside] :
         {std::pair(outside.ip4, station.ip4), std::pair(outside.ip6, station.ip6)}) {
        southbound::Nat nat;
        nat.uuid = uuid(fmt::format("{} {}", network.key(), external));
        nat.domain = office.segment.domain;
        nat.segment = office.segment.uuid;
        nat.external_address = external;
        nat.last_port = 65535;
        nat.router = network.router->name;
        nat.owner = row.name;
        nat.host = host;
        nat.inside_address = inside;
        put(network.nats[role].emplace_back(nat));
    }
}

void Cloud::erase(Network& network) {
    for (const auto& host : hosts_) {
        for (const auto& [role, nats] : network.nats)
            for (const auto& row : nats)
                host->erase(row);
        for (const auto& [role, row] : network.ports)
            host->erase(row);
        for (const auto& row : network.routes)
            host->erase(row);
        for (const auto& row : network.interfaces)
            host->erase(row);
        host->erase(*network.router);
        for (bool in : {true, false}) {
            southbound::Firewall row;
            row.uuid = uuid(fmt::format("inbound/{} {}", network.key(), in));
            host->erase(row);
        }
        host->erase(network.segment);
    }
}

template <class Row> void Cloud::put(const Row& row) {
    for (const auto& host : hosts_)
        host->put(row);
}

bool Cloud::is_connected(const Plugged& plugged) const { return hosts_[plugged.host]->connected(); }

// Ports whose host is back are claimed; then every host that hears of it forwards by all of it.
void Cloud::publish() {
    for (const auto& network : networks_)
        for (const auto& [role, plugged] : network->vms)
            if (!plugged.bound && is_connected(plugged))
                put_port(*network, role);
    View now;
    for (const auto& network : networks_) {
        now.homes[network->home.id] = network->home;
        now.by_vni[network->home.vni] = network->home.id;
        for (const auto& [role, plugged] : network->vms)
            now.vms.insert_or_assign(network->name_of(role), Vm{network->home, role});
    }
    for (unsigned i = 0; i < hosts(); ++i)
        if (hosts_[i]->connected()) {
            views_[i] = now;
            hosts_[i]->publish();
        }
}

// --- what happens

void Cloud::exchange(std::mt19937& random) {
    Network& one = random_copy(random);
    Network& other = random_copy(random);
    if (one.home.tenant == other.home.tenant)
        return;
    erase(one);
    erase(other);
    for (Role role : {Role::web, Role::db})
        exchange_places(one, other, role);
    uint32_t vni = one.home.vni;
    build(one, other.home.vni);
    build(other, vni);
    publish();
}

// A VM on a host that is cut off stays there: nobody could take it away.
void Cloud::exchange_places(Network& one, Network& other, Role role) {
    Plugged& mine = one.vms.at(role);
    Plugged& yours = other.vms.at(role);
    if (!is_connected(mine) || !is_connected(yours))
        return;
    std::swap(mine, yours);
    hosts_[mine.host]->plug(mine.port, one.name_of(role));
    hosts_[yours.host]->plug(yours.port, other.name_of(role));
}

void Cloud::move(std::mt19937& random) {
    Network& network = random_copy(random);
    Role role = random() % 2 ? Role::web : Role::db;
    Plugged from = network.vms.at(role);
    unsigned to = pick(random, hosts());
    if (to == from.host || !is_connected(from) || !hosts_[to]->connected())
        return;
    hosts_[from.host]->plug(from.port, "");
    plug_in(network, role, to);
    put_port(network, role);
    publish();
}

void Cloud::open_or_close(std::mt19937& random) {
    Network& network = random_copy(random);
    set_open(network.home.tenant, network.home.copy, !network.home.open);
}

void Cloud::set_open(unsigned tenant, unsigned copy, bool open) {
    Network& changed = network(tenant, copy);
    changed.home.open = open;
    put_policy(changed);
    publish();
}

void Cloud::cut_off_another(std::mt19937& random) {
    for (const auto& host : hosts_)
        if (!host->connected())
            host->reconnect();
    publish();
    hosts_[pick(random, hosts())]->cut_off();
}

void Cloud::exchange_vteps(std::mt19937& random) {
    Host& one = *hosts_[pick(random, hosts())];
    Host& other = *hosts_[pick(random, hosts())];
    if (&one == &other || !one.connected() || !other.connected())
        return;
    std::string address = one.vtep();
    one.set_vtep(other.vtep());
    other.set_vtep(address);
    for (const Host* host : {&one, &other}) {
        southbound::Host row;
        row.uuid = uuid(host->name());
        row.name = host->name();
        row.kind = "ringfence";
        row.vtep_addresses = {host->vtep()};
        put(row);
    }
    publish();
}

void Cloud::restart(unsigned host) {
    if (!hosts_[host]->connected())
        hosts_[host]->reconnect();
    publish();
    hosts_[host]->restart();
}

// --- frames

void Cloud::send(Place from, const std::vector<Bytes>& frames) {
    hosts_[from.host]->lab().receive(from.port, frames);
    settle();
}

void Cloud::settle() {
    constexpr size_t burst = 16; // of which a flood makes as many copies as there are hosts
    std::vector<std::vector<Bytes>> waiting(hosts());
    for (bool quiet = false; !quiet;) {
        quiet = true;
        for (unsigned from = 0; from < hosts(); ++from)
            for (auto& [port, frames] : hosts_[from]->lab().transmitted())
                for (Bytes& frame : frames) {
                    if (PortId(port) != Host::uplink) {
                        arrived({from, PortId(port)}, frame);
                        continue;
                    }
                    on_wire(from, read24(frame, vni_at), frame);
                    for (unsigned to = 0; to < hosts(); ++to)
                        if (hosts_[to]->vtep() == outer_destination(frame)) {
                            waiting[to].push_back(std::move(frame));
                            break;
                        }
                }
        for (unsigned to = 0; to < hosts(); ++to)
            if (!waiting[to].empty()) {
                quiet = false;
                size_t count = std::min(burst, waiting[to].size());
                auto end = waiting[to].begin() + static_cast<long>(count);
                hosts_[to]->lab().receive(Host::uplink, {waiting[to].begin(), end});
                waiting[to].erase(waiting[to].begin(), end);
            }
    }
}

} // namespace ringfence::test
