// Every refusal of controller/model, as a table: what is done to a sound row, and what must be
// said.
#include "controller/model/check.h"

#include <fstream>
#include <functional>

#include <gtest/gtest.h>

#include "controller/model/names.h"
#include "controller/model/paths.h"
#include "tests/unit/controller/cloud.h"

namespace ringfence::test {
namespace {

using model::check;

constexpr ErrorKind invalid = ErrorKind::invalid;
constexpr ErrorKind not_found = ErrorKind::not_found;
constexpr ErrorKind conflict = ErrorKind::conflict;
constexpr ErrorKind unsupported = ErrorKind::unsupported;

// A row of the cloud, changed, is refused with this kind and a text that has all of `says`.
template <class Row> struct Refusal {
    const char* what;
    std::function<void(Row&)> change;
    ErrorKind kind;
    std::vector<std::string> says;
};

template <class Row>
void expect_refused(const northbound::Tables& rows, const ovsdb::Table<Row>& table,
                    const std::string& name, const std::vector<Refusal<Row>>& refusals) {
    const Row* sound = table.find(id(name));
    ASSERT_NE(sound, nullptr) << name;
    auto accepted = check(rows, *sound);
    ASSERT_TRUE(accepted) << accepted.error().text;
    for (const auto& refusal : refusals) {
        SCOPED_TRACE(refusal.what);
        Row row = *sound;
        refusal.change(row);
        auto result = check(rows, row);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, refusal.kind) << result.error().text;
        for (const auto& part : refusal.says)
            EXPECT_NE(result.error().text.find(part), std::string::npos) << result.error().text;
    }
}

template <class Row>
void expect_accepted(const northbound::Tables& rows, Row row, std::function<void(Row&)> change) {
    change(row);
    auto result = check(rows, row);
    EXPECT_TRUE(result) << result.error().text;
}

TEST(Check, AcceptsASoundCloud) {
    auto rows = cloud();
    model::Model model(rows);
    auto all = [&](const auto& table) {
        for (const auto& row : table) {
            auto result = check(model, row);
            EXPECT_TRUE(result) << result.error().text;
        }
    };
    all(rows.global);
    all(rows.host);
    all(rows.organization);
    all(rows.virtual_data_center);
    all(rows.network_pool);
    all(rows.organization_network);
    all(rows.vapp);
    all(rows.vapp_network);
    all(rows.virtual_machine);
    all(rows.nic);
}

TEST(Check, AcceptsTheSameAddressesInTwoOrganizations) { // row 37
    auto rows = cloud();
    EXPECT_TRUE(check(rows, *rows.organization_network.find(id("network/acme"))));
    EXPECT_TRUE(check(rows, *rows.organization_network.find(id("network/globex"))));
}

TEST(Check, NamesFollowTheRule) { // row 41
    for (const char* good : {"a", "0", "web-0", "A_b.c-9", "7f3c2d1e-0000-4000-8000-000000000000"})
        EXPECT_TRUE(model::check_name("org", good)) << good;
    for (const auto& bad :
         {std::string(), std::string(64, 'a'), std::string(10000, 'a'), std::string("\xc3\xa4"),
          std::string("a\nb"), std::string("../etc"), std::string("-rf"), std::string("a b"),
          std::string("'; drop"), std::string("a\"b"), std::string("a/b"), std::string(".a"),
          std::string("a\0b", 3)}) {
        auto result = model::check_name("org", bad);
        ASSERT_FALSE(result) << bad;
        EXPECT_NE(result.error().text.find("1 to 63 letters"), std::string::npos);
        EXPECT_LT(result.error().text.size(), 250u);
        for (char c : result.error().text)
            EXPECT_TRUE(c >= ' ' && c <= '~') << result.error().text;
    }
    EXPECT_TRUE(model::check_name("org", std::string(63, 'a')));
}

TEST(Check, PortNamesArePrintableWithoutSpaces) {
    EXPECT_TRUE(model::check_port_name("nic", "acme/default/web-0/0"));
    EXPECT_TRUE(model::check_port_name("nic", std::string(255, 'x')));
    for (const auto& bad : {std::string(), std::string(256, 'x'), std::string("a b"),
                            std::string("a\t"), std::string("\xc3\xa4")})
        EXPECT_FALSE(model::check_port_name("nic", bad)) << bad;
}

TEST(Check, RefusesBadOrganizations) {
    auto rows = cloud();
    using Row = northbound::Organization;
    expect_refused<Row>(
        rows, rows.organization, "org/acme",
        {{"bad name", [](Row& r) { r.name = "a b"; }, invalid, {"org/a b", "1 to 63"}},
         {"disabled",
          [](Row& r) { r.enabled = false; },
          unsupported,
          {"disabled", "not built yet"}},
         {"quota",
          [](Row& r) { r.quotas["vms"] = 3; },
          unsupported,
          {"quota vms", "not built yet"}},
         {"option", [](Row& r) { r.options["x"] = "y"; }, unsupported, {"option x"}}});
}

TEST(Check, RefusesBadDataCenters) {
    auto rows = cloud();
    using Row = northbound::VirtualDataCenter;
    expect_refused<Row>(
        rows, rows.virtual_data_center, "vdc/acme",
        {{"empty name", [](Row& r) { r.name = ""; }, invalid, {"org/acme/vdc/"}},
         {"no organization", [](Row& r) { r.organization = id("?"); }, not_found, {"organization"}},
         {"no pool", [](Row& r) { r.network_pool = id("?"); }, not_found, {"network pool"}},
         {"unknown host",
          [](Row& r) {
              r.all_hosts = false;
              r.hosts = {id("?")};
          },
          not_found,
          {"hosts does not exist"}},
         {"all and some",
          [](Row& r) { r.hosts = {id("host/h1")}; },
          invalid,
          {"give one of the two"}},
         {"limit", [](Row& r) { r.limits["mbit"] = 1; }, invalid, {"\"mbit\" is no limit"}}});
}

TEST(Check, RefusesBadPools) { // row 35
    auto rows = cloud();
    northbound::VniAllocation entry;
    entry.uuid = id("ledger");
    entry.vni = 5000;
    entry.network_pool = id("pool");
    entry.network = id("network/acme");
    rows.vni_allocation.insert(entry);
    using Row = northbound::NetworkPool;
    expect_refused<Row>(
        rows, rows.network_pool, "pool",
        {{"VNI 0", [](Row& r) { r.first_vni = 0; }, invalid, {"VNI 0", "1 to 16777215"}},
         {"2^24", [](Row& r) { r.last_vni = 1 << 24; }, invalid, {"16777216", "1 to 16777215"}},
         {"reversed", [](Row& r) { r.last_vni = 4999; }, invalid, {"5000", "4999"}},
         {"shrunk below its networks",
          [](Row& r) { r.first_vni = 5001; },
          conflict,
          {"VNI 5000 of org/acme/network/web", "5001 to 5009"}}});
    expect_accepted<Row>(rows, *rows.network_pool.find(id("pool")),
                         [](Row& r) { r.last_vni = 16777215; });
}

TEST(Check, RefusesBadHosts) {
    auto rows = cloud();
    auto foreign = make_host("k1");
    foreign.kind = "foreign";
    foreign.vtep_addresses = {"192.0.2.9"};
    rows.host.insert(foreign);
    edit(rows.host, "host/h1", [](auto& h) { h.reported["vtep_addresses"] = "192.0.2.1"; });
    using Row = northbound::Host;
    expect_refused<Row>(
        rows, rows.host, "host/k1",
        {{"no VTEP", [](Row& r) { r.vtep_addresses.clear(); }, invalid, {"needs a VTEP address"}},
         {"multicast", [](Row& r) { r.vtep_addresses = {"224.0.0.1"}; }, invalid, {"224.0.0.1"}},
         {"link-local", [](Row& r) { r.vtep_addresses = {"fe80::1"}; }, invalid, {"fe80::1"}},
         {"taken",
          [](Row& r) {
              r.uuid = id("a newcomer");
              r.name = "k2";
              r.vtep_addresses = {"192.0.2.1"};
          },
          conflict,
          {"host/k2", "192.0.2.1", "taken by host/h1"}}});
    expect_refused<Row>(rows, rows.host, "host/h2",
                        {{"name", [](Row& r) { r.name = "../h"; }, invalid, {"1 to 63"}},
                         {"VTEP by hand",
                          [](Row& r) { r.vtep_addresses = {"192.0.2.2"}; },
                          invalid,
                          {"reports its VTEP addresses itself"}}});
}

TEST(Check, GivesAVtepAddressToTheHostThatTheFabricKnowsByIt) {
    auto rows = cloud();
    for (const char* incumbent : {"h1", "h2"}) {
        model::Facts facts{{"h1", {{"192.0.2.1"}, {}, 1500}}, {"h2", {{"192.0.2.1"}, {}, 1500}}};
        facts[incumbent].held = {"192.0.2.1"};
        model::Model model(rows, facts);
        for (const auto& host : rows.host)
            EXPECT_EQ(check(model, host).has_value(), host.name == incumbent) << host.name;
    }
}

TEST(Check, RefusesBadOrganizationNetworks) {
    auto rows = cloud();
    for (const char* host : {"h1", "h2"})
        edit(rows.host, std::string("host/") + host,
             [&](auto& h) { h.reported["underlay_mtu"] = h.name == "h1" ? "9000" : "1600"; });
    using Row = northbound::OrganizationNetwork;
    auto subnets = [](std::set<std::string> list) {
        return [list](Row& r) {
            r.subnets = list;
            r.gateways.clear();
            r.ranges.clear();
        };
    };
    auto gateway = [](const char* text) { return [text](Row& r) { r.gateways = {text}; }; };
    auto ranges = [](std::set<std::string> list) { return [list](Row& r) { r.ranges = list; }; };
    auto mtu = [](int64_t value) { return [value](Row& r) { r.mtu = value; }; };
    expect_refused<Row>(
        rows, rows.organization_network, "network/acme",
        {{"name", [](Row& r) { r.name = "-x"; }, invalid, {"org/acme/network/-x"}},
         {"bridged",
          [](Row& r) { r.mode = "bridged"; },
          unsupported,
          {"mode bridged is not built"}},
         {"routed by nobody",
          [](Row& r) { r.mode = "routed"; },
          not_found,
          {"is routed", "attach it"}},
         {"shared", [](Row& r) { r.shared = true; }, unsupported, {"not built yet"}},
         {"external", [](Row& r) { r.external_network = id("x"); }, unsupported, {"external"}},
         {"option", [](Row& r) { r.options["a"] = "b"; }, unsupported, {"option a"}},
         {"VNI 0", [](Row& r) { r.vni = 0; }, invalid, {"VNI 0", "1 to 16777215"}},
         {"2^24", [](Row& r) { r.vni = 1 << 24; }, invalid, {"16777216"}},
         {"not of the pool",
          [](Row& r) { r.vni = 6000; },
          invalid,
          {"VNI 6000", "network-pool/default", "5000 to 5009"}},
         {"VNI of another organization",
          [](Row& r) {
              r.uuid = id("a newcomer");
              r.vni = 5002;
          },
          conflict,
          {"VNI 5002 is taken by org/globex/network/web"}},
         {"VNI of a vApp network",
          [](Row& r) {
              r.uuid = id("a newcomer");
              r.vni = 5001;
          },
          conflict,
          {"org/acme/vapp/shop/network/front"}},
         {"vdc of globex",
          [](Row& r) { r.data_center = id("vdc/globex"); },
          invalid,
          {"org/globex/vdc/default", "another organization"}},
         {"/31", subnets({"10.0.0.0/31"}), invalid, {"10.0.0.0/31", "/30"}},
         {"/32", subnets({"10.0.0.0/32"}), invalid, {"/30"}},
         {"one address", subnets({"10.0.0.1"}), invalid, {"/30"}},
         {"/127", subnets({"2001:db8::/127"}), invalid, {"/126"}},
         {"host bits", subnets({"10.0.0.1/24"}), invalid, {"host bits", "10.0.0.0/24"}},
         {"not a subnet", subnets({"ten/8"}), invalid, {"ten/8"}},
         {"multicast", subnets({"224.0.0.0/24"}), invalid, {"unicast"}},
         {"everything", subnets({"0.0.0.0/0"}), invalid, {"unicast"}},
         {"overlap", subnets({"10.0.0.0/24", "10.0.0.128/25"}), invalid, {"overlaps", "/25"}},
         {"gateway outside", gateway("10.0.1.1"), invalid, {"10.0.1.1", "outside"}},
         {"gateway = network", gateway("10.0.0.0"), invalid, {"network address"}},
         {"gateway = broadcast", gateway("10.0.0.255"), invalid, {"broadcast"}},
         {"two gateways",
          [](Row& r) {
              r.gateways = {"10.0.0.1", "10.0.0.2"};
          },
          invalid,
          {"has the gateway 10.0.0.1 already"}},
         {"reversed range", ranges({"10.0.0.9-10.0.0.5"}), invalid, {"reversed"}},
         {"range over the gateway",
          ranges({"10.0.0.1-10.0.0.5"}),
          invalid,
          {"the gateway 10.0.0.1"}},
         {"range over broadcast", ranges({"10.0.0.9-10.0.0.255"}), invalid, {"10.0.0.255"}},
         {"range over network", ranges({"10.0.0.0-10.0.0.0"}), invalid, {"10.0.0.0"}},
         {"range outside", ranges({"10.0.0.9-10.0.1.9"}), invalid, {"inside one of"}},
         {"overlapping ranges",
          ranges({"10.0.0.5-10.0.0.9", "10.0.0.8-10.0.0.12"}),
          invalid,
          {"overlaps the range"}},
         {"MTU 67", mtu(67), invalid, {"MTU 67", "68 to"}},
         {"MTU over the underlay",
          mtu(1551),
          invalid,
          {"MTU 1551 exceeds 1550", "host h2", "1600"}},
         {"MTU 1279 with IPv6",
          [](Row& r) {
              r.subnets.insert("2001:db8::/64");
              r.mtu = 1279;
          },
          invalid,
          {"1279", "1280"}}});
    const Row& web = *rows.organization_network.find(id("network/acme"));
    expect_accepted<Row>(rows, web, mtu(1550));
    expect_accepted<Row>(rows, web, mtu(68));
    expect_accepted<Row>(rows, web, subnets({"10.0.0.0/30", "10.0.0.4/30", "2001:db8::/126"}));
}

TEST(Check, RefusesBadVappNetworks) {
    auto rows = cloud();
    using Row = northbound::VappNetwork;
    expect_refused<Row>(
        rows, rows.vapp_network, "vapp-network/front",
        {{"nat-routed", [](Row& r) { r.mode = "nat-routed"; }, not_found, {"has no parent"}},
         {"fenced", [](Row& r) { r.mode = "fenced"; }, not_found, {"is fenced and has no parent"}},
         {"translation",
          [](Row& r) { r.translation = "none"; },
          invalid,
          {"is isolated", "nothing to translate"}},
         {"inbound", [](Row& r) { r.inbound = "allow"; }, invalid, {"nothing comes in"}},
         {"no VNI", [](Row& r) { r.vni.reset(); }, invalid, {"has no VNI"}},
         {"VNI taken", [](Row& r) { r.vni = 5002; }, conflict, {"org/globex/network/web"}},
         {"a parent", [](Row& r) { r.parent = id("network/acme"); }, invalid, {"no parent"}},
         {"no vApp", [](Row& r) { r.vapp = id("?"); }, not_found, {"vApp does not exist"}},
         {"subnet", [](Row& r) { r.subnets = {"10.0.0.0/31"}; }, invalid, {"/30"}}});
    expect_refused<Row>(
        rows, rows.vapp_network, "vapp-network/edge",
        {{"no parent", [](Row& r) { r.parent.reset(); }, not_found, {"no parent"}},
         {"VNI", [](Row& r) { r.vni = 5003; }, invalid, {"no VNI of its own"}},
         {"MTU", [](Row& r) { r.mtu = 1400; }, invalid, {"org/acme/network/web"}},
         {"subnet", [](Row& r) { r.subnets = {"10.1.0.0/24"}; }, invalid, {"set them there"}},
         {"parent of globex",
          [](Row& r) { r.parent = id("network/globex"); },
          invalid,
          {"org/globex/network/web", "another organization"}}});
}

TEST(Check, RefusesBadVapps) {
    auto rows = cloud();
    using Row = northbound::Vapp;
    expect_refused<Row>(
        rows, rows.vapp, "vapp/shop",
        {{"name", [](Row& r) { r.name = "a/b"; }, invalid, {"1 to 63"}},
         {"vdc of globex", [](Row& r) { r.data_center = id("vdc/globex"); }, invalid, {"globex"}},
         {"no vdc", [](Row& r) { r.data_center = id("?"); }, not_found, {"data center"}},
         {"no organization", [](Row& r) { r.organization = id("?"); }, not_found, {"organization"}},
         {"option", [](Row& r) { r.options["x"] = ""; }, unsupported, {"option x"}}});
    using Vm = northbound::VirtualMachine;
    expect_refused<Vm>(rows, rows.virtual_machine, "vm/web-0",
                       {{"name", [](Vm& r) { r.name = ""; }, invalid, {"1 to 63"}},
                        {"no vApp", [](Vm& r) { r.vapp = id("?"); }, not_found, {"vApp"}}});
}

TEST(Check, RefusesBadNics) {
    auto rows = cloud();
    auto foreign = make_host("k1");
    foreign.kind = "foreign";
    foreign.vtep_addresses = {"192.0.2.9"};
    rows.host.insert(foreign);
    edit(rows.virtual_data_center, "vdc/globex", [](auto& v) {
        v.all_hosts = false;
        v.hosts = {id("host/h1")};
    });
    using Row = northbound::Nic;
    auto mac = [](const char* text) { return [text](Row& r) { r.mac = text; }; };
    auto address = [](const char* text) { return [text](Row& r) { r.addresses = {text}; }; };
    expect_refused<Row>(
        rows, rows.nic, "nic/web-0/0",
        {{"multicast MAC",
          mac("01:00:5e:00:00:01"),
          invalid,
          {"org/acme/vapp/shop/nic/web-0/0", "01:00:5e:00:00:01 is multicast"}},
         {"broadcast MAC", mac("ff:ff:ff:ff:ff:ff"), invalid, {"multicast"}},
         {"zero MAC", mac("00:00:00:00:00:00"), invalid, {"zero"}},
         {"no MAC", mac(""), invalid, {"is not a MAC address"}},
         {"MAC with a quote", mac("02:00:00:00:00:0\""), invalid, {"02:00:00:00:00:0?"}},
         {"port name", [](Row& r) { r.port_name = "a b"; }, invalid, {"port name"}},
         {"number", [](Row& r) { r.number = 65536; }, invalid, {"0 to 65535"}},
         {"no network",
          [](Row& r) { r.organization_network.reset(); },
          invalid,
          {"attaches to no network"}},
         {"two networks",
          [](Row& r) { r.vapp_network = id("vapp-network/front"); },
          invalid,
          {"attaches to two networks"}},
         {"network of globex",
          [](Row& r) { r.organization_network = id("network/globex"); },
          invalid,
          {"org/globex/network/web is another organization's"}},
         {"no such network",
          [](Row& r) { r.organization_network = id("?"); },
          not_found,
          {"network does not exist"}},
         {"no VM", [](Row& r) { r.virtual_machine = id("?"); }, not_found, {"does not exist"}},
         {"pool without an address",
          [](Row& r) {
              r.allocation = "pool";
              r.addresses.clear();
              r.port_security = "mac";
          },
          invalid,
          {"allocation pool needs an address", "ranges"}},
         {"outside address",
          [](Row& r) { r.outside_addresses = {"192.0.2.5"}; },
          invalid,
          {"has an outside address"}},
         {"security group",
          [](Row& r) { r.security_groups = {id("g")}; },
          not_found,
          {"one of its security groups does not exist"}},
         {"limit",
          [](Row& r) { r.limits["kpps"] = 1; },
          invalid,
          {"\"kpps\" is no limit; give one of bandwidth-in, "}},
         {"limit's range",
          [](Row& r) { r.limits["bandwidth-in"] = 7999; },
          invalid,
          {"bandwidth-in 7999 is out of range; give 8000 to 1000000000000 bit/s"}},
         {"burst alone",
          [](Row& r) { r.limits["burst-out"] = 20000; },
          invalid,
          {"burst-out goes with a bandwidth-out"}},
         {"hostname",
          [](Row& r) { r.options["hostname"] = "a b"; },
          invalid,
          {"hostname \"a b\" is not a name as DNS has it"}},
         {"relay",
          [](Row& r) { r.options["trusted-relay"] = "no"; },
          invalid,
          {"trusted-relay \"no\" is not its value; give yes, or remove it"}},
         {"virtual address",
          [](Row& r) { r.virtual_addresses["10.0.0.300"] = "02:00:00:00:00:10"; },
          invalid,
          {"virtual address \"10.0.0.300\" is not an IP address"}},
         {"virtual address elsewhere",
          [](Row& r) { r.virtual_addresses["192.0.2.5"] = "02:00:00:00:00:10"; },
          invalid,
          {"virtual: "}},
         {"virtual address of a NIC",
          [](Row& r) { r.virtual_addresses["10.0.0.10"] = "02:00:00:00:00:10"; },
          conflict,
          {"virtual address 10.0.0.10 is org/acme/vapp/shop/nic/web-0/0's own"}},
         {"virtual MAC",
          [](Row& r) { r.virtual_addresses["10.0.0.50"] = "01:00:5e:00:00:12"; },
          invalid,
          {"is not a MAC that a virtual address may have"}},
         {"option", [](Row& r) { r.options["o"] = "1"; }, unsupported, {"option o"}},
         {"none with addresses",
          [](Row& r) { r.allocation = "none"; },
          invalid,
          {"exclude each other"}},
         {"manual without addresses",
          [](Row& r) { r.addresses.clear(); },
          invalid,
          {"allocation manual needs addresses"}},
         {"strict without addresses",
          [](Row& r) {
              r.allocation = "none";
              r.addresses.clear();
          },
          invalid,
          {"port security strict needs addresses", "mac"}},
         {"not an address", address("10.0.0.10/24"), invalid, {"without a prefix length"}},
         {"outside the subnet", address("10.0.1.10"), invalid, {"10.0.1.10", "10.0.0.0/24"}},
         {"the gateway", address("10.0.0.1"), invalid, {"is the network's gateway"}},
         {"the network's", address("10.0.0.0"), invalid, {"network address"}},
         {"broadcast", address("10.0.0.255"), invalid, {"broadcast"}},
         {"loopback", address("127.0.0.1"), invalid, {"unicast"}},
         {"bound to a ringfence host",
          [](Row& r) { r.foreign_host = id("host/h1"); },
          invalid,
          {"host/h1 is a ringfence host"}},
         {"bound to nobody",
          [](Row& r) { r.foreign_host = id("?"); },
          not_found,
          {"host that it is bound to"}}});
    const Row& nic = *rows.nic.find(id("nic/web-0/0"));
    expect_accepted<Row>(rows, nic, [](Row& r) { r.foreign_host = id("host/k1"); });
    expect_accepted<Row>(rows, nic, [](Row& r) {
        r.allocation = "none";
        r.addresses.clear();
        r.port_security = "mac";
    });
}

TEST(Check, RefusesAForeignHostOutsideTheDataCenter) {
    auto rows = cloud();
    auto foreign = make_host("k1");
    foreign.kind = "foreign";
    foreign.vtep_addresses = {"192.0.2.9"};
    rows.host.insert(foreign);
    edit(rows.virtual_data_center, "vdc/acme", [](auto& v) {
        v.all_hosts = false;
        v.hosts = {id("host/h1")};
    });
    auto nic = *rows.nic.find(id("nic/web-0/0"));
    nic.foreign_host = id("host/k1");
    auto result = check(rows, nic);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().text.find("host/k1 is not a host of org/acme/vdc/default"),
              std::string::npos)
        << result.error().text;
}

TEST(Check, NamesTheOwnerOfADuplicateAddress) { // row 38
    auto rows = cloud();
    rows.virtual_machine.insert(make_vm("web-2"));
    auto newcomer = make_nic("web-2", 0, "02:00:00:00:00:12", {"10.0.0.12"});
    newcomer.vapp_network = id("vapp-network/edge"); // bridged: the same segment as network web
    ASSERT_TRUE(check(rows, newcomer)) << check(rows, newcomer).error().text;

    auto same_mac = newcomer;
    same_mac.mac = "02:00:00:00:00:10";
    auto result = check(rows, same_mac);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, conflict);
    EXPECT_NE(result.error().text.find("MAC 02:00:00:00:00:10 is taken on org/acme/network/web by "
                                       "org/acme/vapp/shop/nic/web-0/0"),
              std::string::npos)
        << result.error().text;

    auto same_address = newcomer;
    same_address.addresses = {"10.0.0.10"};
    result = check(rows, same_address);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, conflict);
    EXPECT_NE(result.error().text.find("10.0.0.10 is taken"), std::string::npos);
}

TEST(Check, LetsTheLedgerDecideBetweenTwoRows) {
    auto rows = cloud();
    auto second = make_nic("web-1", 1, "02:00:00:00:00:10", {});
    second.organization_network = id("network/acme");
    rows.nic.insert(second);
    const auto& first = *rows.nic.find(id("nic/web-0/0"));
    EXPECT_NE(check(rows, first).has_value(), check(rows, second).has_value());

    for (const Uuid& owner : {first.uuid, second.uuid}) {
        auto with_ledger = rows;
        northbound::AddressAllocation entry;
        entry.uuid = id("entry");
        entry.network = id("network/acme");
        entry.address = "02:00:00:00:00:10";
        entry.kind = "mac";
        entry.nic = owner;
        with_ledger.address_allocation.insert(entry);
        EXPECT_EQ(check(with_ledger, first).has_value(), owner == first.uuid);
        EXPECT_EQ(check(with_ledger, second).has_value(), owner == second.uuid);
    }
}

TEST(Check, RefusesByNameWhatIsNotBuilt) {
    northbound::Tables rows = cloud();
    auto expect = [&](const auto& row, const char* text) {
        auto result = check(rows, row);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().kind, unsupported);
        EXPECT_NE(result.error().text.find(std::string(text) + " is not built yet"),
                  std::string::npos)
            << result.error().text;
    };
    expect(northbound::User{}, "a user");
    expect(northbound::ExternalNetwork{}, "an external network");
    expect(northbound::NatRule{}, "a NAT rule");
    expect(northbound::Task{}, "a task");
}

// Every "X is not built yet" that check() can say.
std::set<std::string> refused_by_name() {
    auto rows = cloud();
    rows.edge_router.insert(make_edge("main", {}));
    std::set<std::string> all;
    auto note = [&](const auto& row) {
        auto result = check(rows, row);
        ASSERT_FALSE(result);
        const std::string& text = result.error().text;
        const size_t begin = text.find(": ") + 2;
        all.insert(text.substr(begin, text.find(" is not built yet") - begin));
    };
    auto changed = [&](const auto& table, const char* name, auto change) {
        auto row = *table.find(id(name));
        change(row);
        note(row);
    };
    const auto& organizations = rows.organization;
    changed(organizations, "org/acme", [](auto& r) { r.enabled = false; });
    changed(organizations, "org/acme", [](auto& r) { r.quotas["X"] = 1; });
    changed(organizations, "org/acme", [](auto& r) { r.options["X"] = "1"; });
    const auto& networks = rows.organization_network;
    changed(networks, "network/acme", [](auto& r) { r.mode = "bridged"; });
    changed(networks, "network/acme", [](auto& r) { r.shared = true; });
    const auto& vapp_networks = rows.vapp_network;
    changed(vapp_networks, "vapp-network/edge", [](auto& r) {
        r.mode = "nat-routed";
        r.vni = 5003;
        r.translation = "ports";
    });
    const auto& edges = rows.edge_router;
    changed(edges, "edge/main", [](auto& r) { r.translation = "one-to-one"; });
    changed(edges, "edge/main", [](auto& r) { r.translation = "ports"; });
    changed(edges, "edge/main", [](auto& r) { r.external_networks = {id("uplink")}; });
    northbound::StaticRoute route;
    route.edge_router = id("edge/main");
    route.prefix = "172.16.0.0/12";
    route.next_hops = {"10.0.0.2", "10.0.0.3"};
    note(route);
    note(northbound::User{});
    note(northbound::ExternalNetwork{});
    note(northbound::NatRule{});
    note(northbound::Task{});
    return all;
}

TEST(Readme, ListsWhatIsRefusedByName) {
    std::ifstream readme(RINGFENCE_SOURCE "/controller/README.md");
    std::set<std::string> listed;
    bool in_table = false;
    for (std::string line; std::getline(readme, line);) {
        if (line.starts_with("| refused |"))
            in_table = true;
        else if (in_table && line.starts_with("| "))
            listed.insert(line.substr(2, line.find(" | ") - 2));
        else if (!line.starts_with("|"))
            in_table = false;
    }
    std::set<std::string> refused;
    for (std::string what : refused_by_name()) // "quota X": the README says "quota"
        refused.insert(what.ends_with(" X") ? what.substr(0, what.size() - 2) : what);
    EXPECT_EQ(listed, refused);
}

TEST(FreeVni, IsTheLowestThatNobodyHas) {
    auto rows = cloud();
    const auto& pool = *rows.network_pool.find(id("pool"));
    EXPECT_EQ(model::free_vni(rows, pool), 5003); // 5000, 5001, 5002 are networks
    northbound::VniAllocation entry;
    entry.uuid = id("ledger");
    entry.vni = 5003;
    entry.network_pool = id("pool");
    entry.network = id("somebody");
    rows.vni_allocation.insert(entry);
    EXPECT_EQ(model::free_vni(rows, pool), 5004);
}

TEST(FreeVni, NamesThePoolItsSizeAndTheRemedyWhenItIsExhausted) { // row 35
    auto rows = cloud();
    edit(rows.network_pool, "pool", [](auto& p) { p.last_vni = 5002; });
    auto vni = model::free_vni(rows, *rows.network_pool.find(id("pool")));
    ASSERT_FALSE(vni);
    EXPECT_EQ(vni.error().kind, conflict);
    for (const char* part : {"network-pool/default", "all its 3 VNIs", "5000 to 5002", "last_vni"})
        EXPECT_NE(vni.error().text.find(part), std::string::npos) << vni.error().text;
}

TEST(CheckUnused, NamesTheDependents) { // row 42
    auto rows = cloud();
    auto expect = [&](const auto& row, const char* text) {
        auto result = model::check_unused(rows, row);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().kind, conflict);
        EXPECT_NE(result.error().text.find(text), std::string::npos) << result.error().text;
    };
    expect(*rows.organization.find(id("org/acme")),
           "org/acme: is used by org/acme/network/web, org/acme/vapp/shop, org/acme/vdc/default; "
           "delete those first");
    expect(*rows.virtual_data_center.find(id("vdc/acme")), "org/acme/vapp/shop");
    expect(*rows.network_pool.find(id("pool")), "org/globex/vdc/default");
    expect(*rows.organization_network.find(id("network/acme")), "org/acme/vapp/shop/network/edge");
    expect(*rows.vapp.find(id("vapp/shop")), " and 1 more");
    expect(*rows.vapp_network.find(id("vapp-network/front")), "front/nic/web-1/0");
    expect(*rows.virtual_machine.find(id("vm/web-0")), "nic/web-0/0");
    EXPECT_TRUE(model::check_unused(rows, *rows.host.find(id("host/h1"))));
    EXPECT_TRUE(model::check_unused(rows, *rows.vapp_network.find(id("vapp-network/edge"))));
}

TEST(Path, NamesEveryLevel) {
    auto rows = cloud();
    EXPECT_EQ(model::nic_path(rows, id("nic/web-0/0")), "org/acme/vapp/shop/nic/web-0/0");
    EXPECT_EQ(model::nic_path(rows, id("nic/web-1/0")),
              "org/acme/vapp/shop/network/front/nic/web-1/0");
    EXPECT_EQ(model::network_path(rows, id("network/globex")), "org/globex/network/web");
    EXPECT_EQ(model::network_path(rows, id("?")), "?");
}

TEST(Model, ReadsBackWhatTheControllerReports) {
    model::HostFacts facts{{"192.0.2.1", "192.0.2.2"}, {}, 1500};
    northbound::Tables rows;
    auto host = make_host("h1");
    host.reported = model::to_reported(facts);
    rows.host.insert(host);
    EXPECT_EQ(model::reported_facts(rows), (model::Facts{{"h1", facts}}));
}

} // namespace
} // namespace ringfence::test
