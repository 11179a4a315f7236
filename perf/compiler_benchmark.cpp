// What one change costs the controller, at clouds of three sizes: time, units evaluated, rows
// written; and what a security group costs that its own rules name. All of its own work is in it,
// from the update of its replicas to the two transactions (made, not sent) and what they look like
// when they come back.
#include <malloc.h>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "controller/compiler/compile.h"
#include "controller/compiler/difference.h"

namespace ringfence::perf {
namespace {

namespace nb = northbound;
namespace sb = southbound;
using ovsdb::Uuid;

constexpr int64_t ports_of_a_network = 20;
constexpr int64_t ports_of_a_host = 50;

Uuid id(const std::string& text) { return Uuid::named(text); }

// --- A cloud ------------------------------------------------------------------------------------
// One organization; a vApp for every 20 ports, with an isolated network and as many VMs, on hosts
// that take every port in turn.
class Cloud {
public:
    explicit Cloud(int64_t ports) : hosts_(std::max<int64_t>(2, ports / ports_of_a_host)) {
        add_provider();
        for (int64_t host = 0; host < hosts_; ++host)
            add_host(host);
        for (int64_t network = 0; network < ports / ports_of_a_network; ++network)
            add_network(network);
        for (int64_t port = 0; port < ports; ++port) {
            add_nic(make_nic(port));
            add_claim(port);
        }
    }

    nb::Nic make_nic(int64_t port) const {
        nb::Nic nic;
        nic.uuid = id(fmt::format("nic/{}", port));
        nic.virtual_machine = id(fmt::format("vm/{}", port));
        nic.port_name = fmt::format("port-{}", port);
        nic.vapp_network = id(fmt::format("network/{}", port / ports_of_a_network));
        nic.allocation = "manual";
        nic.port_security = "strict";
        nic.mac = fmt::format("02:00:00:{:02x}:{:02x}:{:02x}", port >> 16 & 0xff, port >> 8 & 0xff,
                              port & 0xff);
        nic.addresses = {fmt::format("10.0.0.{}", 10 + port % ports_of_a_network)};
        return nic;
    }
    sb::PortClaim make_claim(int64_t port, int64_t host) const {
        sb::PortClaim claim;
        claim.uuid = id(fmt::format("claim/{}", port));
        claim.host = host_name(host % hosts_);
        claim.port = fmt::format("port-{}", port);
        claim.ready = true;
        return claim;
    }
    nb::VappNetwork make_network(int64_t number) const {
        nb::VappNetwork network;
        network.uuid = id(fmt::format("network/{}", number));
        network.vapp = id(fmt::format("vapp/{}", number));
        network.name = "front";
        network.mode = "isolated";
        network.vni = number + 1;
        network.unknown_unicast = "flood";
        return network;
    }
    nb::Vapp make_vapp(int64_t number) const {
        nb::Vapp vapp;
        vapp.uuid = id(fmt::format("vapp/{}", number));
        vapp.organization = id("org");
        vapp.data_center = id("vdc");
        vapp.name = fmt::format("app-{}", number);
        vapp.deployed = true;
        return vapp;
    }
    nb::VirtualMachine make_vm(int64_t port) const {
        nb::VirtualMachine vm;
        vm.uuid = id(fmt::format("vm/{}", port));
        vm.vapp = id(fmt::format("vapp/{}", port / ports_of_a_network));
        vm.name = fmt::format("vm-{}", port);
        return vm;
    }

    nb::Tables north;
    sb::Tables south;

private:
    static std::string host_name(int64_t host) { return fmt::format("host-{}", host); }

    void add_provider() {
        nb::Global global;
        global.uuid = id("global");
        global.admit_hosts = "manual";
        north.global.insert(global);
        nb::NetworkPool pool;
        pool.uuid = id("pool");
        pool.name = "default";
        pool.first_vni = 1;
        pool.last_vni = 16777215;
        north.network_pool.insert(pool);
        nb::Organization organization;
        organization.uuid = id("org");
        organization.name = "acme";
        organization.enabled = true;
        north.organization.insert(organization);
        nb::VirtualDataCenter vdc;
        vdc.uuid = id("vdc");
        vdc.organization = organization.uuid;
        vdc.name = "default";
        vdc.all_hosts = true;
        vdc.network_pool = pool.uuid;
        north.virtual_data_center.insert(vdc);
        sb::Lease lease;
        lease.uuid = id("lease");
        south.lease.insert(lease);
    }
    void add_host(int64_t number) {
        nb::Host host;
        host.uuid = id(host_name(number));
        host.name = host_name(number);
        host.kind = "ringfence";
        host.admitted = true;
        north.host.insert(host);
        sb::HostStatus status;
        status.uuid = id("status/" + host.name);
        status.host = host.name;
        status.vtep_addresses = {fmt::format("192.0.{}.{}", number / 250, 1 + number % 250)};
        status.underlay_mtu = 1500;
        south.host_status.insert(status);
    }
    void add_network(int64_t number) {
        north.vapp.insert(make_vapp(number));
        north.vapp_network.insert(make_network(number));
    }
    void add_nic(const nb::Nic& nic) { north.nic.insert(nic); }
    void add_claim(int64_t port) {
        north.virtual_machine.insert(make_vm(port));
        south.port_claim.insert(make_claim(port, port));
    }

    int64_t hosts_;
};

// --- Fenced vApps and their clones --------------------------------------------------------------
constexpr int64_t nics_of_a_clone = 3;

// The organization network that all of them meet, behind the organization's edge router.
void add_parent(nb::Tables& north) {
    nb::OrganizationNetwork parent;
    parent.uuid = id("parent");
    parent.organization = id("org");
    parent.data_center = id("vdc");
    parent.name = "web";
    parent.mode = "routed";
    parent.vni = 9000000;
    parent.subnets = {"10.0.0.0/8"};
    parent.gateways = {"10.0.0.1"};
    parent.unknown_unicast = "flood";
    north.organization_network.insert(parent);
    nb::EdgeRouter edge;
    edge.uuid = id("main");
    edge.organization = id("org");
    edge.name = "main";
    edge.translation = "none";
    edge.networks = {parent.uuid};
    edge.addresses = {{to_string(parent.uuid), "10.0.0.1"}};
    north.edge_router.insert(edge);
}

// An address outside, of its own for each clone and each of its uses.
std::string outside_address(int64_t clone, int64_t use) {
    int64_t number = clone * (nics_of_a_clone + 1) + use;
    return fmt::format("10.{}.{}.{}", 1 + number / 62500 % 200, number / 250 % 250,
                       1 + number % 250);
}

nb::Nic make_nic_of_clone(int64_t clone, int64_t number) {
    nb::Nic nic;
    nic.uuid = id(fmt::format("clone/{}/nic/{}", clone, number));
    nic.virtual_machine = id(fmt::format("clone/{}/vm/{}", clone, number));
    nic.port_name = fmt::format("clone-{}/vm-{}", clone, number);
    nic.vapp_network = id(fmt::format("clone/{}/network", clone));
    nic.allocation = "pool";
    nic.port_security = "strict";
    nic.mac = fmt::format("02:00:00:00:00:0{}", number);
    nic.addresses = {fmt::format("10.0.0.{}", 10 + number)};
    nic.outside_addresses = {outside_address(clone, number)};
    return nic;
}

// fn(table, row)
template <class Fn> void each_row_of_clone(nb::Tables& north, int64_t clone, Fn fn) {
    nb::Vapp vapp;
    vapp.uuid = id(fmt::format("clone/{}", clone));
    vapp.organization = id("org");
    vapp.data_center = id("vdc");
    vapp.name = fmt::format("clone-{}", clone);
    vapp.deployed = true;
    fn(north.vapp, vapp);
    nb::VappNetwork network;
    network.uuid = id(fmt::format("clone/{}/network", clone));
    network.vapp = vapp.uuid;
    network.name = "front";
    network.mode = "fenced";
    network.parent = id("parent");
    network.vni = 1 + clone;
    network.unknown_unicast = "flood";
    fn(north.vapp_network, network);
    nb::EdgeRouter edge;
    edge.uuid = id(fmt::format("clone/{}/edge", clone));
    edge.organization = id("org");
    edge.name = vapp.name + "/front";
    edge.vapp_network = network.uuid;
    edge.translation = "one-to-one";
    edge.addresses = {{to_string(*network.parent), outside_address(clone, nics_of_a_clone)}};
    fn(north.edge_router, edge);
    for (int64_t number = 0; number < nics_of_a_clone; ++number) {
        nb::VirtualMachine vm;
        vm.uuid = id(fmt::format("clone/{}/vm/{}", clone, number));
        vm.vapp = vapp.uuid;
        vm.name = fmt::format("vm-{}", number);
        fn(north.virtual_machine, vm);
        fn(north.nic, make_nic_of_clone(clone, number));
    }
}

template <class Fn> void each_claim_of_clone(const Cloud& cloud, int64_t clone, Fn fn) {
    for (int64_t number = 0; number < nics_of_a_clone; ++number) {
        auto claim = cloud.make_claim(clone, clone + number);
        claim.uuid = id(fmt::format("clone/{}/claim/{}", clone, number));
        claim.port = fmt::format("clone-{}/vm-{}", clone, number);
        fn(claim);
    }
}

// --- What a controller does ---------------------------------------------------------------------
using Rows = std::vector<ovsdb::RowChange>;

// A row comes, or takes the place of the one that there is.
template <class Row> void put(Rows& rows, const ovsdb::Table<Row>& table, const Row& row) {
    auto before = table.share(row.uuid);
    uint64_t columns = Row::Columns::all().bits();
    if (before)
        columns = compiler::differing_columns(Row::table_info(), before.get(), &row);
    rows.push_back({Row::table_info().index, before, std::make_shared<const Row>(row), columns});
}
template <class Row> void drop(Rows& rows, const ovsdb::Table<Row>& table, const Uuid& uuid) {
    rows.push_back(
        {Row::table_info().index, table.share(uuid), nullptr, Row::Columns::all().bits()});
}

class Controller {
public:
    explicit Controller(Cloud& cloud) : cloud_(cloud), compiler_(cloud.north, cloud.south) {
        do
            round();
        while (written_ > 0);
    }

    void change(const Rows& north, const Rows& south) {
        written_ = evaluated_ = 0;
        follow(nb::Schema::changes(north), cloud_.north);
        follow(sb::Schema::changes(south), cloud_.south);
        round();
    }
    size_t written() const { return written_; }
    size_t evaluated() const { return evaluated_; }

private:
    void round() {
        evaluated_ = compiler_.compile().evaluated;
        const auto plan = compiler_.plan();
        ovsdb::Transaction transaction;
        compiler::write(transaction, plan.changes());
        follow(plan.changes(), cloud_.south);
        const auto report = compiler_.report({1, 1});
        compiler::write(transaction, report.changes());
        follow(report.changes(), cloud_.north);
        written_ = plan.rows.size() + report.rows.size();
        benchmark::DoNotOptimize(transaction.size());
    }
    // The tables as their replica would have them, and the Compiler told.
    template <class Changes, class Tables> void follow(const Changes& changes, Tables& tables) {
        compiler::apply(changes, tables);
        compiler_.follow(changes);
    }

    Cloud& cloud_;
    compiler::Compiler compiler_;
    size_t written_ = 0, evaluated_ = 0;
};

// --- The changes --------------------------------------------------------------------------------
// Each is done and undone in turn: fn(rows north, rows south, whether it is done).
template <class Fn> void run(benchmark::State& state, Cloud& cloud, Fn fn) {
    Controller controller(cloud);
    bool done = false;
    double written = 0, evaluated = 0;
    for (auto _ : state) {
        state.PauseTiming();
        Rows north, south;
        done = !done;
        fn(cloud, north, south, done);
        state.ResumeTiming();
        controller.change(north, south);
        written += static_cast<double>(controller.written());
        evaluated += static_cast<double>(controller.evaluated());
    }
    state.counters["rows"] = benchmark::Counter(written, benchmark::Counter::kAvgIterations);
    state.counters["units"] = benchmark::Counter(evaluated, benchmark::Counter::kAvgIterations);
}
template <class Fn> void run(benchmark::State& state, Fn fn) {
    Cloud cloud(state.range(0));
    run(state, cloud, fn);
}

constexpr int64_t one = 7;           // the port that changes
constexpr int64_t another = 1 << 20; // one that isn't there yet

void nic_comes_or_goes(benchmark::State& state) {
    run(state, [](Cloud& cloud, Rows& north, Rows&, bool come) {
        auto vm = cloud.make_vm(another);
        vm.vapp = id("vapp/0");
        auto nic = cloud.make_nic(another);
        nic.vapp_network = id("network/0");
        nic.addresses = {"10.0.0.200"};
        if (come) {
            put(north, cloud.north.virtual_machine, vm);
            put(north, cloud.north.nic, nic);
        } else {
            drop(north, cloud.north.nic, nic.uuid);
            drop(north, cloud.north.virtual_machine, vm.uuid);
        }
    });
}

void address_changes(benchmark::State& state) {
    run(state, [](Cloud& cloud, Rows& north, Rows&, bool other) {
        auto nic = *cloud.north.nic.find(id(fmt::format("nic/{}", one)));
        nic.addresses = {other ? "10.0.0.201" : "10.0.0.202"};
        put(north, cloud.north.nic, nic);
    });
}

void claim_goes_or_comes(benchmark::State& state) {
    run(state, [](Cloud& cloud, Rows&, Rows& south, bool go) {
        auto claim = cloud.make_claim(one, one);
        if (go)
            drop(south, cloud.south.port_claim, claim.uuid);
        else
            put(south, cloud.south.port_claim, claim);
    });
}

void network_comes_or_goes(benchmark::State& state) {
    run(state, [](Cloud& cloud, Rows& north, Rows&, bool come) {
        auto network = cloud.make_network(another);
        network.vapp = id("vapp/0");
        network.name = "back";
        if (come)
            put(north, cloud.north.vapp_network, network);
        else
            drop(north, cloud.north.vapp_network, network.uuid);
    });
}

// One clone of a fenced vApp beside so many others, all on one routed organization network.
void clone_comes_or_goes(benchmark::State& state) {
    Cloud cloud(0);
    add_parent(cloud.north);
    for (int64_t clone = 0; clone < state.range(0); ++clone) {
        each_row_of_clone(cloud.north, clone, [](auto& table, auto row) { table.insert(row); });
        each_claim_of_clone(cloud, clone,
                            [&](auto claim) { cloud.south.port_claim.insert(claim); });
    }
    run(state, cloud, [](Cloud& of, Rows& north, Rows& south, bool come) {
        each_row_of_clone(of.north, another, [&](auto& table, const auto& row) {
            if (come)
                put(north, table, row);
            else
                drop(north, table, row.uuid);
        });
        each_claim_of_clone(of, another, [&](const auto& claim) {
            if (come)
                put(south, of.south.port_claim, claim);
            else
                drop(south, of.south.port_claim, claim.uuid);
        });
    });
}

void inbound_changes(benchmark::State& state) {
    Cloud cloud(0);
    add_parent(cloud.north);
    for (int64_t clone = 0; clone < state.range(0); ++clone)
        each_row_of_clone(cloud.north, clone, [](auto& table, auto row) { table.insert(row); });
    run(state, cloud, [](Cloud& of, Rows& north, Rows&, bool open) {
        auto network = *of.north.vapp_network.find(id("clone/0/network"));
        network.inbound = open ? "allow" : "deny";
        put(north, of.north.vapp_network, network);
    });
}

void from_scratch(benchmark::State& state) {
    Cloud cloud(state.range(0));
    { Controller settled(cloud); }
    for (auto _ : state)
        Controller controller(cloud);
}

// --- A security group ---------------------------------------------------------------------------
constexpr int64_t rules_of_group = 100;

// Every rule lets in whoever is in the group.
void add_group(nb::Tables& north) {
    nb::SecurityGroup group;
    group.uuid = id("group");
    group.organization = id("org");
    group.name = "web";
    north.security_group.insert(group);
    for (int64_t number = 0; number < rules_of_group; ++number) {
        nb::FirewallRule rule;
        rule.uuid = id(fmt::format("rule/{}", number));
        rule.security_group = group.uuid;
        rule.tier = "tenant";
        rule.number = number;
        rule.direction = "in";
        rule.source = {"group:" + to_string(group.uuid)};
        rule.protocol = 6;
        rule.destination_ports = {std::to_string(8000 + number)};
        rule.action = "allow";
        rule.enabled = true;
        north.firewall_rule.insert(rule);
    }
}

// As many fenced clones, one NIC of each in the group.
Cloud cloud_with_members(int64_t members) {
    Cloud cloud(0);
    add_parent(cloud.north);
    add_group(cloud.north);
    for (int64_t clone = 0; clone < members; ++clone) {
        each_row_of_clone(cloud.north, clone, [](auto& table, auto row) { table.insert(row); });
        each_claim_of_clone(cloud, clone,
                            [&](auto claim) { cloud.south.port_claim.insert(claim); });
        auto nic = make_nic_of_clone(clone, 0);
        nic.security_groups = {id("group")};
        cloud.north.nic.replace(nic);
    }
    return cloud;
}

void members_from_scratch(benchmark::State& state) {
    Cloud cloud = cloud_with_members(state.range(0));
    { Controller settled(cloud); }
    size_t addresses = 0, rows = cloud.south.firewall.size() + cloud.south.address_group.size();
    for (const auto& row : cloud.south.address_group)
        addresses += row.prefixes.size();
    const auto before = mallinfo2().uordblks;
    { // what it keeps of all this
        const Controller controller(cloud);
        state.counters["MiB"] = static_cast<double>(mallinfo2().uordblks - before) / 0x100000;
    }
    for (auto _ : state)
        Controller controller(cloud);
    state.counters["addresses"] = static_cast<double>(addresses);
    state.counters["rows"] = static_cast<double>(rows);
}

void member_joins_or_leaves(benchmark::State& state) {
    Cloud cloud = cloud_with_members(state.range(0));
    run(state, cloud, [](Cloud& of, Rows& north, Rows&, bool join) {
        auto nic = *of.north.nic.find(id("clone/0/nic/1"));
        nic.security_groups.clear();
        if (join)
            nic.security_groups = {id("group")};
        put(north, of.north.nic, nic);
    });
}

void sizes(benchmark::internal::Benchmark* benchmark) {
    benchmark->Arg(100)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);
}

BENCHMARK(nic_comes_or_goes)->Apply(sizes);
BENCHMARK(address_changes)->Apply(sizes);
BENCHMARK(claim_goes_or_comes)->Apply(sizes);
BENCHMARK(network_comes_or_goes)->Apply(sizes);
BENCHMARK(from_scratch)->Apply(sizes);
BENCHMARK(clone_comes_or_goes)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(inbound_changes)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(members_from_scratch)
    ->Arg(250)
    ->Arg(500)
    ->Arg(1000)
    ->Arg(2000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(member_joins_or_leaves)->Arg(100)->Arg(1000)->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace ringfence::perf

BENCHMARK_MAIN();
