// What the compiler makes of security groups and firewall rules: who asks what, who a rule's groups
// are in each domain, and that rows grow as ports plus rules.
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/compiler/compile.h"
#include "controller/compiler/groups.h"
#include "tests/unit/controller/firewall_cloud.h"

namespace ringfence::test {
namespace {

using compiler::compile;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::vector<std::string> names = {
    "edge/main",   "edge/shop",         "edge/twin",         "group/web",    "group/db",
    "org/acme",    "vapp-network/shop", "vapp-network/twin", "network/acme", "network/lan",
    "nic/web-0/0", "nic/shop/web",      "nic/twin/web",      "nic/shop/db"};

std::vector<std::string> rules(const northbound::Tables& rows) {
    return rule_lines(compile(rows, fabric()).wanted, names);
}
std::vector<std::string> groups(const northbound::Tables& rows) {
    return group_lines(compile(rows, fabric()).wanted, names);
}

// Two fenced clones, shop and twin, with the same VM, each with an outside address on web.
northbound::Tables clones() {
    auto rows = empty_cloud();
    add_group(rows, "web");
    add_vapp(rows, {.name = "shop"});
    add_vapp(rows, {.name = "twin", .own = {"10.0.0.202"}});
    add_vm(rows, "shop", "web", {"10.0.0.10"}, {"10.0.0.101"});
    add_vm(rows, "twin", "web", {"10.0.0.10"}, {"10.0.0.102"});
    return rows;
}

// acme's web and lan, both behind edge/main, with web-0 on web.
northbound::Tables two_networks() {
    auto rows = cloud();
    rows.nic.erase(id("nic/web-1/0"));
    add_network(rows, "lan", 5004, "10.1.0.0/24", "10.1.0.1");
    add_edge(rows, {"acme", "lan"});
    return rows;
}

// --- Rules --------------------------------------------------------------------------------------
TEST(Firewall, ARuleIsOneRowThatItsEdgesInsideAsks) {
    auto rows = clones();
    add_rule(rows, "edge/shop", 10, [](auto& r) {
        r.source = {"192.0.2.0/24", "2001:db8::/32"};
        r.protocol = 6;
        r.destination_ports = {"80", "8000-8099"};
        r.action = "reject";
        r.log = true;
    });
    add_rule(rows, "edge/shop", 11, [](auto& r) { r.enabled = false; });
    edit(rows.organization, "org/acme", [](auto& o) { o.options["log-server"] = "192.0.2.9:514"; });
    const auto compiled = compile(rows, fabric());
    EXPECT_THAT(rule_lines(compiled.wanted, names),
                Contains("edge/edge/shop in 999991 reject protocol 6 from 192.0.2.0/24 "
                         "2001:db8::/32 to-ports 80 8000-8099 log log-server=192.0.2.9:514 @ "
                         "segment/vapp-network/shop"));
    EXPECT_EQ(compiled.wanted.firewall.find(id("rule/10"))->intent,
              "org/acme/edge/shop/front/firewall/10");
    for (const auto& interface : compiled.wanted.router_interface) {
        const bool asks = interface.policies.contains("edge/" + to_string(id("edge/shop")));
        EXPECT_EQ(asks, interface.router == "edge/" + to_string(id("edge/shop")) &&
                            interface.side == "inside");
    }
}

TEST(Firewall, AnEdgeWithoutARuleInForceAsksNone) {
    auto rows = clones();
    add_rule(rows, "edge/shop", 10, [](auto& r) { r.enabled = false; });
    add_rule(rows, "edge/shop", 11, [](auto& r) { r.destination = {"external"}; });
    const auto compiled = compile(rows, fabric());
    for (const auto& interface : compiled.wanted.router_interface)
        EXPECT_LE(interface.policies.size(), 1u) << "a policy without rows denies";
    EXPECT_EQ(note_of(compiled, id("rule/11")),
              "org/acme/edge/shop/front/firewall/11: nobody is its destination, the way that its "
              "direction goes; it matches nothing");
}

TEST(Firewall, TiersStandOneAboveTheOther) {
    auto rows = clones();
    const auto provider = [](auto& rule) { rule.tier = "provider"; };
    add_rule(rows, "edge/shop", 0);
    add_rule(rows, "edge/shop", 1'000'000);
    add_rule(rows, "edge/twin", 2, provider);
    add_rule(rows, "edge/twin", 999'999, provider);
    std::map<Uuid, int64_t> priorities;
    for (const auto& row : compile(rows, fabric()).wanted.firewall)
        priorities[row.uuid] = row.priority;
    EXPECT_EQ(priorities.at(id("rule/0")), 1'000'001);
    EXPECT_EQ(priorities.at(id("rule/1000000")), 1);
    EXPECT_EQ(priorities.at(id("rule/2")), 2'000'000);
    EXPECT_EQ(priorities.at(id("rule/999999")), 1'000'003);
}

TEST(Firewall, InternalAndExternalAreSidesWhereThereIsOneInside) {
    auto rows = clones();
    const auto add = [&](int64_t number, const char* direction, std::set<std::string> source,
                         std::set<std::string> destination) {
        add_rule(rows, "edge/shop", number, [&](auto& r) {
            r.direction = direction;
            r.source = std::move(source);
            r.destination = std::move(destination);
        });
    };
    add(1, "in", {"external"}, {"internal"});
    add(2, "out", {"internal"}, {"external"});
    add(3, "in", {"internal", "192.0.2.1"}, {});
    add(4, "out", {"external"}, {});
    const auto compiled = compile(rows, fabric());
    const auto lines = rule_lines(compiled.wanted, names);
    EXPECT_THAT(lines, Contains("edge/edge/shop in 1000000 allow @ segment/vapp-network/shop"));
    EXPECT_THAT(lines, Contains("edge/edge/shop out 999999 allow @ segment/vapp-network/shop"));
    EXPECT_THAT(lines, Contains("edge/edge/shop in 999998 allow from 192.0.2.1/32 @ "
                                "segment/vapp-network/shop"));
    EXPECT_THAT(note_of(compiled, id("rule/4")), HasSubstr("nobody is its source"));
    EXPECT_THAT(group_lines(compiled.wanted, names), IsEmpty());
}

TEST(Firewall, InternalAndExternalArePrefixesWhereThereAreSeveral) {
    auto rows = two_networks();
    add_rule(rows, "edge/main", 1, [](auto& r) { r.source = {"internal"}; });
    add_rule(rows, "edge/main", 2, [](auto& r) { r.source = {"external"}; });
    const auto lines = rules(rows);
    EXPECT_THAT(lines, Contains(HasSubstr("in 1000000 allow from internal/edge/main @ edge/")));
    EXPECT_THAT(lines, Contains(HasSubstr("in 999999 allow from external/edge/main @ edge/")));
    const auto sets = groups(rows);
    ASSERT_EQ(sets.size(), 2u);
    EXPECT_THAT(sets, Contains(HasSubstr("internal/edge/main = 10.0.0.0/24 10.1.0.0/24 @")));
    EXPECT_THAT(sets, Contains(HasSubstr("0.0.0.0/5 10.0.1.0/24 10.0.128.0/17")));
}

TEST(Firewall, MatchOnTranslateComparesOutsideAddresses) {
    auto rows = clones();
    add_rule(rows, "edge/shop", 1, [](auto& r) {
        r.match_on_translate = true;
        r.destination = {"10.0.0.101"};
    });
    EXPECT_THAT(rules(rows), Contains("edge/edge/shop in 1000000 allow to 10.0.0.101/32 "
                                      "addresses=outside @ segment/vapp-network/shop"));
}

// --- Groups -------------------------------------------------------------------------------------
TEST(Firewall, AGroupsPolicyIsADomainOfItsOwnThatItsPortsName) {
    auto rows = clones();
    join(rows, "nic/shop/web", "web");
    add_rule(rows, "group/web", 1, [](auto& r) {
        r.protocol = 1;
        r.icmp_types = {"8"};
    });
    const auto compiled = compile(rows, fabric());
    EXPECT_THAT(rule_lines(compiled.wanted, names),
                ElementsAre("group/group/web in 0 drop @ group/group/web",
                            "group/group/web in 1000000 allow protocol 1 types 8 @ group/group/web",
                            "group/group/web out 0 allow @ group/group/web"));
    const std::string name = "group/" + to_string(id("group/web"));
    const auto& member = *compiled.wanted.logical_port.find(id("nic/shop/web"));
    EXPECT_THAT(member.policies, ElementsAre(name));
    EXPECT_THAT(member.domains, Contains(name));
    EXPECT_EQ(member.domain, "segment/" + to_string(id("vapp-network/shop")));
    EXPECT_THAT(compiled.wanted.logical_port.find(id("nic/twin/web"))->policies, IsEmpty());
}

TEST(Firewall, AGroupsDefaultsAreItsTenants) {
    auto rows = clones();
    edit(rows.security_group, "group/web", [](auto& group) {
        group.options = {{"default-in", "allow"}, {"default-out", "drop"}, {"log-default", "yes"}};
    });
    EXPECT_THAT(rules(rows), ElementsAre("group/group/web in 0 allow log @ group/group/web",
                                         "group/group/web out 0 drop log @ group/group/web"));
}

TEST(Firewall, AMemberIsSeenByTheAddressesThatItHasThere) {
    auto rows = clones();
    join(rows, "nic/shop/web", "web");
    join(rows, "nic/twin/web", "web");
    EXPECT_THAT(groups(rows), IsEmpty()) << "no rule names it";
    add_rule(rows, "group/web", 1, [](auto& r) { r.source = {word_of_group("web")}; });
    // Each clone sees itself inside and, by way of the outside, everybody by outside addresses.
    EXPECT_THAT(
        groups(rows),
        ElementsAre("group/group/web = 10.0.0.10/32 and segment/network/acme @ "
                    "segment/vapp-network/shop",
                    "group/group/web = 10.0.0.10/32 and segment/network/acme @ "
                    "segment/vapp-network/twin",
                    "group/group/web = 10.0.0.101/32 10.0.0.102/32 @ segment/network/acme"));
    edit(rows.vapp, "vapp/twin", [](auto& vapp) { vapp.deployed = false; });
    EXPECT_THAT(groups(rows),
                ElementsAre("group/group/web = 10.0.0.10/32 and segment/network/acme @ "
                            "segment/vapp-network/shop",
                            "group/group/web = 10.0.0.101/32 @ segment/network/acme"));
}

// Nothing from outside with such an address enters (route.shadowed): who has it is inside.
TEST(Firewall, AnAddressInsideIsNobodyOutside) {
    auto rows = clones();
    add_vm(rows, "twin", "db", {"10.0.0.50"}, {"10.0.0.103"});
    edit(rows.nic, "nic/twin/web", [](auto& nic) {
        nic.vapp_network.reset();
        nic.organization_network = id("network/acme");
        nic.addresses = {"10.0.0.50"};
        nic.outside_addresses.clear();
    });
    join(rows, "nic/twin/web", "web");
    add_vm(rows, "shop", "db", {"10.0.0.50"}, {"10.0.0.104"});
    edit(rows.nic, "nic/shop/db", [](auto& nic) { nic.mac = "02:00:00:00:00:11"; });
    const auto from_group = [](auto& rule) { rule.source = {word_of_group("web")}; };
    add_rule(rows, "edge/shop", 1, from_group);
    add_rule(rows, "edge/twin", 2, from_group);
    EXPECT_THAT(groups(rows),
                ElementsAre("group/group/web =  and segment/network/acme but 10.0.0.50/32 @ "
                            "segment/vapp-network/shop",
                            "group/group/web =  and segment/network/acme but 10.0.0.50/32 @ "
                            "segment/vapp-network/twin",
                            "group/group/web = 10.0.0.50/32 @ segment/network/acme"));
    // A member itself.
    join(rows, "nic/shop/db", "web");
    EXPECT_THAT(groups(rows), Contains("group/group/web = 10.0.0.50/32 and segment/network/acme @ "
                                       "segment/vapp-network/shop"));
}

TEST(Firewall, AnEdgesRuleSpeaksOfAGroupFromItsInside) {
    auto rows = clones();
    join(rows, "nic/twin/web", "web");
    add_rule(rows, "edge/shop", 1, [](auto& r) {
        r.source = {word_of_group("web")};
        r.destination = {word_of_nic("nic/shop/web")};
    });
    EXPECT_THAT(rules(rows), Contains("edge/edge/shop in 1000000 allow from group/group/web to "
                                      "nic/nic/shop/web @ segment/vapp-network/shop"));
    EXPECT_THAT(groups(rows),
                ElementsAre("group/group/web =  and segment/network/acme @ "
                            "segment/vapp-network/shop",
                            "group/group/web = 10.0.0.102/32 @ segment/network/acme",
                            "nic/nic/shop/web = 10.0.0.10/32 and segment/network/acme @ "
                            "segment/vapp-network/shop",
                            "nic/nic/shop/web = 10.0.0.101/32 @ segment/network/acme"));
}

// Without a row hosts would not know that nobody is in it.
TEST(Firewall, AGroupThatNobodyIsInIsARowToo) {
    auto rows = clones();
    add_rule(rows, "edge/shop", 1, [](auto& r) { r.source = {word_of_group("web")}; });
    EXPECT_THAT(groups(rows), ElementsAre("group/group/web =  @ segment/vapp-network/shop"));
}

TEST(Firewall, WhoDoesNotExistMatchesNothing) {
    auto rows = clones();
    add_rule(rows, "edge/shop", 1, [](auto& r) { r.source = {word_of_nic("nic/gone")}; });
    add_rule(rows, "edge/shop", 2, [](auto& r) {
        r.source = {word_of_nic("nic/gone"), "192.0.2.1"};
    });
    const auto compiled = compile(rows, fabric());
    EXPECT_FALSE(compiled.wanted.firewall.find(id("rule/1"))) << "without a source it would be any";
    EXPECT_THAT(note_of(compiled, id("rule/1")), HasSubstr("nobody is its source"));
    EXPECT_THAT(rule_lines(compiled.wanted, names), Contains(HasSubstr("from 192.0.2.1/32 @")));
}

TEST(Firewall, RowsGrowAsPortsPlusRules) {
    constexpr size_t vapps = 40, rules_of_group = 30;
    auto rows = empty_cloud();
    add_group(rows, "web");
    for (size_t i = 0; i < rules_of_group; ++i)
        add_rule(rows, "group/web", static_cast<int64_t>(i),
                 [](auto& r) { r.source = {word_of_group("web")}; });
    for (size_t i = 0; i < vapps; ++i) {
        const auto name = fmt::format("v{}", i);
        add_vapp(rows, {.name = name, .own = {fmt::format("10.0.0.{}", 200 + i)}});
        add_vm(rows, name, "web", {"10.0.0.10"}, {fmt::format("10.0.0.{}", 100 + i)});
        join(rows, fmt::format("nic/{}/web", name), "web");
    }
    const auto wanted = compile(rows, fabric()).wanted;
    EXPECT_EQ(wanted.logical_port.size(), vapps);
    EXPECT_EQ(wanted.firewall.size(), rules_of_group + 2 + 2 * vapps); // and the fences' defaults
    EXPECT_EQ(wanted.address_group.size(), vapps + 1); // one a domain that asks, and web's
    size_t addresses = 0;
    for (const auto& row : wanted.address_group)
        addresses += row.prefixes.size();
    EXPECT_EQ(addresses, 2 * vapps); // each member inside and outside, whoever speaks of it
}

// --- Logs, limits -------------------------------------------------------------------------------
TEST(Firewall, TheInboundDefaultIsLoggedWhereTheNetworkSaysSo) {
    auto rows = clones();
    edit(rows.vapp_network, "vapp-network/shop",
         [](auto& network) { network.options["log-default"] = "yes"; });
    edit(rows.organization, "org/acme", [](auto& o) { o.options["log-server"] = "192.0.2.9:514"; });
    const std::string policy = "inbound/" + to_string(id("vapp-network/shop"));
    for (const auto& row : compile(rows, fabric()).wanted.firewall) {
        const bool logged = row.policy == policy && row.direction == "in";
        EXPECT_EQ(row.log, logged) << row.policy;
        EXPECT_EQ(row.options.size(), logged ? 1u : 0u);
    }
}

TEST(Ports, HaveTheSmallerOfTheirOwnLimitsAndTheirDataCenters) {
    auto rows = clones();
    edit(rows.virtual_data_center, "vdc/acme", [](auto& vdc) {
        vdc.limits = {{"bandwidth-in", 1'000'000}, {"connections", 1000}};
    });
    edit(rows.nic, "nic/shop/web", [](auto& nic) {
        nic.limits = {{"connections", 50}, {"bandwidth-in", 2'000'000}};
    });
    const auto wanted = compile(rows, fabric()).wanted;
    const auto limits = [&](const char* nic) { return wanted.logical_port.find(id(nic))->limits; };
    EXPECT_THAT(limits("nic/shop/web"), ElementsAre(testing::Pair("bandwidth-in", 1'000'000),
                                                    testing::Pair("connections", 50)));
    EXPECT_THAT(limits("nic/twin/web"), ElementsAre(testing::Pair("bandwidth-in", 1'000'000),
                                                    testing::Pair("connections", 1000)));
}

// --- Prefixes -----------------------------------------------------------------------------------
TEST(AllBut, IsWhatIsLeftOver) {
    using Texts = std::set<std::string>;
    EXPECT_EQ(compiler::all_but({"0.0.0.0/0", "::/0"}), Texts{});
    EXPECT_EQ(compiler::all_but({"0.0.0.0/1", "::/0"}), Texts{"128.0.0.0/1"});
    EXPECT_EQ(compiler::all_but({"0.0.0.0/0", "8000::/1"}), Texts{"::/1"});
    EXPECT_EQ(compiler::all_but({}), (Texts{"0.0.0.0/0", "::/0"}));
    // All addresses but one: a prefix of each length.
    EXPECT_EQ(compiler::all_but({"10.0.0.5/32", "::/0"}).size(), 32u);
}

} // namespace
} // namespace ringfence::test
