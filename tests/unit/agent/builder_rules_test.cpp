// Rows of firewalls and address groups in, policies and groups in the Fabric out; and what a change
// tells the workers to decide again.
#include <sstream>

#include "builder_fixture.h"

namespace ringfence::test {

namespace {

class RulesTest : public FabricBuilderTest {
protected:
    // A rule of "group/web", towards its members.
    southbound::Firewall web(int64_t priority, const std::string& action) {
        auto row = rule("group/web", "in", action);
        row.uuid = id("rule " + std::to_string(priority));
        row.priority = priority;
        row.intent = "rule/" + std::to_string(priority);
        return row;
    }
    // The lines of policies.
    std::string policies() {
        std::istringstream all{fabric()};
        std::string text;
        for (std::string line; std::getline(all, line);)
            if (line.starts_with("policy"))
                text += line + "\n";
        return text;
    }
    // What the workers are told of the changes since the last call.
    std::string changes() {
        builder_.set_facts(facts_);
        auto now = builder_.finish();
        std::string text;
        now->changes_since(seen_->serial(), [&](const Change& change) {
            text += (change.effect == Change::Effect::widens ? "widens " : "raises ") +
                    name(change.object) + "\n";
        });
        seen_ = now;
        return text;
    }
    std::string name(ObjectId object) const {
        auto policy = ids_.policies.find("group/web");
        auto domain = ids_.domains.find("");
        if (policy && object == ObjectId(*policy))
            return "policy";
        if (domain && object == ObjectId(*domain))
            return "groups";
        for (const char* address : {"10.0.0.1", "10.0.0.2", "fd00::1"})
            if (domain && object == ObjectId(*domain, *IpAddr::from(address)))
                return address;
        return "other";
    }

    std::shared_ptr<const Fabric> seen_ = builder_.finish();
};

TEST_F(RulesTest, AllThatARuleSays) {
    auto row = web(7, "reject");
    row.protocol = 6;
    row.source = {"10.0.0.0/8", "fd00::/8"};
    row.source_groups = {"web"};
    row.source_ports = {"1024-65535"};
    row.destination = {"10.1.0.1"};
    row.destination_ports = {"80", "8000-8080"};
    row.options = {{"addresses", "outside"}, {"log-server", "192.0.2.5:514"}};
    row.log = true;
    put(group("web", {"10.0.0.1"}));
    put(row);
    auto ping = web(6, "allow");
    ping.protocol = 1;
    ping.icmp_types = {"8", "3/4"};
    put(ping);
    EXPECT_EQ(policies(), "policy 0 in 6 allow icmp type 3/4, 8 rule/6\n"
                          "policy 0 in 7 reject tcp from 10.0.0.0/8, fd00::/8, group 0 port "
                          "1024-65535 to 10.1.0.1/32 service 80, 8000-8080 by outside addresses "
                          "log rule/7\n");
    auto policy = builder_.finish()->policy(*ids_.policies.find("group/web"));
    EXPECT_EQ(policy->rules().back().log_server, (LogServer{*IpAddr::from("192.0.2.5"), 514}));
    EXPECT_TRUE(builder_.trouble().empty());
}

TEST_F(RulesTest, ARowThatCannotBeObeyedDeniesAllAndIsNamed) {
    auto row = web(7, "allow");
    put(row);
    EXPECT_EQ(policies(), "policy 0 in 7 allow any rule/7\n");
    auto expect_refused = [&](const southbound::Firewall& bad, const std::string& why) {
        put(bad);
        EXPECT_EQ(policies(), "policy 0 in 4294967295 drop any rule/7\n");
        EXPECT_EQ(builder_.trouble()["rule in 7 of rule/7"], why);
    };
    auto with = [&](auto change) {
        auto bad = row;
        change(bad);
        return bad;
    };
    expect_refused(with([](auto& bad) { bad.source = {"10.0.0.1/8"}; }),
                   "10.0.0.1/8 has host bits set; the subnet is 10.0.0.0/8");
    expect_refused(with([](auto& bad) { bad.destination_ports = {"80"}; }),
                   "ports need a protocol that has them");
    expect_refused(with([](auto& bad) {
                       bad.protocol = 6;
                       bad.destination_ports = {"90-80"};
                   }),
                   "\"90-80\" is neither a port nor a range of ports");
    expect_refused(with([](auto& bad) {
                       bad.protocol = 1;
                       bad.icmp_types = {"8/256"};
                   }),
                   "\"8/256\" is neither an ICMP type nor a type and a code");
    expect_refused(with([](auto& bad) { bad.icmp_types = {"8"}; }),
                   "ICMP types need the protocol ICMP or ICMPv6");
    expect_refused(with([](auto& bad) { bad.stateful = false; }),
                   "stateless rules are not built yet");
    expect_refused(with([](auto& bad) {
                       bad.options = {{"log-server", "here"}};
                   }),
                   "log-server \"here\" is not ADDRESS:PORT");
    expect_refused(with([](auto& bad) {
                       bad.options = {{"rate", "7"}};
                   }),
                   "option rate=7 of rules is not built yet");
    put(row);
    EXPECT_EQ(policies(), "policy 0 in 7 allow any rule/7\n");
    EXPECT_TRUE(builder_.trouble().empty());
}

TEST_F(RulesTest, OfARowWhoseDirectionNobodyKnowsBothAreDenied) {
    put(web(7, "allow"));
    auto out = rule("group/web", "out", "allow");
    put(out);
    out.direction = "sideways";
    put(out);
    EXPECT_EQ(policies(), "policy 0 in 4294967295 drop any org/acme/group/web\n"
                          "policy 0 in 7 allow any rule/7\n"
                          "policy 0 out 4294967295 drop any org/acme/group/web\n");
    EXPECT_EQ(builder_.trouble()["rule sideways 0 of org/acme/group/web"],
              "direction \"sideways\" is unknown");
}

// As a server with a newer schema hands them on: what could not be read has its default.
TEST_F(RulesTest, ARowThatIsReadInPartFailsClosedAndIsNamed) {
    auto allow = web(7, "allow"), in_part = allow;
    put(allow);
    put(rule("group/web", "out", "allow"));
    in_part.action = "";
    in_part.unreadable = "Firewall 1: action: [\"set\",[]] is not a string";
    put(in_part);
    EXPECT_EQ(policies(), "policy 0 in 4294967295 drop any rule/7\n"
                          "policy 0 out 0 allow any org/acme/group/web\n");
    EXPECT_EQ(builder_.trouble()["rule in 7 of rule/7"], in_part.unreadable);
    put(allow);
    EXPECT_TRUE(builder_.trouble().empty());

    put(segment("front", 5001));
    auto web0 = nic("web-0", "front", "02:00:00:00:00:01", "10.0.0.5");
    web0.host = "a";
    auto without_policies = web0;
    web0.policies = {"group/web"};
    without_policies.unreadable = "Logical_Port 2: policies: 7 is not a string";
    plug("tap0", 0, "web-0");
    auto has_segment = [&] {
        fabric();
        return builder_.finish()->port(PortId(0))->segment.has_value();
    };
    put(web0);
    EXPECT_TRUE(has_segment());
    put(without_policies);
    EXPECT_FALSE(has_segment());
    EXPECT_EQ(builder_.trouble()["port web-0"], without_policies.unreadable);
    put(web0);
    EXPECT_TRUE(has_segment());
    builder_.reload(tables_);
    EXPECT_TRUE(builder_.trouble().empty());
}

TEST_F(RulesTest, AGroupWithoutARowOrWithABadOneDeniesAll) {
    auto allow = web(7, "allow"), deny = web(8, "drop");
    allow.source_groups = {"web"};
    deny.source_groups = {"foes"};
    put(allow);
    put(deny);
    put(rule("group/web", "out", "allow"));
    put(group("web", {"10.0.0.1"}));
    put(segment("front", 5001));
    auto web0 = nic("web-0", "front", "02:00:00:00:00:01", "10.0.0.5");
    web0.domain = "";
    web0.policies = {"group/web"};
    put(web0);
    plug("tap0", 0, "web-0");
    auto passes = [&] {
        auto now = (fabric(), builder_.finish());
        Subject from_a_member;
        from_a_member.source = from_a_member.outside_source = *IpAddr::from("10.0.0.1");
        std::vector<PolicyId> policies = {*ids_.policies.find("group/web")};
        return judge(policies, *now, *ids_.domains.find(""), Direction::in, from_a_member).allows();
    };
    EXPECT_FALSE(passes()) << "who the foes are is not known";
    EXPECT_EQ(
        builder_.trouble()["policy group/web"],
        "who is in address group foes is not known where it is asked, so it lets nothing pass "
        "there");
    changes();
    put(group("foes", {}));
    EXPECT_TRUE(passes());
    EXPECT_EQ(changes(), "raises groups\n");
    EXPECT_TRUE(builder_.trouble().empty());
    put(group("foes", {"10.0.0.x"}));
    EXPECT_FALSE(passes());
    EXPECT_EQ(changes(), "raises groups\n");
    EXPECT_TRUE(builder_.trouble().contains("address group org/acme/security-group/foes"));
    put(group("foes", {"10.0.0.2"}));
    EXPECT_TRUE(passes());
    EXPECT_TRUE(builder_.trouble().empty());
}

// A security group's rules are in a domain of their own; who is in a group, each asker's says.
TEST_F(RulesTest, WhoIsInAGroupDependsOnTheDomainOfWhoAsks) {
    auto allow = web(7, "allow");
    allow.domain = "group/web";
    allow.source_groups = {"web"};
    put(allow);
    auto inside = group("web", {"10.0.0.1"}), outside = group("web", {"192.0.2.1"});
    outside.uuid = id("the same, outside");
    outside.domain = "outside";
    put(inside);
    put(outside);
    put(segment("front", 5001));
    auto web0 = nic("web-0", "front", "02:00:00:00:00:01", "10.0.0.5");
    web0.domain = "outside";
    web0.policies = {"group/web"};
    put(web0);
    plug("tap0", 0, "web-0");
    fabric();
    auto now = builder_.finish();
    const LocalPort* port = now->port(PortId(0));
    auto passes = [&](const char* source) {
        Subject packet;
        packet.source = packet.outside_source = *IpAddr::from(source);
        return judge(port->policies, *now, port->domain, Direction::in, packet).allows();
    };
    EXPECT_TRUE(passes("192.0.2.1"));
    EXPECT_FALSE(passes("10.0.0.1"));
}

// A fence's inside: who is met by way of the outside is said there, once for all fences.
TEST_F(RulesTest, AGroupHasThoseOfItsOutsideButForHiddenOnes) {
    auto deny = web(7, "drop");
    deny.source_groups = {"web"};
    put(deny);
    put(rule("group/web", "in", "allow"));
    auto inside = group("web", {"10.0.0.5"}), outside = group("web", {"10.0.0.7", "10.0.0.9"});
    inside.outside = outside.domain = "parent";
    inside.hidden = {"10.0.0.9"};
    outside.uuid = id("the same, outside");
    put(inside);
    const auto denied = [&] {
        fabric();
        const auto now = builder_.finish();
        std::string all;
        for (const char* source : {"10.0.0.5", "10.0.0.7", "10.0.0.8", "10.0.0.9"}) {
            Subject packet;
            packet.source = packet.outside_source = *IpAddr::from(source);
            const std::vector<PolicyId> policies = {*ids_.policies.find("group/web")};
            const DomainId domain = *ids_.domains.find("");
            if (!judge(policies, *now, domain, Direction::in, packet).allows())
                all += fmt::format("{}{}", all.empty() ? "" : " ", source);
        }
        return all;
    };
    EXPECT_EQ(denied(), "10.0.0.5 10.0.0.7 10.0.0.8 10.0.0.9") << "who is in it is not known";
    put(outside);
    EXPECT_EQ(denied(), "10.0.0.5 10.0.0.7");
    outside.prefixes = {"10.0.0.8", "10.0.0.9"};
    put(outside);
    EXPECT_EQ(denied(), "10.0.0.5 10.0.0.8");
    inside.outside.reset();
    put(inside);
    EXPECT_EQ(denied(), "10.0.0.5");
}

TEST_F(RulesTest, AMemberChangesWhatItsAddressMayAndCompilesNothing) {
    auto allow = web(7, "allow");
    allow.source_groups = {"web"};
    put(allow);
    put(group("web", {"10.0.0.1", "10.0.0.2"}));
    put(rule("other", "in", "allow"));
    changes();
    PolicyId id = *ids_.policies.find("group/web");
    const Policy* before = seen_->policy(id);
    put(group("web", {"10.0.0.1", "fd00::1"}));
    EXPECT_EQ(changes(), "raises 10.0.0.2\nwidens fd00::1\n");
    EXPECT_EQ(seen_->policy(id), before);
    EXPECT_EQ(seen_->groups(*ids_.domains.find(""))->of(*IpAddr::from("fd00::1")).size(), 1u);
    put(group("web", {"10.0.0.1", "fd00::1", "10.9.0.0/16"}));
    EXPECT_EQ(changes(), "widens groups\n");
    auto deny = web(8, "drop");
    deny.source_groups = {"web"};
    put(deny);
    EXPECT_EQ(changes(), "raises policy\n");
    put(group("web", {"10.0.0.1", "fd00::1"}));
    EXPECT_EQ(changes(), "raises groups\nwidens groups\n");
}

TEST_F(RulesTest, ARuleCompilesItsOwnPolicyAlone) {
    put(web(7, "allow"));
    put(rule("other", "in", "allow"));
    fabric();
    PolicyId mine = *ids_.policies.find("group/web"), other = *ids_.policies.find("other");
    auto before = builder_.finish();
    put(web(8, "allow"));
    fabric();
    auto after = builder_.finish();
    EXPECT_EQ(before->policy(other), after->policy(other));
    EXPECT_NE(before->policy(mine), after->policy(mine));
}

TEST_F(RulesTest, NewRulesAreCountedFromZero) {
    put(web(7, "allow"));
    fabric();
    EXPECT_EQ(builder_.take_new_rules().size(), 1u);
    put(web(8, "allow"));
    put(web(7, "drop"));
    fabric();
    EXPECT_EQ(builder_.take_new_rules().size(), 1u) << "what is only changed goes on";
}

TEST_F(RulesTest, NumbersAreGivenBack) {
    auto allow = web(7, "allow");
    allow.source_groups = {"web"};
    put(allow);
    put(group("web", {"10.0.0.1"}));
    fabric();
    erase(allow);
    erase(group("web", {}));
    fabric();
    EXPECT_TRUE(ids_.rules.all().empty());
    EXPECT_TRUE(ids_.groups.all().empty());
    EXPECT_TRUE(ids_.domains.all().empty());
    EXPECT_TRUE(ids_.policies.all().empty());
    EXPECT_EQ(builder_.finish()->groups(DomainId(0)), nullptr);
}

} // namespace

} // namespace ringfence::test
