// What a firewall rule and a security group may say, as tables: what is done to a sound one, and
// what must be said.
#include <gtest/gtest.h>

#include "controller/model/check.h"
#include "controller/model/firewall.h"
#include "tests/unit/controller/firewall_cloud.h"

namespace ringfence::test {
namespace {

using northbound::FirewallRule;
using Texts = std::set<std::string>;

// acme with an edge router on web, and the groups web and db.
northbound::Tables guarded_cloud() {
    auto rows = cloud();
    add_edge(rows, {"acme"});
    add_group(rows, "web");
    add_group(rows, "db");
    return rows;
}

std::string why(const northbound::Tables& rows, const auto& row) {
    const auto result = model::check(rows, row);
    return result ? "" : result.error().text;
}

std::string judge(const std::string& owner, const RuleChange& change) {
    return why(guarded_cloud(), make_rule(owner, 3, change));
}
std::string judge(const RuleChange& change) { return judge("edge/main", change); }

TEST(FirewallCheck, TakesEveryKindOfMatch) {
    EXPECT_EQ(judge({}), "");
    EXPECT_EQ(judge([](auto& r) {
                  r.source = {"10.0.0.5", "10.1.0.0/16",        "2001:db8::/32",
                              "internal", word_of_group("web"), word_of_nic("nic/web-0/0")};
                  r.destination = {"external"};
                  r.protocol = 6;
                  r.source_ports = {"1024-65535"};
                  r.destination_ports = {"80", "443"};
              }),
              "");
    EXPECT_EQ(judge([](auto& r) {
                  r.protocol = 1;
                  r.icmp_types = {"8", "3/4"};
                  r.source = {"10.0.0.0/8"};
              }),
              "");
    EXPECT_EQ(judge("group/web", [](auto& r) { r.source = {word_of_group("web")}; }), "");
    EXPECT_EQ(judge([](auto& r) { r.source = {word_of_group("nobody")}; }), ""); // not any more
}

TEST(FirewallCheck, RefusesWhatMakesNoSense) {
    const struct {
        RuleChange change;
        const char* says;
    } cases[] = {
        {[](auto& r) { r.security_group = id("group/web"); }, "is of two owners"},
        {[](auto& r) { r.edge_router.reset(); }, "?/firewall/3: is of nobody"},
        {[](auto& r) { r.edge_router = id("?"); }, "its edge router does not exist"},
        {[](auto& r) { r.source = {"10.0.0.1/24"}; },
         "org/acme/edge/main/firewall/3: source: \"10.0.0.1/24\" is no address, prefix, group or "
         "NIC; give one like 10.0.0.0/8 or group:web"},
        {[](auto& r) { r.destination = {"group:web"}; }, "destination: \"group:web\" is no"},
        {[](auto& r) {
             r.source = {"internal", "external"};
         },
         "together are everybody"},
        {[](auto& r) { r.destination_ports = {"80"}; },
         "has ports, and no protocol; give protocol tcp, udp, udplite, sctp or dccp"},
        {[](auto& r) {
             r.protocol = 1;
             r.source_ports = {"80"};
         },
         "has ports, and protocol 1 has none"},
        {[](auto& r) {
             r.protocol = 6;
             r.destination_ports = {"65536"};
         },
         "port \"65536\" is none; give one like 80 or 8000-8099"},
        {[](auto& r) {
             r.protocol = 6;
             r.destination_ports = {"90-80"};
         },
         "ports \"90-80\" are reversed"},
        {[](auto& r) {
             r.protocol = 17;
             r.source_ports = {"53-"};
         },
         "port \"53-\" is none"},
        {[](auto& r) { r.icmp_types = {"8"}; }, "has ICMP types, and no protocol"},
        {[](auto& r) {
             r.protocol = 6;
             r.icmp_types = {"8"};
         },
         "has ICMP types, and protocol 6 has none; give protocol icmp or icmpv6"},
        {[](auto& r) {
             r.protocol = 58;
             r.icmp_types = {"1/"};
         },
         "ICMP type \"1/\" is none"},
        {[](auto& r) {
             r.source = {"10.0.0.0/8"};
             r.destination = {"2001:db8::/32"};
         },
         "its source is IPv4 and its destination IPv6: it can match nothing; make two rules"},
        {[](auto& r) {
             r.protocol = 58;
             r.source = {"10.0.0.0/8"};
         },
         "icmpv6 is not spoken between IPv4 addresses; give protocol icmp"},
        {[](auto& r) { r.options["color"] = "red"; }, "option color is not built yet"},
    };
    for (const auto& one : cases)
        EXPECT_NE(judge(one.change).find(one.says), std::string::npos)
            << judge(one.change) << "\nis not\n"
            << one.says;
}

TEST(FirewallCheck, ASecurityGroupHasNoInsideAndNoTranslation) {
    EXPECT_EQ(
        judge("group/web", [](auto& r) { r.source = {"internal"}; }),
        "org/acme/security-group/web/firewall/3: source internal is an edge router's word, and "
        "a security group has no inside; give prefixes or groups");
    EXPECT_EQ(
        judge("group/web", [](auto& r) { r.match_on_translate = true; }),
        "org/acme/security-group/web/firewall/3: matches translated addresses, and a security "
        "group sees none; only edge routers translate");
}

TEST(FirewallCheck, SpeaksOfNobodyInAnotherOrganization) {
    auto rows = guarded_cloud();
    edit(rows.security_group, "group/db",
         [](auto& group) { group.organization = id("org/globex"); });
    const auto rule = make_rule("edge/main", 3, [](auto& r) { r.source = {word_of_group("db")}; });
    EXPECT_EQ(why(rows, rule), "org/acme/edge/main/firewall/3: org/globex/security-group/db is "
                               "another organization's");
    edit(rows.vapp, "vapp/shop", [](auto& vapp) { vapp.organization = id("org/globex"); });
    const auto by_nic =
        make_rule("edge/main", 3, [](auto& r) { r.source = {word_of_nic("nic/web-0/0")}; });
    EXPECT_NE(why(rows, by_nic).find("is another organization's"), std::string::npos);
}

TEST(FirewallCheck, ANumberHasARange) {
    const auto rows = guarded_cloud();
    EXPECT_EQ(why(rows, make_rule("edge/main", 1'000'000)), "");
    EXPECT_EQ(why(rows, make_rule("edge/main", 1'000'001)),
              "org/acme/edge/main/firewall/1000001: number 1000001 is out of range; give 0 to "
              "1000000");
}

TEST(FirewallCheck, AGroupHasDefaults) {
    auto rows = guarded_cloud();
    auto group = *rows.security_group.find(id("group/web"));
    group.options = {{"default-in", "allow"}, {"default-out", "drop"}, {"log-default", "yes"}};
    EXPECT_EQ(why(rows, group), "");
    group.options = {{"default-in", "reject"}};
    EXPECT_EQ(why(rows, group), "org/acme/security-group/web: default-in \"reject\" is not its "
                                "value; give allow or drop");
    group.options = {{"default", "allow"}};
    EXPECT_NE(why(rows, group).find("option default is not built yet"), std::string::npos);
    group.options.clear();
    group.name = "a b";
    EXPECT_NE(why(rows, group).find("is not a name"), std::string::npos);
}

TEST(FirewallCheck, AGroupInUseSaysByWhom) {
    auto rows = guarded_cloud();
    const auto& web = *rows.security_group.find(id("group/web"));
    add_rule(rows, "group/web", 1, [](auto& r) { r.source = {word_of_group("web")}; });
    EXPECT_TRUE(model::check_unused(rows, web)); // its own rules go with it
    add_rule(rows, "group/db", 2, [](auto& r) { r.source = {word_of_group("web")}; });
    join(rows, "nic/web-0/0", "web");
    const auto used = model::check_unused(rows, web);
    ASSERT_FALSE(used);
    EXPECT_EQ(used.error().text,
              "org/acme/security-group/web: is used by org/acme/security-group/db/firewall/2, "
              "org/acme/vapp/shop/nic/web-0/0; delete those first");
}

TEST(FirewallCheck, ALogServerIsAnAddressAndAPort) {
    for (const char* sound : {"192.0.2.9:514", "[2001:db8::9]:6514"})
        EXPECT_TRUE(model::is_log_server(sound)) << sound;
    for (const char* bad : {"", "192.0.2.9", "192.0.2.9:0", "192.0.2.9:65536", "log.example:514",
                            "2001:db8::9:514", "[2001:db8::9]", "[192.0.2.9]:514"})
        EXPECT_FALSE(model::is_log_server(bad)) << bad;
}

TEST(Protocols, HaveNamesAndNumbers) {
    EXPECT_EQ(model::protocol_from("tcp"), 6);
    EXPECT_EQ(model::protocol_from("0"), 0);
    EXPECT_EQ(model::protocol_from("255"), 255);
    EXPECT_EQ(model::protocol_from("256"), std::nullopt);
    EXPECT_EQ(model::protocol_from("tpc"), std::nullopt);
    EXPECT_STREQ(model::protocol_name(58), "icmpv6");
    EXPECT_EQ(model::protocol_name(200), nullptr);
}

} // namespace
} // namespace ringfence::test
