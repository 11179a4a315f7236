// DHCP, firewall, limits and shared addresses as clients write them, on a real database; and that
// copies of a vApp have all of it, each its own.
#include "tests/unit/client/fixture.h"

namespace ringfence::client {
namespace {

class ServicesTest : public CloudTest {
protected:
    // acme with front (10.0.0.0/24, gateway .1, .100 to .199 to give out), edge main on it, and
    // vApp shop with the fence lan and VMs web (10.0.0.5) and db (10.0.0.6).
    void make_shop(Cloud& cloud) {
        EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
        EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "front"},
                                          .segment = {.subnets = {"10.0.0.0/24"},
                                                      .gateways = {"10.0.0.1"},
                                                      .ranges = {"10.0.0.100-10.0.0.199"}}}));
        EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "main"}}));
        EXPECT_OK(cloud.attach({"acme", "main"}, {.network = "front"}));
        EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
        EXPECT_OK(cloud.create(
            NewVappNetwork{.path = {"acme", "shop", "lan"}, .mode = "fenced", .parent = "front"}));
        EXPECT_OK(cloud.create(inside("web", {"10.0.0.5"})));
        EXPECT_OK(cloud.create(inside("db", {"10.0.0.6"})));
    }
    static NewNic inside(const char* vm, Texts addresses) {
        return {.vm = {"acme", "shop", vm},
                .network = {.vapp_network = "lan"},
                .addresses = std::move(addresses)};
    }
    static std::vector<int64_t> numbers(Cloud& cloud, const char* owner) {
        std::vector<int64_t> all;
        const auto rules = cloud.firewall_rules(owner);
        for (const FirewallRule& rule : rules.value())
            all.push_back(rule.name.number);
        return all;
    }
    // The owner in the ledger; "" = free.
    static std::string holder(Cloud& cloud, const Path& network, const char* address) {
        const auto entry = cloud.address(network, address);
        return entry ? entry->kind + " " + entry->owner : "";
    }
};

// --- DHCP ---------------------------------------------------------------------------------------
TEST_F(ServicesTest, ANetworkWithoutAGatewayHasAnAddressForDhcp) {
    Cloud cloud = open();
    make_acme(cloud); // front without a gateway
    EXPECT_EQ(holder(cloud, {"acme", "front"}, "10.0.0.250"), "dhcp DHCP of acme/front");
    EXPECT_ERROR(conflict,
                 "org/acme/vapp/default/nic/vm/0: address 10.0.0.250 is taken on "
                 "org/acme/network/front for DHCP of acme/front (dhcp); give another",
                 cloud.create(nic_of("vm", {"10.0.0.250"})));
    EXPECT_OK(cloud.create(nic_of("vm", {"10.0.0.253"})));
    EXPECT_ERROR(conflict, "DHCP of acme/front: 10.0.0.253 is taken; 'address show' says by whom",
                 cloud.set_dhcp({"acme", "front"}, {.address = "10.0.0.253"}));
    EXPECT_OK(cloud.set_dhcp({"acme", "front"}, {.address = "10.0.0.2"}));
    EXPECT_EQ(cloud.dhcp({"acme", "front"})->addresses, Texts{"10.0.0.2"});
    EXPECT_EQ(holder(cloud, {"acme", "front"}, "10.0.0.250"), "");
    // Off: nobody answers there.
    EXPECT_OK(cloud.set_dhcp({"acme", "front"}, {.enabled = false}));
    EXPECT_EQ(holder(cloud, {"acme", "front"}, "10.0.0.2"), "");
    EXPECT_OK(cloud.set_dhcp({"acme", "front"}, {.enabled = true}));
    EXPECT_EQ(cloud.dhcp({"acme", "front"})->addresses, Texts{"10.0.0.250"});
}

TEST_F(ServicesTest, DhcpAnswersFromARouterAndFromNobodyElsesGateway) {
    Cloud cloud = open();
    make_acme(cloud);
    const auto of_dhcp = [&] { return cloud.dhcp({"acme", "front"})->addresses; };
    const auto set_gateway = [&](const char* gateway) {
        EXPECT_OK(
            cloud.set({"acme", "front"}, NetworkChange{.segment = {.gateways = Texts{gateway}}}));
    };
    set_gateway("10.0.0.1"); // an appliance of the tenant's
    EXPECT_EQ(of_dhcp(), Texts{"10.0.0.250"});
    set_gateway("10.0.0.250"); // the address that DHCP had
    EXPECT_EQ(of_dhcp(), Texts{"10.0.0.249"});
    EXPECT_EQ(holder(cloud, {"acme", "front"}, "10.0.0.250"), "gateway gateway of acme/front");
    EXPECT_OK(cloud.create(NewEdge{.path = {"acme", "main"}}));
    EXPECT_OK(cloud.attach({"acme", "main"}, {.network = "front"}));
    EXPECT_EQ(of_dhcp(), Texts{});
    EXPECT_ERROR(invalid,
                 "DHCP of acme/front: 10.0.0.2 is not in a subnet that needs an address to answer "
                 "from: a router answers from its own, and a fence from its parent's",
                 cloud.set_dhcp({"acme", "front"}, {.address = "10.0.0.2"}));
    EXPECT_OK(cloud.detach({"acme", "main"}, "front"));
    EXPECT_EQ(of_dhcp(), Texts{"10.0.0.249"});
    EXPECT_EQ(holder(cloud, {"acme", "front"}, "10.0.0.250"), "gateway gateway of acme/front");
    EXPECT_OK(cloud.attach({"acme", "main"}, {.network = "front"}));
    EXPECT_OK(cloud.delete_edge({"acme", "main"}, {.cascade = true}));
    EXPECT_EQ(of_dhcp(), Texts{"10.0.0.249"});
    EXPECT_OK(cloud.delete_organization("acme", {.cascade = true}));
    EXPECT_EQ(count("Address_Allocation"), 0u);
}

TEST_F(ServicesTest, FencesHaveTheirParentsAddressForDhcpWhileOneOfThemNeedsIt) {
    Cloud cloud = open();
    EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
    EXPECT_OK(cloud.create(
        NewNetwork{.path = {"acme", "front"},
                   .segment = {.subnets = {"10.0.0.0/24"}, .ranges = {"10.0.0.100-10.0.0.199"}}}));
    EXPECT_OK(cloud.create(NewVapp{.path = {"acme", "shop"}}));
    EXPECT_OK(cloud.set_dhcp({"acme", "front"}, {.enabled = false}));
    const auto of_dhcp = [&] { return cloud.dhcp({"acme", "front"})->addresses; };
    EXPECT_EQ(of_dhcp(), Texts{});
    EXPECT_OK(cloud.create(
        NewVappNetwork{.path = {"acme", "shop", "lan"}, .mode = "fenced", .parent = "front"}));
    EXPECT_EQ(of_dhcp(), Texts{"10.0.0.250"});
    EXPECT_OK(cloud.set_dhcp({"acme", "shop", "lan"}, {.enabled = false}));
    EXPECT_EQ(of_dhcp(), Texts{});
    EXPECT_OK(cloud.set_dhcp({"acme", "shop", "lan"}, {.enabled = true}));
    EXPECT_EQ(of_dhcp(), Texts{"10.0.0.250"});
    EXPECT_OK(cloud.set(Path{"acme", "shop", "lan"}, VappNetworkChange{.mode = "isolated"}));
    EXPECT_EQ(of_dhcp(), Texts{});
    EXPECT_OK(cloud.set(Path{"acme", "shop", "lan"},
                        VappNetworkChange{.mode = "fenced", .parent = "front"}));
    EXPECT_EQ(of_dhcp(), Texts{"10.0.0.250"});
    EXPECT_OK(cloud.delete_vapp({"acme", "shop"}));
    EXPECT_EQ(of_dhcp(), Texts{});
}

TEST_F(ServicesTest, TheLastAddressIsLeftToANic) {
    Cloud cloud = open();
    EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
    EXPECT_OK(cloud.create(NewNetwork{.path = {"acme", "link"},
                                      .segment = {.subnets = {"10.0.0.0/30"},
                                                  .gateways = {"10.0.0.1"},
                                                  .ranges = {"10.0.0.2"}}}));
    EXPECT_EQ(cloud.dhcp({"acme", "link"})->addresses, Texts{});
    const auto made = cloud.create(NewNic{
        .vm = {"acme", "default", "vm"}, .network = {.network = "link"}, .allocation = "pool"});
    EXPECT_EQ(made->object.addresses, Texts{"10.0.0.2"});
    // Whoever wants it otherwise says so.
    EXPECT_OK(cloud.delete_nic(made->object.port_name));
    EXPECT_OK(cloud.set_dhcp({"acme", "link"}, {.address = "10.0.0.2"}));
    EXPECT_EQ(cloud.dhcp({"acme", "link"})->addresses, Texts{"10.0.0.2"});
}

TEST_F(ServicesTest, AGatewayStaysTakenWhenAReservationOfItGoes) {
    Cloud cloud = open();
    make_acme(cloud);
    EXPECT_OK(cloud.reserve({.network = {"acme", "front"}, .address = "10.0.0.1"}));
    EXPECT_OK(
        cloud.set({"acme", "front"}, NetworkChange{.segment = {.gateways = Texts{"10.0.0.1"}}}));
    EXPECT_OK(cloud.release({"acme", "front"}, "10.0.0.1"));
    EXPECT_EQ(holder(cloud, {"acme", "front"}, "10.0.0.1"), "gateway gateway of acme/front");
}

TEST_F(ServicesTest, DhcpOptionsAreSetAndTakenBack) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_TRUE(cloud.dhcp({"acme", "front"})->enabled);
    EXPECT_OK(cloud.set_dhcp({"acme", "front"},
                             {.options = {{"dns-servers", "10.0.0.2"}, {"lease-time", "600"}}}));
    EXPECT_EQ(cloud.dhcp({"acme", "front"})->options,
              (TextMap{{"dns-servers", "10.0.0.2"}, {"lease-time", "600"}}));
    EXPECT_OK(cloud.set_dhcp({"acme", "front"}, {.options = {{"dns-servers", std::nullopt}}}));
    EXPECT_EQ(cloud.dhcp({"acme", "front"})->options, (TextMap{{"lease-time", "600"}}));
    EXPECT_ERROR(invalid,
                 "org/acme/network/front/dhcp: lease-time \"5\" is not its value; give one like "
                 "3600 (seconds, 60 to 4294967295, which is for ever)",
                 cloud.set_dhcp({"acme", "front"}, {.options = {{"lease-time", "5"}}}));
    EXPECT_EQ(cloud.dhcps({"acme"})->size(), 2u); // of both networks, whatever was said
    EXPECT_OK(cloud.delete_vapp({"acme", "shop"}));
    EXPECT_OK(cloud.delete_edge({"acme", "main"}, {.cascade = true}));
    EXPECT_OK(cloud.delete_network({"acme", "front"}));
    EXPECT_EQ(count("Dhcp_Options"), 0u);
    EXPECT_EQ(count("Address_Allocation"), 0u);
}

// --- Firewall -----------------------------------------------------------------------------------
TEST_F(ServicesTest, RulesStandInTheOrderOfTheirNumbers) {
    Cloud cloud = open();
    make_shop(cloud);
    const auto add = [&](NewFirewallRule rule) {
        rule.owner = "acme/main";
        return cloud.create(rule);
    };
    EXPECT_OK(add({.match = {.source = {"10.9.0.0/16"}}}));
    EXPECT_OK(add({.number = 25, .action = "reject"}));
    EXPECT_OK(add({}));
    EXPECT_OK(add({.tier = "provider", .action = "drop"}));
    EXPECT_EQ(numbers(cloud, "acme/main"), (std::vector<int64_t>{10, 10, 25, 30}));
    EXPECT_EQ(cloud.firewall_rules("acme/main")->front().name.tier, "provider");
    EXPECT_ERROR(conflict, "acme/main has a rule 25 already; choose another number",
                 add({.number = 25, .match = {.direction = "out"}}));
    EXPECT_OK(add({.number = 26}));
    // It takes the place of 25, which goes up, and so does 26.
    EXPECT_OK(cloud.move({.owner = "acme/main", .number = 10}, 25));
    EXPECT_EQ(numbers(cloud, "acme/main"), (std::vector<int64_t>{10, 25, 26, 27, 30}));
    EXPECT_EQ(cloud.firewall_rule({.owner = "acme/main", .number = 25})->match.source,
              Texts{"10.9.0.0/16"});
    EXPECT_OK(cloud.delete_firewall_rule({.owner = "acme/main", .number = 10, .tier = "provider"}));
    EXPECT_ERROR(not_found, "acme/main has no provider's rule 10",
                 cloud.firewall_rule({.owner = "acme/main", .number = 10, .tier = "provider"}));
    EXPECT_OK(
        cloud.delete_firewall_rule({.owner = "acme/main", .number = 10}, {.if_exists = true}));
}

TEST_F(ServicesTest, RulesNameGroupsAndNicsByName) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(NewSecurityGroup{.path = {"acme", "web"}}));
    const auto made = cloud.create(
        NewFirewallRule{.owner = "group:acme/web",
                        .match = {.source = {"group:web", "nic:acme/shop/db/0", "10.0.0.7/32"},
                                  .destination_ports = {"80"},
                                  .protocol = "tcp"}});
    ASSERT_TRUE(made) << why(made);
    EXPECT_EQ(made->object.match.source,
              (Texts{"10.0.0.7", "group:acme/web", "nic:acme/shop/db/0"}));
    EXPECT_EQ(made->object.match.protocol, "tcp");
    EXPECT_EQ(made->object.path, "org/acme/security-group/web/firewall/10");
    const RuleName name = made->object.name;
    EXPECT_FALSE(cloud.set(name, {.protocol = "47"})) << "it has ports";
    EXPECT_OK(cloud.set(
        name,
        {.source = Texts{"any"}, .destination_ports = Texts{}, .protocol = "47", .log = true}));
    const auto rule = cloud.firewall_rule(name);
    EXPECT_EQ(rule->match.source, Texts{});
    EXPECT_EQ(rule->match.protocol, "gre");
    EXPECT_TRUE(rule->log);
    EXPECT_ERROR(not_found, "security group acme/db does not exist",
                 cloud.set(name, {.source = Texts{"group:db"}}));
    EXPECT_ERROR(invalid, "protocol \"tpc\" is none; give a name like tcp, or 0 to 255",
                 cloud.set(name, {.protocol = "tpc"}));
    EXPECT_ERROR(invalid, "any is everybody: it stands alone",
                 cloud.set(name, {.source = Texts{"any", "10.0.0.1"}}));
    EXPECT_ERROR(not_found, "edge acme/nope does not exist", cloud.firewall_rules("acme/nope"));
}

TEST_F(ServicesTest, NicsJoinAndLeaveGroups) {
    Cloud cloud = open();
    make_shop(cloud);
    for (const char* name : {"web", "db"})
        EXPECT_OK(cloud.create(NewSecurityGroup{.path = {"acme", name}}));
    EXPECT_OK(cloud.set("acme/shop/web/0", NicChange{.join = {"web", "acme/db"}}));
    EXPECT_EQ(cloud.nic("acme/shop/web/0")->security_groups, (Texts{"acme/db", "acme/web"}));
    EXPECT_EQ(cloud.security_group({"acme", "web"})->nics, 1);
    EXPECT_OK(cloud.set("acme/shop/web/0", NicChange{.leave = {"db"}}));
    EXPECT_EQ(cloud.nic("acme/shop/web/0")->security_groups, Texts{"acme/web"});
    EXPECT_OK(cloud.set("acme/shop/web/0", NicChange{.security_groups = Texts{"db"}}));
    EXPECT_EQ(cloud.nic("acme/shop/web/0")->security_groups, Texts{"acme/db"});
    EXPECT_OK(cloud.create(NewFirewallRule{.owner = "group:acme/db"}));
    EXPECT_ERROR(conflict,
                 "org/acme/security-group/db: is used by "
                 "org/acme/vapp/shop/network/lan/nic/web/0; delete those first, or say cascade to "
                 "take its NICs out of it",
                 cloud.delete_security_group({"acme", "db"}));
    EXPECT_OK(cloud.delete_security_group({"acme", "db"}, {.cascade = true}));
    EXPECT_EQ(count("Firewall_Rule"), 0u);
    EXPECT_EQ(cloud.nic("acme/shop/web/0")->security_groups, Texts{});
    EXPECT_OK(cloud.delete_organization("acme", {.cascade = true}));
    EXPECT_EQ(count("Security_Group"), 0u);
}

TEST_F(ServicesTest, DefaultsAreOfGroupsAndOfNetworksBehindAnEdge) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(NewSecurityGroup{.path = {"acme", "web"}}));
    EXPECT_OK(cloud.set_default("group:acme/web", {.in = "allow", .out = "drop", .log = true}));
    const auto group = cloud.security_group({"acme", "web"});
    EXPECT_EQ(group->default_in + group->default_out, "allowdrop");
    EXPECT_TRUE(group->log_default);
    EXPECT_OK(cloud.set_default("acme/shop/lan", {.in = "allow", .log = true}));
    EXPECT_EQ(cloud.vapp_network({"acme", "shop", "lan"})->segment.inbound, "allow");
    EXPECT_TRUE(cloud.vapp_network({"acme", "shop", "lan"})->segment.log_default);
    EXPECT_OK(cloud.set_default("acme/main", {.in = "allow"}));
    EXPECT_EQ(cloud.network({"acme", "front"})->segment.inbound, "allow");
    EXPECT_ERROR(invalid,
                 "edge acme/main: what begins inside may leave unless a rule says otherwise; add "
                 "one with a high number",
                 cloud.set_default("acme/main", {.out = "drop"}));
}

TEST_F(ServicesTest, AnotherModeDeletesNoRulesUnasked) {
    Cloud cloud = open();
    make_shop(cloud);
    const Path lan{"acme", "shop", "lan"};
    EXPECT_OK(cloud.create(NewFirewallRule{.owner = lan.text()}));
    EXPECT_OK(cloud.create(NewFirewallRule{.owner = lan.text(), .tier = "provider"}));
    EXPECT_OK(cloud.set_dhcp(lan, {.options = {{"domain-name", "shop"}}}));
    for (const char* vm : {"web", "db"})
        EXPECT_OK(cloud.delete_vm({"acme", "shop", vm}, {.cascade = true}));
    EXPECT_ERROR(conflict,
                 "vApp network acme/shop/lan: mode isolated would delete 1 firewall rule, 1 "
                 "firewall rule of the provider's; delete that first, or say cascade",
                 cloud.set(lan, VappNetworkChange{.mode = "isolated"}));
    EXPECT_ERROR(conflict,
                 "vApp network acme/shop/lan: mode bridged would delete 1 firewall rule, 1 "
                 "firewall rule of the provider's, what was set for DHCP; delete that first, or "
                 "say cascade",
                 cloud.set(lan, VappNetworkChange{.mode = "bridged"}));
    EXPECT_EQ(count("Firewall_Rule"), 2u);
    EXPECT_OK(cloud.set(lan, VappNetworkChange{.mode = "bridged", .cascade = true}));
    EXPECT_EQ(count("Firewall_Rule") + count("Dhcp_Options"), 0u);
}

// --- Limits, log server -------------------------------------------------------------------------
TEST_F(ServicesTest, OfANicsLimitsAndItsDataCentersTheSmallerCount) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.set(Path{"acme", "default"},
                        DataCenterChange{.limits = {{"connections", 1000}, {"broadcast", 50}}}));
    EXPECT_OK(cloud.set("acme/shop/web/0",
                        NicChange{.limits = {{"connections", 10}, {"broadcast", 90}}}));
    const auto nic = cloud.nic("acme/shop/web/0");
    EXPECT_EQ(nic->limits, (LimitMap{{"broadcast", 90}, {"connections", 10}}));
    EXPECT_EQ(nic->effective_limits, (LimitMap{{"broadcast", 50}, {"connections", 10}}));
    EXPECT_OK(cloud.set("acme/shop/web/0", NicChange{.limits = {{"connections", std::nullopt},
                                                                {"broadcast", std::nullopt}}}));
    EXPECT_EQ(cloud.nic("acme/shop/web/0")->limits, LimitMap{});
    EXPECT_ERROR(
        invalid, "org/acme/vdc/default: broadcast 0 is out of range; give 1 to 100000000 packets/s",
        cloud.set(Path{"acme", "default"}, DataCenterChange{.limits = {{"broadcast", 0}}}));
}

TEST_F(ServicesTest, ALogServerIsTheProvidersPerOrganization) {
    Cloud cloud = open();
    EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
    EXPECT_OK(cloud.set("acme", OrganizationChange{.log_server = "192.0.2.9:514"}));
    EXPECT_EQ(cloud.organization("acme")->log_server, "192.0.2.9:514");
    EXPECT_ERROR(invalid,
                 "org/acme: log-server \"log.example\" is not ADDRESS:PORT; give one like "
                 "192.0.2.9:514 or [2001:db8::9]:514",
                 cloud.set("acme", OrganizationChange{.log_server = "log.example"}));
    EXPECT_OK(cloud.set("acme", OrganizationChange{.log_server = ""}));
    EXPECT_EQ(cloud.organization("acme")->log_server, "");
}

// --- Addresses that NICs share ------------------------------------------------------------------
TEST_F(ServicesTest, AVirtualAddressIsInTheLedgerAsLongAsAnyNicMayHaveIt) {
    Cloud cloud = open();
    make_shop(cloud);
    const Path lan{"acme", "shop", "lan"};
    const char* vrrp = "00:00:5e:00:01:01";
    EXPECT_OK(cloud.allow({.nic = "acme/shop/web/0", .address = "10.0.0.50", .mac = vrrp}));
    EXPECT_OK(cloud.allow({.nic = "acme/shop/db/0", .address = "10.0.0.50", .mac = vrrp}));
    EXPECT_EQ(cloud.nic("acme/shop/db/0")->virtual_addresses, (TextMap{{"10.0.0.50", vrrp}}));
    EXPECT_EQ(holder(cloud, lan, "10.0.0.50"), "virtual vApp acme/shop");
    EXPECT_EQ(holder(cloud, lan, vrrp), "virtual vApp acme/shop");
    const auto taken = cloud.create(inside("third", {"10.0.0.50"}));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, ErrorKind::conflict);
    EXPECT_NE(taken.error().text.find("for vApp acme/shop (virtual)"), std::string::npos)
        << taken.error().text;
    EXPECT_ERROR(conflict,
                 "org/acme/vapp/shop/network/lan/nic/web/0: virtual address 10.0.0.6 is "
                 "org/acme/vapp/shop/network/lan/nic/db/0's own on org/acme/vapp/shop/network/lan; "
                 "give another",
                 cloud.allow({.nic = "acme/shop/web/0", .address = "10.0.0.6"}));

    EXPECT_OK(cloud.revoke("acme/shop/web/0", "10.0.0.50"));
    EXPECT_EQ(holder(cloud, lan, "10.0.0.50"), "virtual vApp acme/shop"); // db may have it
    EXPECT_ERROR(not_found, "NIC acme/shop/web/0: has no virtual address 10.0.0.50",
                 cloud.revoke("acme/shop/web/0", "10.0.0.50"));
    EXPECT_OK(cloud.delete_nic("acme/shop/db/0"));
    EXPECT_EQ(holder(cloud, lan, "10.0.0.50"), "");
    EXPECT_EQ(holder(cloud, lan, vrrp), "");
}

TEST_F(ServicesTest, AVirtualAddressMayHaveANamedOwner) {
    Cloud cloud = open();
    make_shop(cloud);
    const Path lan{"acme", "shop", "lan"};
    EXPECT_OK(cloud.allow(
        {.nic = "acme/shop/web/0", .address = "10.0.0.50", .owner = "the shop's front"}));
    EXPECT_EQ(holder(cloud, lan, "10.0.0.50"), "virtual the shop's front");
    EXPECT_OK(cloud.allow({.nic = "acme/shop/db/0", .address = "10.0.0.50"}));
    EXPECT_EQ(holder(cloud, lan, "10.0.0.50"), "virtual the shop's front");
    // Its own MAC goes with it, and stays that.
    EXPECT_OK(cloud.set("acme/shop/web/0", NicChange{.mac = "02:00:00:00:00:99"}));
    EXPECT_EQ(cloud.nic("acme/shop/web/0")->virtual_addresses,
              (TextMap{{"10.0.0.50", "02:00:00:00:00:99"}}));
}

TEST_F(ServicesTest, AVirtualAddressThatGetsAnotherMacLeavesTheFirst) {
    Cloud cloud = open();
    make_shop(cloud);
    const Path lan{"acme", "shop", "lan"};
    const char* first = "00:00:5e:00:01:01";
    const char* second = "00:00:5e:00:01:02";
    const auto allow = [&](const char* nic, const char* address, const char* mac) {
        EXPECT_OK(cloud.allow({.nic = nic, .address = address, .mac = mac}));
    };
    allow("acme/shop/web/0", "10.0.0.50", first);
    allow("acme/shop/db/0", "10.0.0.50", first);
    allow("acme/shop/web/0", "10.0.0.50", second);
    EXPECT_EQ(holder(cloud, lan, first), "virtual vApp acme/shop"); // db's still
    EXPECT_EQ(holder(cloud, lan, second), "virtual vApp acme/shop");
    allow("acme/shop/db/0", "10.0.0.51", first);
    allow("acme/shop/db/0", "10.0.0.50", second);
    EXPECT_EQ(holder(cloud, lan, first), "virtual vApp acme/shop"); // of .51
    allow("acme/shop/db/0", "10.0.0.51", "");                       // its own
    EXPECT_EQ(holder(cloud, lan, first), "");
    EXPECT_EQ(holder(cloud, lan, "10.0.0.51"), "virtual vApp acme/shop");
    EXPECT_OK(cloud.delete_vm({"acme", "shop", "web"}, {.cascade = true}));
    EXPECT_EQ(holder(cloud, lan, "10.0.0.50"), "virtual vApp acme/shop");
    EXPECT_EQ(holder(cloud, lan, second), "virtual vApp acme/shop");
    EXPECT_OK(cloud.delete_vm({"acme", "shop", "db"}, {.cascade = true}));
    for (const char* address : {"10.0.0.50", "10.0.0.51", second})
        EXPECT_EQ(holder(cloud, lan, address), "");
}

TEST_F(ServicesTest, ANetworkThatLeavesItsParentsSegmentLeavesSharedAddressesToThoseThere) {
    Cloud cloud = open();
    make_shop(cloud);
    const Path front{"acme", "front"};
    const Path dmz{"acme", "shop", "dmz"};
    const char* vrrp = "00:00:5e:00:01:01";
    EXPECT_OK(cloud.create(NewVappNetwork{.path = dmz, .mode = "bridged", .parent = "front"}));
    EXPECT_OK(
        cloud.create(NewNic{.vm = {"acme", "shop", "a"}, .network = {.vapp_network = "dmz"}}));
    EXPECT_OK(cloud.create(NewNic{.vm = {"acme", "shop", "b"}, .network = {.network = "front"}}));
    for (const char* nic : {"acme/shop/a/0", "acme/shop/b/0"})
        EXPECT_OK(cloud.allow({.nic = nic, .address = "10.0.0.50", .mac = vrrp}));
    EXPECT_OK(cloud.allow({.nic = "acme/shop/a/0", .address = "10.0.0.51", .mac = vrrp}));
    EXPECT_OK(cloud.set(dmz, VappNetworkChange{.mode = "fenced"}));
    for (const char* address : {"10.0.0.50", vrrp}) {
        EXPECT_EQ(holder(cloud, front, address), "virtual vApp acme/shop");
        EXPECT_EQ(holder(cloud, dmz, address), "virtual vApp acme/shop");
    }
    EXPECT_EQ(holder(cloud, front, "10.0.0.51"), ""); // only a had it
    EXPECT_EQ(holder(cloud, dmz, "10.0.0.51"), "virtual vApp acme/shop");
}

// --- Clones -------------------------------------------------------------------------------------
TEST_F(ServicesTest, AClonesServicesAreItsOwn) {
    Cloud cloud = open();
    make_shop(cloud);
    EXPECT_OK(cloud.create(NewVappNetwork{.path = {"acme", "shop", "back"},
                                          .segment = {.subnets = {"192.168.0.0/24"}}}));
    EXPECT_OK(cloud.set_dhcp({"acme", "shop", "back"}, {.address = "192.168.0.7"}));
    EXPECT_OK(cloud.set_dhcp({"acme", "shop", "lan"}, {.options = {{"domain-name", "shop"}}}));
    EXPECT_OK(cloud.create(NewSecurityGroup{.path = {"acme", "web"}}));
    EXPECT_OK(
        cloud.set("acme/shop/web/0",
                  NicChange{.hostname = "www", .join = {"web"}, .limits = {{"connections", 10}}}));
    EXPECT_OK(cloud.create(NewFirewallRule{.owner = "acme/shop/lan",
                                           .match = {.source = {"group:web", "nic:acme/shop/db/0"},
                                                     .destination = {"nic:acme/shop/web/0"}}}));
    EXPECT_OK(cloud.create(
        NewFirewallRule{.owner = "acme/shop/lan", .tier = "provider", .action = "drop"}));
    for (const char* nic : {"acme/shop/web/0", "acme/shop/db/0"})
        EXPECT_OK(cloud.allow(
            {.nic = nic, .address = "10.0.0.50", .mac = "00:00:5e:00:01:01", .owner = "front"}));

    const auto made = cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "twin"}});
    ASSERT_TRUE(made) << why(made);
    EXPECT_EQ(cloud.dhcp({"acme", "twin", "back"})->addresses, Texts{"192.168.0.7"});
    EXPECT_EQ(cloud.dhcp({"acme", "twin", "lan"})->options, (TextMap{{"domain-name", "shop"}}));
    const auto web = cloud.nic("acme/twin/web/0");
    EXPECT_EQ(web->hostname, "www");
    EXPECT_EQ(web->security_groups, Texts{"acme/web"}); // the organization's
    EXPECT_EQ(web->limits, (LimitMap{{"connections", 10}}));
    EXPECT_EQ(web->virtual_addresses, (TextMap{{"10.0.0.50", "00:00:5e:00:01:01"}}));
    EXPECT_EQ(holder(cloud, {"acme", "twin", "lan"}, "10.0.0.50"), "virtual vApp acme/twin");
    const auto rules = cloud.firewall_rules("acme/twin/lan");
    ASSERT_EQ(rules->size(), 2u);
    EXPECT_EQ(rules->front().name.tier, "provider");
    EXPECT_EQ(rules->back().match.source, (Texts{"group:acme/web", "nic:acme/twin/db/0"}));
    EXPECT_EQ(rules->back().match.destination, Texts{"nic:acme/twin/web/0"});
    // The source's don't notice when the clone's go.
    EXPECT_OK(cloud.delete_vapp({"acme", "twin"}));
    EXPECT_EQ(cloud.firewall_rules("acme/shop/lan")->size(), 2u);
    EXPECT_EQ(holder(cloud, {"acme", "shop", "lan"}, "10.0.0.50"), "virtual front");
    EXPECT_OK(cloud.delete_vapp({"acme", "shop"}));
    EXPECT_EQ(count("Firewall_Rule"), 0u);
    EXPECT_EQ(count("Dhcp_Options"), 0u);
}

TEST_F(ServicesTest, AClonesSharedAddressIsAnotherWhereTheSegmentIsTheSame) {
    Cloud cloud = open();
    make_shop(cloud);
    for (const char* vm : {"lb-0", "lb-1"})
        EXPECT_OK(cloud.create(NewNic{
            .vm = {"acme", "shop", vm}, .network = {.network = "front"}, .allocation = "pool"}));
    for (const char* nic : {"acme/shop/lb-0/0", "acme/shop/lb-1/0"})
        EXPECT_OK(cloud.allow({.nic = nic, .address = "10.0.0.50", .mac = "00:00:5e:00:01:01"}));
    const auto made = cloud.clone({.source = {"acme", "shop"}, .path = {"acme", "twin"}});
    ASSERT_TRUE(made) << why(made);
    const auto first = cloud.nic("acme/twin/lb-0/0")->virtual_addresses;
    EXPECT_EQ(first.size(), 1u);
    EXPECT_NE(first.begin()->first, "10.0.0.50");
    EXPECT_NE(first.begin()->second, "00:00:5e:00:01:01");
    EXPECT_EQ(cloud.nic("acme/twin/lb-1/0")->virtual_addresses, first); // they share it
    EXPECT_EQ(holder(cloud, {"acme", "front"}, first.begin()->first.c_str()),
              "virtual vApp acme/twin");
    EXPECT_EQ(made->object.notes,
              Texts{"vApp acme/twin: its virtual address 10.0.0.50 is " + first.begin()->first});
}

} // namespace
} // namespace ringfence::client
