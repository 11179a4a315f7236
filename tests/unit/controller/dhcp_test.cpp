// DHCP from intent to rows: what tenants may set, where answers come from on every kind of network,
// and what each NIC is told.
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/compiler/compile.h"
#include "controller/model/check.h"
#include "controller/model/dhcp.h"
#include "tests/unit/controller/edge_cloud.h"

namespace ringfence::test {
namespace {

using compiler::compile;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "web-0/0 ipv4 10.0.0.10 from 10.0.0.1 02:...: router=..., subnet=..."
std::vector<std::string> dhcp_lines(const southbound::Tables& rows) {
    std::vector<std::string> all;
    for (const auto& row : rows.dhcp) {
        std::string options;
        for (const auto& [name, value] : row.options)
            options += fmt::format("{}{}={}", options.empty() ? "" : ", ", name, value);
        all.push_back(fmt::format("{} {} {} from {} {}: {}", row.port, row.family,
                                  row.address.value_or("-"), row.server_address, row.server_mac,
                                  options));
    }
    std::ranges::sort(all);
    return all;
}

northbound::DhcpOptions& options_of(northbound::Tables& rows, const std::string& network,
                                    std::map<std::string, std::string> options,
                                    bool enabled = true) {
    static northbound::DhcpOptions row;
    row = {};
    row.uuid = id("dhcp/" + network);
    const bool of_organization = rows.organization_network.find(id(network));
    (of_organization ? row.organization_network : row.vapp_network) = id(network);
    row.enabled = enabled;
    row.options = std::move(options);
    rows.dhcp_options.replace(row);
    return row;
}

// acme's web (10.0.0.0/24, gateway .1, DHCP .250) with one VM on it, web-0, and nothing else of
// acme.
northbound::Tables one_vm() {
    auto rows = cloud();
    rows.nic.erase(id("nic/web-1/0"));
    return rows;
}

std::string why(const Result<>& result) { return result ? "" : result.error().text; }

// --- Rows by kind of network --------------------------------------------------------------------
TEST(Dhcp, OnANetworkWithoutARouterComesFromItsOwnAddressAndLeavesTheGatewayAlone) {
    auto rows = one_vm();
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(dhcp_lines(compiled.wanted),
                ElementsAre("acme/shop/web-0/0 ipv4 10.0.0.10 from 10.0.0.250 02:52:46:00:00:02: "
                            "hostname=web-0, subnet=10.0.0.0/24"));
    const auto& row = *compiled.wanted.dhcp.begin();
    EXPECT_EQ(row.domain, "segment/" + to_string(id("network/acme")));
    EXPECT_EQ(row.intent, "org/acme/vapp/shop/nic/web-0/0");
    rows.address_allocation.erase(id("ledger/10.0.0.250"));
    compiled = compile(rows, fabric());
    EXPECT_THAT(dhcp_lines(compiled.wanted), IsEmpty());
    EXPECT_THAT(note_of(compiled, id("nic/web-0/0")),
                HasSubstr("DHCP has no address of its own in 10.0.0.0/24 of org/acme/network/web; "
                          "network-ctl dhcp set --server-address gives it one"));
}

TEST(Dhcp, OnARoutedNetworkComesFromTheRouterWhichIsTheDefaultRouter) {
    auto rows = one_vm();
    add_edge(rows, {"acme"});
    EXPECT_THAT(
        dhcp_lines(compile(rows, fabric()).wanted),
        ElementsAre(testing::AllOf(HasSubstr("from 10.0.0.1 02:"), HasSubstr("router=10.0.0.1"))));
    EXPECT_THAT(dhcp_lines(compile(rows, fabric()).wanted).front(),
                testing::Not(HasSubstr("02:52:46")));
}

TEST(Dhcp, InsideAFenceComesFromTheParentsGatewayByTheFencesMac) {
    auto rows = empty_cloud();
    edit(rows.organization_network, "network/acme", [](auto& network) {
        network.subnets.insert("2001:db8::/64");
        network.gateways.insert("2001:db8::1");
    });
    add_vapp(rows, {.name = "shop", .own = {"10.0.0.201", "2001:db8::c9"}});
    add_vm(rows, "shop", "web", {"10.0.0.10", "2001:db8::10"}, {"10.0.0.101", "2001:db8::65"});
    EXPECT_THAT(
        dhcp_lines(compile(rows, fabric()).wanted),
        ElementsAre("acme/shop/web/0 ipv4 10.0.0.10 from 10.0.0.1 02:52:46:00:00:01: hostname=web, "
                    "router=10.0.0.1, subnet=10.0.0.0/24",
                    "acme/shop/web/0 ipv6 2001:db8::10 from fe80::52:46ff:fe00:1 "
                    "02:52:46:00:00:01: mode=managed, router=yes, subnet=2001:db8::/64"));
}

TEST(Dhcp, InsideAFenceWithoutAGatewayComesFromWhatAnswersOnTheParent) {
    auto rows = empty_cloud();
    edit(rows.organization_network, "network/acme", [](auto& n) { n.gateways.clear(); });
    rows.address_allocation.erase(id("ledger/10.0.0.250"));
    add_dhcp_address(rows, "network/acme", "10.0.0.254");
    add_vapp(rows, {.name = "shop"});
    add_vm(rows, "shop", "web", {"10.0.0.10"}, {"10.0.0.101"});
    EXPECT_THAT(dhcp_lines(compile(rows, fabric()).wanted),
                ElementsAre("acme/shop/web/0 ipv4 10.0.0.10 from 10.0.0.254 02:52:46:00:00:01: "
                            "hostname=web, subnet=10.0.0.0/24"));
}

TEST(Dhcp, InsideAFenceComesFromTheParentsRouterWhereThatIsNoGateway) {
    auto rows = empty_cloud();
    edit(rows.organization_network, "network/acme", [](auto& n) {
        n.mode = "routed";
        n.gateways.clear();
    });
    rows.edge_router.insert(make_edge("main", {{"network/acme", "10.0.0.2"}}));
    add_vapp(rows, {.name = "shop"});
    add_vm(rows, "shop", "web", {"10.0.0.10"}, {"10.0.0.101"});
    EXPECT_THAT(dhcp_lines(compile(rows, fabric()).wanted),
                ElementsAre("acme/shop/web/0 ipv4 10.0.0.10 from 10.0.0.2 02:52:46:00:00:01: "
                            "hostname=web, router=10.0.0.2, subnet=10.0.0.0/24"));
}

TEST(Dhcp, SaysNothingToANicWhoseAddressIsUnknown) {
    auto rows = one_vm();
    edit(rows.nic, "nic/web-0/0", [](auto& nic) {
        nic.addresses.clear();
        nic.allocation = "none";
        nic.port_security = "mac";
    });
    EXPECT_THAT(dhcp_lines(compile(rows, fabric()).wanted), IsEmpty());
}

TEST(Dhcp, TellsWhatWasSet) {
    auto rows = one_vm();
    edit(rows.organization_network, "network/acme",
         [](auto& network) { network.subnets.insert("2001:db8::/64"); });
    options_of(rows, "network/acme",
               {{"dns-servers", "10.0.0.2, 2001:db8::2,10.0.0.3"},
                {"router", "10.0.0.200"},
                {"domain-name", "example.com"},
                {"lease-time", "600"},
                {"option-43", "hex:0102"},
                {"ipv6-mode", "stateless"}});
    edit(rows.nic, "nic/web-0/0", [](auto& nic) {
        nic.options["hostname"] = "shop";
        nic.port_security = "mac";
    });
    EXPECT_THAT(
        dhcp_lines(compile(rows, fabric()).wanted),
        ElementsAre("acme/shop/web-0/0 ipv4 10.0.0.10 from 10.0.0.250 02:52:46:00:00:02: "
                    "dns-servers=10.0.0.2,10.0.0.3, domain-name=example.com, hostname=shop, "
                    "lease-time=600, option-43=hex:0102, router=10.0.0.200, subnet=10.0.0.0/24",
                    "acme/shop/web-0/0 ipv6 - from fe80::52:46ff:fe00:2 02:52:46:00:00:02: "
                    "dns-servers=2001:db8::2, domain-search=example.com, lifetime=600, "
                    "mode=stateless, router=no, subnet=2001:db8::/64"));
}

TEST(Dhcp, LetsANicMakeOnlyAddressesThatItMayUse) {
    auto rows = one_vm();
    edit(rows.organization_network, "network/acme",
         [](auto& network) { network.subnets.insert("2001:db8::/64"); });
    options_of(rows, "network/acme", {{"ipv6-mode", "slaac"}});
    const auto told = [&](const std::string& security, std::set<std::string> addresses) {
        edit(rows.nic, "nic/web-0/0", [&](auto& nic) {
            nic.port_security = security;
            nic.mac = "02:00:00:00:00:10";
            nic.addresses = std::move(addresses);
        });
        for (const auto& row : compile(rows, fabric()).wanted.dhcp)
            if (row.family == "ipv6")
                return row.address.value_or("-") + " " + row.options.at("mode");
        return note_of(compile(rows, fabric()), id("nic/web-0/0"));
    };
    EXPECT_EQ(told("mac", {"10.0.0.10"}), "- slaac");
    EXPECT_EQ(told("strict", {"10.0.0.10", "2001:db8::ff:fe00:10"}), "2001:db8::ff:fe00:10 slaac");
    EXPECT_EQ(told("strict", {"10.0.0.10", "2001:db8::10"}), "2001:db8::10 managed");
    EXPECT_EQ(
        told("strict", {"10.0.0.10"}),
        "org/acme/vapp/shop/nic/web-0/0: ipv6-mode slaac of org/acme/network/web lets it make "
        "an IPv6 address, which its port security strict would not let pass; give it one, or "
        "port security mac");
}

TEST(Dhcp, TellsNoMtuThatItsSegmentDoesNotCarry) {
    auto rows = one_vm();
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mtu = 1400; });
    const auto uuid = options_of(rows, "network/acme", {{"mtu", "1300"}}).uuid;
    EXPECT_THAT(dhcp_lines(compile(rows, fabric()).wanted), ElementsAre(HasSubstr("mtu=1300")));
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mtu = 1200; });
    const auto compiled = compile(rows, fabric());
    EXPECT_THAT(dhcp_lines(compiled.wanted), ElementsAre(testing::Not(HasSubstr("mtu="))));
    EXPECT_EQ(note_of(compiled, uuid),
              "org/acme/network/web/dhcp: mtu 1300 is more than its network's, 1200; give that or "
              "less; until then its network's is told");
    EXPECT_NE(why(model::check(rows, *rows.dhcp_options.find(uuid))), ""); // nobody sets it so
}

TEST(Dhcp, ThatIsOffHasNoRowsAndLetsTheTenantsServerServe) {
    auto rows = one_vm();
    edit(rows.nic, "nic/web-0/0", [](auto& nic) { nic.options["dhcp-server"] = "yes"; });
    const auto port = [&] {
        return *compile(rows, fabric()).wanted.logical_port.find(id("nic/web-0/0"));
    };
    EXPECT_THAT(port().options, IsEmpty()); // while the network's own is on, which is said
    const auto status = [&] { return note_of(compile(rows, fabric()), id("nic/web-0/0")); };
    EXPECT_EQ(status(), "org/acme/vapp/shop/nic/web-0/0: is marked as a DHCP server, and may be "
                        "none while org/acme/network/web answers itself; network-ctl dhcp disable "
                        "lets it serve");
    rows.address_allocation.erase(id("ledger/10.0.0.250"));
    EXPECT_THAT(status(), testing::AllOf(HasSubstr("lets it serve; org/acme/vapp/shop/nic/web-0/0: "
                                                   "DHCP has no address of its own")));
    options_of(rows, "network/acme", {}, false);
    EXPECT_THAT(dhcp_lines(compile(rows, fabric()).wanted), IsEmpty());
    EXPECT_THAT(port().options, ElementsAre(testing::Pair("dhcp-server", "yes")));
}

TEST(Dhcp, WithUnsoundOptionsStopsAndSaysSo) {
    auto rows = one_vm();
    const auto uuid = options_of(rows, "network/acme", {{"lease-time", "soon"}}).uuid;
    auto compiled = compile(rows, fabric());
    EXPECT_THAT(dhcp_lines(compiled.wanted), IsEmpty());
    EXPECT_THAT(note_of(compiled, uuid),
                HasSubstr("org/acme/network/web/dhcp: lease-time \"soon\" is not its value"));
}

// --- What may be set ----------------------------------------------------------------------------
TEST(DhcpCheck, TakesSoundSettings) {
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"router", "none"},
                                            {"dns-servers", "10.0.0.2,2001:db8::2"},
                                            {"domain-name", "a-b.example"},
                                            {"domain-search", "example.com, example.org"},
                                            {"ntp-servers", "192.0.2.1"},
                                            {"lease-time", "4294967295"},
                                            {"mtu", "1280"},
                                            {"routes", "10.1.0.0/16 10.0.0.1, 0.0.0.0/0 10.0.0.1"},
                                            {"boot-server", "10.0.0.4"},
                                            {"tftp-server", "boot.example.com"},
                                            {"boot-file", "/pxe/linux.0"},
                                            {"option-43", "hex:00ff"},
                                            {"option-252", "text:http://wpad.example.com/wpad.dat"},
                                            {"ipv6-mode", "slaac"}})
        EXPECT_EQ(why(model::check_dhcp_option("x", name, value)), "") << name;
}

TEST(DhcpCheck, RefusesWhatMakesNoSense) {
    const std::string many = "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,10.0.0.7,"
                             "10.0.0.8,10.0.0.9";
    const struct {
        const char* name;
        std::string value;
        const char* says;
    } cases[] = {
        {"router", "fe80::1", "x: router \"fe80::1\" is not its value; give one like 10.0.0.1, or"},
        {"dns-servers", "", "is not its value"},
        {"dns-servers", "10.0.0.2,,", "is not its value"},
        {"dns-servers", "10.0.0.2,", "is not its value"},
        {"domain-search", "example.com, ", "is not its value"},
        {"option-043", "hex:00", "option-1 to option-254"},
        {"dns-servers", "224.0.0.1", "is not its value"},
        {"dns-servers", many + "," + many, "up to 16"},
        {"domain-name", "exa mple", "give one like example.com"},
        {"domain-name", "-a.example", "give one like example.com"},
        {"domain-search", std::string(64, 'a'), "up to 8"},
        {"lease-time", "59", "60 to 4294967295"},
        {"lease-time", "1h", "60 to 4294967295"},
        {"mtu", "67", "68 to 65535"},
        {"routes", "10.1.0.0/16", "10.1.0.0/16 10.0.0.1"},
        {"routes", "10.1.0.1/16 10.0.0.1", "is not its value"}, // host bits
        {"boot-file", std::string(128, 'x'), "up to 127"},
        {"option-0", "hex:00", "option-1 to option-254"},
        {"option-255", "hex:00", "option-1 to option-254"},
        {"option-x", "hex:00", "option-1 to option-254"},
        {"option-6", "hex:00", "option-6 is set by dns-servers; set that"},
        {"option-53", "hex:01", "option-53 is set by the protocol"},
        {"option-43", "hex:0", "give text:... or hex:..., up to 255 bytes"},
        {"option-43", "0102", "give text:... or hex:..."},
        {"option-43", "text:" + std::string(256, 'x'), "up to 255 bytes"},
        {"dns", "10.0.0.2", "\"dns\" is no DHCP option; give one of router, dns-servers"},
        {"ipv6-mode", "auto", "managed, stateless or slaac"},
    };
    for (const auto& one : cases)
        EXPECT_THAT(why(model::check_dhcp_option("x", one.name, one.value)), HasSubstr(one.says))
            << one.name << " " << one.value;
}

TEST(DhcpCheck, JudgesARowAsAWhole) {
    auto rows = cloud();
    put_behind_edge(rows, "front", "fenced", "10.0.0.201");
    const auto judge = [&](const std::string& network, std::map<std::string, std::string> options) {
        return why(model::check(rows, options_of(rows, network, std::move(options))));
    };
    EXPECT_EQ(judge("network/acme", {}), "");
    EXPECT_EQ(judge("network/acme", {{"lease-time", "600"}, {"renewal-time", "300"}}), "");
    EXPECT_THAT(judge("network/acme", {{"renewal-time", "300"}}), HasSubstr("with a lease-time"));
    EXPECT_THAT(judge("network/acme", {{"lease-time", "600"}, {"renewal-time", "600"}}),
                HasSubstr("renewal-time 600 is not below lease-time 600"));
    EXPECT_THAT(judge("network/acme",
                      {{"lease-time", "900"}, {"renewal-time", "600"}, {"rebinding-time", "500"}}),
                HasSubstr("renewal-time 600 is not below rebinding-time 500"));
    edit(rows.organization_network, "network/acme", [](auto& n) { n.mtu = 1400; });
    EXPECT_THAT(judge("network/acme", {{"mtu", "1401"}}),
                HasSubstr("mtu 1401 is more than its network's, 1400; give that or less"));
    EXPECT_THAT(judge("vapp-network/edge", {}),
                HasSubstr("is bridged, so its DHCP is that of org/acme/network/web; set it there"));
    EXPECT_THAT(
        judge("vapp-network/front", {{"ipv6-mode", "slaac"}}),
        HasSubstr("ipv6-mode slaac would give addresses that nothing outside of the fence"));
    edit(rows.organization_network, "network/acme",
         [](auto& n) { n.subnets.insert("2001:db8::/56"); });
    EXPECT_THAT(judge("network/acme", {{"ipv6-mode", "stateless"}}),
                HasSubstr("ipv6-mode stateless needs /64 subnets, and 2001:db8::/56 is none"));
    auto nobody = options_of(rows, "network/acme", {});
    nobody.organization_network.reset();
    EXPECT_THAT(why(model::check(rows, nobody)), HasSubstr("is of no network"));
}

TEST(DhcpCheck, KeepsItsMacFromNics) {
    auto rows = cloud();
    auto nic = *rows.nic.find(id("nic/web-0/0"));
    nic.mac = "02:52:46:00:00:02";
    EXPECT_THAT(why(model::check(rows, nic)), HasSubstr("is the one that DHCP answers from"));
}

} // namespace
} // namespace ringfence::test
