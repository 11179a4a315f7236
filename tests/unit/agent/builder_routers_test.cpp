// Rows of routers, translations and firewalls in, their objects in the Fabric out, as text; and
// what a change tells the workers to decide again.
#include "builder_fixture.h"

namespace ringfence::test {

namespace {

// A fence between org (the parent network) and front, with one NIC inside, on this host.
class RoutersTest : public FabricBuilderTest {
protected:
    RoutersTest() {
        put(segment("front", 5001));
        fabric(); // the first number is its
        put(segment("org", 5002));
        put(fence_);
        inside_.policies = {"inbound/front"};
        outside_.addresses = {"10.0.0.2/24"};
        put(inside_);
        put(outside_);
        put(route(outside_, "10.0.0.0/24"));
        put(route(outside_, "0.0.0.0/0", "10.0.0.1"));
        web0_.host = "a";
        nat_.host = "a";
        put(web0_);
        put(nat_);
        put(rule("inbound/front", "in", "drop"));
        put(rule("inbound/front", "out", "allow"));
        plug("tap0", 0, "web-0");
        fabric();
        base_ = builder_.finish();
    }

    southbound::Router fence_ = [] {
        auto row = router("edge/f", "front");
        row.outside_addresses = {"10.0.0.2"};
        return row;
    }();
    southbound::RouterInterface inside_ =
        interface_of("edge/f", "front", "inside", "02:52:46:00:00:01");
    southbound::RouterInterface outside_ =
        interface_of("edge/f", "org", "outside", "02:52:46:00:00:02");
    southbound::LogicalPort web0_ = nic("web-0", "front", "02:00:00:00:00:01", "10.0.0.5");
    southbound::Nat nat_ = nat("edge/f", "org", "10.0.0.105", "10.0.0.5", "web-0");

    // What the workers are told of the changes since the last call.
    std::string changes() {
        builder_.set_facts(facts_);
        auto now = builder_.finish();
        std::string text;
        now->changes_since(base_->serial(), [&](const Change& change) {
            text += fmt::format("{} {}\n", name(change.effect), name(change.object));
        });
        base_ = now;
        return text;
    }
    static const char* name(Change::Effect effect) {
        switch (effect) {
        case Change::Effect::raises:
            return "raises";
        case Change::Effect::widens:
            return "widens";
        case Change::Effect::alters:
            return "alters";
        }
        return "";
    }
    std::string name(ObjectId object) const {
        SegmentId front = *ids_.segments.find(ovsdb::to_string(id("front")));
        SegmentId org = *ids_.segments.find(ovsdb::to_string(id("org")));
        if (auto edge = ids_.routers.find("edge/f"); edge && object == ObjectId(*edge))
            return "router";
        if (auto policy = ids_.policies.find("inbound/front");
            policy && object == ObjectId(*policy))
            return "policy";
        for (const char* address : {"10.0.0.2", "10.0.0.5", "10.0.0.105", "10.0.0.6"})
            for (SegmentId segment : {front, org})
                if (object == ObjectId(segment, *IpAddr::from(address)))
                    return fmt::format("{} in {}", address, segment == front ? "front" : "org");
        return "other";
    }

    std::shared_ptr<const Fabric> base_;
};

TEST_F(RoutersTest, AFenceWithItsRoutesPolicyAndHeldAddress) {
    EXPECT_EQ(fabric(), "port 0 tap0 nic 02:00:00:00:00:01 in segment 0 10.0.0.5\n"
                        "hop 0 b 192.0.2.2 unresolved\n"
                        "policy 0 in 0 drop any org/acme/inbound/front\n"
                        "policy 0 out 0 allow any org/acme/inbound/front\n"
                        "router 0 fence one-to-one own 10.0.0.2 org/acme/vapp/edge/f\n"
                        "router 0 interface 0 inside segment 0 02:52:46:00:00:01 policy 0\n"
                        "router 0 interface 1 outside segment 1 02:52:46:00:00:02 10.0.0.2/24\n"
                        "router 0 route 0.0.0.0/0 by 1 next 10.0.0.1\n"
                        "router 0 route 10.0.0.0/24 by 1\n"
                        "segment 0 vni 5001 mtu 1450\n"
                        "segment 0 02:00:00:00:00:01 at port 0\n"
                        "segment 0 02:52:46:00:00:01 at router\n"
                        "segment 0 10.0.0.5 is 02:00:00:00:00:01\n"
                        "segment 0 floods port 0\n"
                        "segment 1 vni 5002 mtu 1450\n"
                        "segment 1 02:52:46:00:00:02 at router\n"
                        "segment 1 10.0.0.105 held by router 0 for 10.0.0.5 at port 0\n");
}

// What another domain's host sees of a fence: enough to steer, and to route nothing.
TEST_F(RoutersTest, OfAnotherDomainsRouterTheInterfaceAndHeldAddressesSuffice) {
    erase(fence_);
    erase(inside_);
    nat_.host = "b";
    put(nat_);
    fabric();
    auto now = builder_.finish();
    RouterId edge = *ids_.routers.find("edge/f");
    const Router* half = now->router(edge);
    ASSERT_TRUE(half);
    EXPECT_EQ(half->translation(), Translation::one_to_one);
    EXPECT_EQ(half->route(*IpAddr::from("10.0.0.1")), nullptr);
    const Segment* org = now->segment(*Vni::from(5002));
    EXPECT_EQ(now->neighbour(*org, *IpAddr::from("10.0.0.105")),
              *MacAddr::from("02:52:46:00:00:02"));
    EXPECT_EQ(org->held(*IpAddr::from("10.0.0.105"))->owner.kind(), Destination::Kind::vtep);
}

TEST_F(RoutersTest, HeldAddressFollowsItsOwner) {
    auto owner = [&] {
        builder_.set_facts(facts_);
        const Segment* org = builder_.finish()->segment(*Vni::from(5002));
        return org->held(*IpAddr::from("10.0.0.105"))->owner;
    };
    EXPECT_EQ(owner().kind(), Destination::Kind::local);
    facts_.ports.clear();
    EXPECT_EQ(owner(), Destination::nowhere());
    nat_.host = "b";
    put(nat_);
    EXPECT_EQ(owner().kind(), Destination::Kind::vtep);
    erase(host("b", ""));
    EXPECT_EQ(owner(), Destination::nowhere());
    put(host("b", "192.0.2.2"));
    EXPECT_EQ(owner().kind(), Destination::Kind::vtep);
    nat_.host.reset();
    put(nat_);
    EXPECT_EQ(owner(), Destination::nowhere());
}

TEST_F(RoutersTest, AMovedNicChangesNoDecision) {
    put(host("c", "192.0.2.3"));
    web0_.host = nat_.host = "b";
    put(web0_);
    put(nat_);
    facts_.ports.clear();
    changes();
    web0_.host = nat_.host = "c";
    put(web0_);
    put(nat_);
    EXPECT_EQ(changes(), "");
}

TEST_F(RoutersTest, WhatDivertsOrDeniesRaisesAndWhatOnlyWidensWidens) {
    put(rule("inbound/front", "in", "allow"));
    EXPECT_EQ(changes(), "widens policy\n");
    put(rule("inbound/front", "in", "drop"));
    EXPECT_EQ(changes(), "raises policy\n");
    put(route(outside_, "10.9.0.0/16", "10.0.0.3"));
    EXPECT_NE(changes().find("alters router\n"), std::string::npos);
    erase(nat_);
    EXPECT_NE(changes().find("raises 10.0.0.105 in org\n"), std::string::npos);
    web0_.addresses = {"10.0.0.6"};
    put(web0_);
    std::string text = changes();
    EXPECT_NE(text.find("alters 10.0.0.5 in front\n"), std::string::npos) << text;
    EXPECT_NE(text.find("alters 10.0.0.6 in front\n"), std::string::npos) << text;
}

TEST_F(RoutersTest, APolicyWithoutRowsDenies) {
    erase(rule("inbound/front", "in", ""));
    erase(rule("inbound/front", "out", ""));
    std::string text = fabric();
    EXPECT_EQ(text.find("\npolicy"), std::string::npos) << text;
    EXPECT_NE(text.find("inside segment 0 02:52:46:00:00:01 policy 0\n"), std::string::npos);
}

TEST_F(RoutersTest, WhatIsNotBuiltForwardsNothing) {
    auto ports = fence_;
    ports.translation = "ports";
    put(ports);
    auto block = nat_;
    block.protocol = 17;
    put(block);
    std::string text = fabric();
    EXPECT_EQ(text.find("held by"), std::string::npos) << text;
    EXPECT_EQ(text.find(" route "), std::string::npos) << text;
    auto trouble = builder_.trouble();
    EXPECT_EQ(trouble.at("router org/acme/vapp/edge/f"), "translation ports is not built yet");
    EXPECT_EQ(trouble.at("translation of 10.0.0.105 by edge/f"),
              "translation of ports is not built yet");
}

TEST_F(RoutersTest, ABadRowKeepsItsLastGoodValue) {
    std::string good = fabric();
    auto bad = outside_;
    bad.addresses = {"10.0.0.2"};
    put(bad);
    EXPECT_EQ(fabric(), good);
    EXPECT_EQ(builder_.trouble().at("interface 02:52:46:00:00:02 of router edge/f"),
              "\"10.0.0.2\" is not an address with the length of its subnet");
    put(outside_);
    EXPECT_TRUE(builder_.trouble().empty());
}

TEST_F(RoutersTest, ANicWithARoutersMacIsRefusedUntilItHasItsOwn) {
    auto twin = nic("twin", "front", "02:52:46:00:00:01", "10.0.0.9");
    put(twin);
    EXPECT_NE(fabric().find("02:52:46:00:00:01 at router"), std::string::npos);
    EXPECT_EQ(builder_.trouble().at("port twin"), "MAC 02:52:46:00:00:01 is a router's");
    erase(inside_);
    EXPECT_NE(fabric().find("02:52:46:00:00:01 at nowhere"), std::string::npos);
    EXPECT_TRUE(builder_.trouble().empty());
    put(inside_);
    EXPECT_NE(fabric().find("02:52:46:00:00:01 at router"), std::string::npos) << "the router's";
}

TEST_F(RoutersTest, ANicWithARoutersMacPassesNothing) {
    auto twin = nic("twin", "front", "02:52:46:00:00:01", "10.0.0.9");
    twin.host = "a";
    plug("tap1", 1, "twin");
    auto is_in_a_segment = [&] {
        fabric();
        return builder_.finish()->port(PortId(1))->segment.has_value();
    };
    put(twin);
    EXPECT_FALSE(is_in_a_segment());
    erase(inside_);
    EXPECT_TRUE(is_in_a_segment());
    EXPECT_NE(fabric().find("10.0.0.9"), std::string::npos);
    put(inside_);
    EXPECT_FALSE(is_in_a_segment()) << "the router came later";
    EXPECT_EQ(fabric().find("10.0.0.9 at"), std::string::npos) << fabric();
    twin.mac = "02:00:00:00:00:09";
    put(twin);
    EXPECT_TRUE(is_in_a_segment());
}

TEST_F(RoutersTest, WhatWasHeldForANicThatMovedMayStillComeFromItsOldHostForAWhile) {
    put(host("c", "192.0.2.3"));
    nat_.host = "b";
    put(nat_);
    facts_.ports.clear();
    fabric();
    builder_.take_moves();
    nat_.host = "c";
    put(nat_);
    fabric();
    auto moves = builder_.take_moves();
    ASSERT_EQ(moves.size(), 1u);
    NextHopId b = *ids_.next_hops.find("b");
    auto is_allowed = [&] {
        const Segment* org = builder_.finish()->segment(*Vni::from(5002));
        return org->may_also_come_from(*IpAddr::from("10.0.0.105"), b);
    };
    EXPECT_TRUE(is_allowed());
    builder_.forget(moves.front());
    EXPECT_FALSE(is_allowed());
}

TEST_F(RoutersTest, PoliciesOfALogicalPortAreItsPorts) {
    web0_.policies = {"group/web"};
    put(web0_);
    put(rule("group/web", "out", "allow"));
    EXPECT_NE(fabric().find("tap0 nic 02:00:00:00:00:01 in segment 0 10.0.0.5 policy 1\n"),
              std::string::npos);
    EXPECT_NE(fabric().find("policy 1 out 0 allow any"), std::string::npos);
}

TEST_F(RoutersTest, IdsAreGivenBackWhenNothingSpeaksOfThemAnyMore) {
    erase(fence_);
    erase(inside_);
    erase(outside_);
    fabric();
    EXPECT_TRUE(ids_.routers.find("edge/f")) << "the held address names it";
    erase(nat_);
    erase(rule("inbound/front", "in", ""));
    erase(rule("inbound/front", "out", ""));
    fabric();
    EXPECT_FALSE(ids_.routers.find("edge/f"));
    EXPECT_FALSE(ids_.policies.find("inbound/front"));
    EXPECT_EQ(fabric().find("router"), std::string::npos);
}

TEST_F(RoutersTest, ASegmentThatComesBackHasItsRouterAndHeldAddressAgain) {
    erase(segment("org", 0));
    EXPECT_EQ(fabric().find("10.0.0.105"), std::string::npos);
    put(segment("org", 5002));
    std::string text = fabric();
    EXPECT_NE(text.find("02:52:46:00:00:02 at router"), std::string::npos) << text;
    EXPECT_NE(text.find("10.0.0.105 held by router 0"), std::string::npos) << text;
}

} // namespace

} // namespace ringfence::test
