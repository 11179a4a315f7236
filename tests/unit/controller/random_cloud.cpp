#include "tests/unit/controller/random_cloud.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ovsdb/codec.h"
#include "tests/unit/controller/firewall_cloud.h"
#include "tests/unit/controller/random_edges.h"

namespace ringfence::test {
namespace {

namespace nb = northbound;
namespace sb = southbound;
using nlohmann::json;

// --- The start: rows of every table -------------------------------------------------------------
void add_static_route(nb::Tables& rows, const std::string& edge, const std::string& prefix,
                      const std::string& next_hop) {
    nb::StaticRoute route;
    route.uuid = id("route/" + edge + "/" + prefix);
    route.edge_router = id("edge/" + edge);
    route.prefix = prefix;
    route.next_hops = {next_hop};
    rows.static_route.insert(route);
}

void add_isolated_network(nb::Tables& rows, const std::string& name, int64_t vni) {
    nb::VappNetwork network = *rows.vapp_network.find(id("vapp-network/front"));
    network.uuid = id("vapp-network/" + name);
    network.name = name;
    network.vni = vni;
    rows.vapp_network.insert(network);
}

// A NIC on the vApp network, with an outside address where it translates.
void add_nic(nb::Tables& rows, const std::string& vm, const std::string& network,
             const std::string& address, const std::string& outside) {
    rows.virtual_machine.insert(make_vm(vm));
    auto nic = make_nic(vm, 0, fmt::format("02:00:00:00:02:{:02x}", rows.nic.size()), {address});
    nic.vapp_network = id("vapp-network/" + network);
    if (!outside.empty())
        nic.outside_addresses = {outside};
    rows.nic.insert(nic);
}

void add_refused(nb::Tables& rows) {
    nb::User user;
    user.uuid = id("user");
    user.organization = id("org/acme");
    user.name = "u";
    rows.user.insert(user);
}

// Rules of every owner, which speak of everybody, and what NICs and networks have beside addresses.
void add_services(nb::Tables& rows) {
    add_group(rows, "web");
    add_group(rows, "db");
    join(rows, "nic/in-fence/0", "web");
    join(rows, "nic/web-0/0", "web");
    join(rows, "nic/in-nat/0", "db");
    add_rule(rows, "group/web", 10, [](auto& r) { r.source = {word_of_group("web")}; });
    add_rule(rows, "group/db", 20, [](auto& r) { r.source = {word_of_group("web"), "192.0.2.1"}; });
    add_rule(rows, "edge/gw", 30, [](auto& r) { r.source = {"internal"}; });
    add_rule(rows, "edge/gw", 31, [](auto& r) { r.source = {"external"}; });
    add_rule(rows, "edge/shop/fence", 40, [](auto& r) {
        r.source = {word_of_nic("nic/web-0/0")};
        r.tier = "provider";
    });
    add_rule(rows, "edge/shop/nat", 50, [](auto& r) {
        r.destination = {word_of_group("db")};
        r.protocol = 6;
        r.destination_ports = {"80"};
    });
    for (const char* network : {"network/acme", "vapp-network/fence"}) {
        nb::DhcpOptions options;
        options.uuid = id(std::string("dhcp/") + network);
        (rows.organization_network.find(id(network)) ? options.organization_network
                                                     : options.vapp_network) = id(network);
        options.enabled = true;
        options.options["dns-servers"] = "10.0.0.2";
        rows.dhcp_options.insert(options);
    }
    edit(rows.organization, "org/acme", [](auto& o) { o.options["log-server"] = "192.0.2.9:514"; });
    edit(rows.organization_network, "network/acme",
         [](auto& network) { network.options["log-default"] = "yes"; });
    edit(rows.virtual_data_center, "vdc/acme", [](auto& vdc) { vdc.limits["connections"] = 1000; });
    edit(rows.nic, "nic/web-0/0", [](auto& nic) {
        nic.limits["connections"] = 10;
        nic.options["hostname"] = "shop";
    });
}

void add_ledger(nb::Tables& rows, const std::string& network, const std::string& address,
                const std::string& nic) {
    nb::AddressAllocation entry;
    entry.uuid = id("ledger/" + network + "/" + address);
    entry.network = id(network);
    entry.address = address;
    entry.kind = "nic";
    entry.nic = id(nic);
    rows.address_allocation.insert(entry);
}

// --- Changes ------------------------------------------------------------------------------------
struct Change {
    const char* name;
    std::function<void(RandomCloud&, nb::Tables&, sb::Tables&)> fn;
};

std::string random_mac(RandomCloud& random) {
    return fmt::format("02:00:00:00:01:{:02x}", random.pick(40));
}

void new_organization_network(RandomCloud& random, nb::Tables& north, sb::Tables&) {
    const auto* like = random.any(north.organization_network);
    if (!like)
        return;
    auto network = *like;
    network.uuid = id(fmt::format("network/{}", random.serial()));
    network.name = fmt::format("n{}", random.serial());
    network.vni = 4990 + static_cast<int64_t>(random.pick(50)); // taken or out of range at times
    north.organization_network.insert(network);
}

void new_vapp_network(RandomCloud& random, nb::Tables& north, sb::Tables&) {
    const auto* like = random.any(north.vapp_network);
    if (!like)
        return;
    auto network = *like;
    network.uuid = id(fmt::format("vapp-network/{}", random.serial()));
    network.name = fmt::format("v{}", random.serial());
    if (network.vni)
        network.vni = 4990 + static_cast<int64_t>(random.pick(50));
    for (const auto& edge :
         std::vector<nb::EdgeRouter>(north.edge_router.begin(), north.edge_router.end()))
        if (edge.vapp_network == like->uuid) {
            auto own = edge;
            own.uuid = id(fmt::format("edge/{}", random.serial()));
            own.name = fmt::format("shop/{}", network.name);
            own.vapp_network = network.uuid;
            north.edge_router.insert(own);
        }
    north.vapp_network.insert(network);
}

void new_nic(RandomCloud& random, nb::Tables& north, sb::Tables& south) {
    auto vm = make_vm(fmt::format("m{}", random.serial()));
    if (const auto* vapp = random.any(north.vapp))
        vm.vapp = vapp->uuid;
    north.virtual_machine.insert(vm);
    auto nic =
        make_nic(vm.name, 0, random_mac(random), {fmt::format("10.0.0.{}", 2 + random.pick(60))});
    const auto* own = random.any(north.vapp_network);
    const auto* network = random.any(north.organization_network);
    if (own && random.chance(2)) {
        nic.vapp_network = own->uuid;
        nic.outside_addresses = {fmt::format("10.0.0.{}", 100 + random.pick(60))};
    } else if (network) {
        nic.organization_network = network->uuid;
    }
    north.nic.insert(nic);
    if (const auto* host = random.any(north.host); host && random.chance(2))
        south.port_claim.insert(make_claim(host->name, nic.port_name, true, random.serial()));
}

void turn_claim(RandomCloud& random, nb::Tables& north, sb::Tables& south) {
    const auto* nic = random.any(north.nic);
    const auto* host = random.any(north.host);
    if (!nic || !host)
        return;
    auto claim = make_claim(host->name, nic->port_name, !random.chance(4), random.serial());
    if (!south.port_claim.erase(claim.uuid))
        south.port_claim.insert(claim);
}

void new_host(RandomCloud& random, nb::Tables& north, sb::Tables& south) {
    auto host = make_host(fmt::format("h{}", 3 + random.pick(6)));
    host.kind = random.chance(4) ? "foreign" : "ringfence";
    host.admitted = !random.chance(4);
    auto vtep = fmt::format("192.0.2.{}", 1 + random.pick(12));
    if (host.kind == "foreign")
        host.vtep_addresses = {vtep};
    else
        south.host_status.insert(make_status(host.name, vtep));
    if (!random.chance(4)) // it dials in
        north.host.insert(host);
}

void change_host(RandomCloud& random, nb::Tables&, sb::Tables& south) {
    const auto* now = random.any(south.host_status);
    if (!now)
        return;
    auto status = *now;
    status.applied = random.serial();
    if (random.chance(2))
        status.underlay_mtu = 1400 + static_cast<int64_t>(random.pick(3)) * 100;
    if (random.chance(4))
        status.vtep_addresses = {fmt::format("192.0.2.{}", 1 + random.pick(12))};
    south.host_status.replace(status);
}

void learn_mac(RandomCloud& random, nb::Tables& north, sb::Tables& south) {
    const auto* segment = random.any(south.segment);
    const auto* host = random.any(north.host);
    if (!segment || !host)
        return;
    sb::LearnedMac row;
    row.mac = random_mac(random);
    row.uuid = id("learned/" + row.mac);
    row.segment = segment->uuid;
    row.domain = segment->domain;
    row.host = host->name;
    south.learned_mac.replace(row);
}

// On whichever network it is; many of them want the same.
void share_address(RandomCloud& random, nb::Tables& north, sb::Tables&) {
    const auto* now = random.any(north.nic);
    if (!now)
        return;
    auto nic = *now;
    const auto address = fmt::format("10.0.0.{}", 200 + random.pick(3));
    if (!nic.virtual_addresses.erase(address))
        nic.virtual_addresses[address] = random.chance(2) ? nic.mac : "00:00:5e:00:01:01";
    north.nic.replace(nic);
}

void claim_address(RandomCloud& random, nb::Tables& north, sb::Tables& south) {
    const auto* nic = random.any(north.nic);
    const auto* host = random.any(north.host);
    const auto* segment = random.any(south.segment);
    if (!nic || !host || !segment)
        return;
    sb::AddressClaim row;
    row.host = host->name;
    row.segment = random.chance(3) ? segment->uuid
                                   : model::Model(north).segment_of(*nic).value_or(segment->uuid);
    row.address = fmt::format("10.0.0.{}", 200 + random.pick(3));
    row.port = nic->port_name;
    row.number = static_cast<int64_t>(random.pick(5));
    row.uuid = id(fmt::format("claim/{}/{}/{}", row.host, to_string(row.segment), row.address));
    south.address_claim.replace(row);
}

void switch_mode(RandomCloud& random, nb::Tables& north, sb::Tables&) {
    const auto* now = random.any(north.vapp_network);
    if (!now)
        return;
    auto network = *now;
    static const char* const modes[] = {"isolated", "bridged", "nat-routed", "fenced"};
    network.mode = modes[random.pick(4)];
    network.translation.reset();
    if (network.mode == std::string("nat-routed"))
        network.translation = random.chance(2) ? "none" : "one-to-one";
    network.parent.reset();
    if (network.mode != std::string("isolated"))
        network.parent = id("network/acme");
    for (const auto& edge :
         std::vector<nb::EdgeRouter>(north.edge_router.begin(), north.edge_router.end()))
        if (edge.vapp_network == network.uuid) {
            auto fitting = edge;
            fitting.translation = network.translation.value_or("one-to-one");
            north.edge_router.replace(fitting);
        }
    north.vapp_network.replace(network);
}

void switch_vapp(RandomCloud& random, nb::Tables& north, sb::Tables&) {
    if (const auto* now = random.any(north.vapp)) {
        auto vapp = *now;
        vapp.deployed = !vapp.deployed;
        north.vapp.replace(vapp);
    }
}

void turn_group(RandomCloud& random, nb::Tables& north, sb::Tables&) {
    const auto* now = random.any(north.nic);
    const auto* group = random.any(north.security_group);
    if (!now || !group)
        return;
    auto nic = *now;
    if (!nic.security_groups.erase(group->uuid))
        nic.security_groups.insert(group->uuid);
    north.nic.replace(nic);
}

std::string random_word(RandomCloud& random, nb::Tables& north) {
    switch (random.pick(6)) {
    case 0:
        return "internal";
    case 1:
        return "external";
    case 2:
        return fmt::format("10.0.0.{}", random.pick(60));
    case 3:
        if (const auto* nic = random.any(north.nic))
            return "nic:" + to_string(nic->uuid);
    }
    const auto* group = random.any(north.security_group);
    return group ? "group:" + to_string(group->uuid) : "group:none";
}

void new_rule(RandomCloud& random, nb::Tables& north, sb::Tables&) {
    nb::FirewallRule rule;
    rule.uuid = id(fmt::format("rule/{}", random.pick(40)));
    const auto* group = random.any(north.security_group);
    const auto* edge = random.any(north.edge_router);
    if (edge && random.chance(2))
        rule.edge_router = edge->uuid;
    else if (group)
        rule.security_group = group->uuid;
    rule.tier = random.chance(3) ? "provider" : "tenant";
    rule.number = static_cast<int64_t>(random.pick(50));
    rule.direction = random.chance(2) ? "in" : "out";
    rule.action = random.chance(2) ? "allow" : "reject";
    rule.enabled = !random.chance(5);
    (random.chance(2) ? rule.source : rule.destination).insert(random_word(random, north));
    north.firewall_rule.replace(rule);
}

void new_dhcp_options(RandomCloud& random, nb::Tables& north, sb::Tables&) {
    nb::DhcpOptions options;
    const auto* network = random.any(north.organization_network);
    const auto* of_vapp = random.any(north.vapp_network);
    if (network && random.chance(2))
        options.organization_network = network->uuid;
    else if (of_vapp)
        options.vapp_network = of_vapp->uuid;
    options.uuid = id(fmt::format("dhcp/{}", random.pick(8)));
    options.enabled = !random.chance(4);
    options.options["lease-time"] = random.chance(5) ? "soon" : "600";
    north.dhcp_options.replace(options);
}

void count_change(RandomCloud&, nb::Tables& north, sb::Tables&) {
    if (north.global.empty())
        return;
    auto global = *north.global.begin();
    ++global.change;
    north.global.replace(global);
}

void change_edges(RandomCloud& random, nb::Tables& north, sb::Tables&) {
    RandomEdges(random.engine(), north, 100 + random.serial()).step();
}

const Change changes[] = {
    {"new organization network", new_organization_network},
    {"new vApp network", new_vapp_network},
    {"new NIC", new_nic},
    {"new NIC", new_nic},
    {"claim", turn_claim},
    {"claim", turn_claim},
    {"claim", turn_claim},
    {"new host", new_host},
    {"host says", change_host},
    {"learned MAC", learn_mac},
    {"shared address", share_address},
    {"address claim", claim_address},
    {"address claim", claim_address},
    {"mode", switch_mode},
    {"deployed", switch_vapp},
    {"security group", turn_group},
    {"rule", new_rule},
    {"rule", new_rule},
    {"DHCP", new_dhcp_options},
    {"change number", count_change},
    {"edges", change_edges},
    {"edges", change_edges},
    {"edges", change_edges},
    {"edges", change_edges},
    {"edges", change_edges},
};

// --- The schema's indexes -----------------------------------------------------------------------
// Table name -> the lists of columns whose values are unique together.
using Indexes = std::map<std::string, std::vector<std::vector<std::string>>, std::less<>>;

Indexes read_indexes(const char* schema) {
    std::ifstream file(std::string(RINGFENCE_SCHEMAS "/ringfence-") + schema + ".ovsschema");
    Indexes by_table;
    const json description = json::parse(file);
    for (const auto& [table, its] : description["tables"].items())
        if (its.contains("indexes"))
            by_table[table] = its["indexes"];
    return by_table;
}

json value_of(const ovsdb::ColumnInfo& column, const void* row) {
    json value;
    column.ops->encode(column.in(row), value);
    return value;
}

bool is_unique(const Indexes& indexes, const ovsdb::TableInfo& info, const ovsdb::RowStore& table) {
    auto found = indexes.find(info.name);
    if (found == indexes.end())
        return true;
    for (const auto& index : found->second) {
        std::set<json> seen;
        for (const auto& [uuid, row] : table.rows()) {
            json key = json::array();
            for (const auto& column : info.columns)
                if (std::ranges::find(index, column.name) != index.end())
                    key.push_back(value_of(column, row.get()));
            if (!seen.insert(key).second)
                return false;
        }
    }
    return true;
}

template <class Tables> bool is_unique(const Indexes& indexes, const Tables& rows) {
    const auto& schema = Tables::Schema::info();
    return std::ranges::all_of(schema.tables, [&](const auto* table) {
        return is_unique(indexes, *table, schema.in(&rows, table->index));
    });
}

bool is_unique(const nb::Tables& rows) {
    static const Indexes indexes = read_indexes("northbound");
    return is_unique(indexes, rows);
}
bool is_unique(const sb::Tables& rows) {
    static const Indexes indexes = read_indexes("southbound");
    return is_unique(indexes, rows);
}

template <class... Rows> std::vector<size_t> tables() { return {Rows::table_info().index...}; }

// What a client may change: all but the lease.
std::vector<size_t> intent_tables() {
    std::vector<size_t> all;
    for (const auto* table : nb::Schema::info().tables)
        if (table != &nb::Lease::table_info())
            all.push_back(table->index);
    return all;
}

std::vector<size_t> compiled_tables() {
    auto others = tables<sb::HostStatus, sb::PortClaim, sb::AddressClaim, sb::LearnedMac, sb::Lease,
                         sb::BlockLog>();
    std::vector<size_t> all;
    for (const auto* table : sb::Schema::info().tables)
        if (std::ranges::find(others, table->index) == others.end())
            all.push_back(table->index);
    return all;
}

// fn changes the tables and says what it did; where a server would refuse that, it is undone.
template <class Fn> std::string unless_refused(nb::Tables& north, sb::Tables& south, Fn fn) {
    const auto north_before = north;
    const auto south_before = south;
    std::string what = fn();
    if (is_unique(north) && is_unique(south))
        return what;
    north = north_before;
    south = south_before;
    return "refused";
}

} // namespace

nb::Tables RandomCloud::start() {
    auto rows = cloud();
    RandomEdges::start(rows);
    for (const char* name : {"h3", "h4"})
        rows.host.insert(make_host(name));
    add_isolated_network(rows, "fence", 5010);
    add_isolated_network(rows, "nat", 5011);
    edit(rows.vapp_network, "vapp-network/nat", [](auto& network) {
        network.subnets = {"172.16.0.0/24"};
        network.gateways = {"172.16.0.1"};
    });
    put_behind_edge(rows, "fence", "fenced", "10.0.0.201");
    put_behind_edge(rows, "nat", "nat-routed", "10.0.0.202", "172.16.0.1");
    rows.edge_router.insert(make_edge("gw", {{"network/acme", "10.0.0.1"}}));
    add_static_route(rows, "gw", "198.51.100.0/24", "10.0.0.10");
    add_nic(rows, "in-fence", "fence", "10.0.0.20", "10.0.0.150");
    add_nic(rows, "in-nat", "nat", "172.16.0.10", "10.0.0.151");
    add_ledger(rows, "network/acme", "10.0.0.10", "nic/web-0/0");
    add_services(rows);
    add_refused(rows);
    return rows;
}

std::string RandomCloud::step(nb::Tables& north, sb::Tables& south) {
    return unless_refused(north, south, [&] {
        const Change& change = changes[pick(std::size(changes))];
        switch (pick(4)) {
        case 0:
            return change_any_row({&nb::Schema::info(), &north}, intent_tables());
        case 1:
            return change_any_row(
                {&sb::Schema::info(), &south},
                tables<sb::HostStatus, sb::PortClaim, sb::AddressClaim, sb::LearnedMac>());
        }
        change.fn(*this, north, south);
        return std::string(change.name);
    });
}

std::string RandomCloud::tamper(nb::Tables& north, sb::Tables& south) {
    return unless_refused(north, south, [&]() -> std::string {
        const auto* now = any(north.nic);
        if (!now || !chance(3))
            return change_any_row({&sb::Schema::info(), &south}, compiled_tables());
        auto nic = *now;
        nic.status = "?";
        nic.bound_host = "?";
        nic.held_addresses = {"?"};
        north.nic.replace(nic);
        return "a NIC's status";
    });
}

RandomCloud::KeyedRow RandomCloud::any_row(const ovsdb::RowStore& table) {
    if (table.rows().empty())
        return {};
    std::vector<KeyedRow> rows(table.rows().begin(), table.rows().end());
    std::ranges::sort(rows, {}, &KeyedRow::first);
    return rows[pick(rows.size())];
}

// Deletes a row, makes one again that was deleted, or changes a column.
std::string RandomCloud::change_any_row(Store store, const std::vector<size_t>& among) {
    const auto& info = *store.schema->tables[among[pick(among.size())]];
    auto& table = store.schema->store(store.tables, info.index);
    auto row = any_row(table);
    size_t kind = pick(6);
    if (kind == 0 && row.second) {
        table.erase(row.first);
        graves_.push_back({&info, row});
        return fmt::format("delete {} {}", info.name, to_string(row.first));
    }
    if (kind <= 2 && !graves_.empty()) {
        const Grave& grave = graves_[pick(graves_.size())];
        if (std::ranges::find(store.schema->tables, grave.table) == store.schema->tables.end())
            return "";
        store.schema->store(store.tables, grave.table->index)
            .insert(grave.row.first, grave.row.second);
        return fmt::format("make {} {} again", grave.table->name, to_string(grave.row.first));
    }
    return row.second ? change_column(info, table, row) : "";
}

// The row gets the value that another one has, or none.
std::string RandomCloud::change_column(const ovsdb::TableInfo& info, ovsdb::RowStore& table,
                                       const KeyedRow& row) {
    const auto& column = info.columns[pick(info.columns.size())];
    const auto other = chance(4) ? info.make(row.first) : any_row(table).second;
    auto changed = info.copy(row.second.get());
    if (!column.ops->decode(value_of(column, other.get()), column.member(changed.get())))
        return "";
    table.replace(row.first, changed);
    return fmt::format("{} of {} {}", column.name, info.name, to_string(row.first));
}

} // namespace ringfence::test
