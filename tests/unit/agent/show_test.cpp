// What ovs-appctl is shown of a small fabric: a fence between front (segment 0) and org (1).
#include <gtest/gtest.h>

#include "dataplane/agent/show/connections.h"
#include "dataplane/agent/show/routers.h"
#include "dataplane/agent/show/trace.h"

namespace ringfence::agent {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }
MacAddr mac(const std::string& text) { return *MacAddr::from(text); }
IpAddr ip(const std::string& text) { return *IpAddr::from(text); }

class ShowTest : public testing::Test {
protected:
    ShowTest() {
        FabricEdit edit;
        LocalPort web(PortId(3), PortKind::nic);
        web.name = "web";
        web.intent = "org/acme/vapp/shop/vm/web/0";
        web.segment = SegmentId(0);
        edit.set_port(web);
        edit.segment(SegmentId(0), {.vni = *Vni::from(5001), .intent = "org/acme/front"});
        edit.segment(SegmentId(1), {.vni = *Vni::from(5002), .intent = "org/acme/org"})
            .set_held(ip("10.0.0.105"),
                      {RouterId(0), *Destination::local(PortId(3)), ip("10.0.0.5")});
        RouterSettings fence;
        fence.intent = "org/acme/vapp/shop";
        fence.fence = true;
        fence.translation = Translation::one_to_one;
        fence.outside_addresses = {ip("10.0.0.2")};
        RouterInterface& inside =
            fence.interfaces.emplace_back(SegmentId(0), mac("02:52:46:00:00:01"));
        inside.policies = {PolicyId(0)};
        RouterInterface& outside =
            fence.interfaces.emplace_back(SegmentId(1), mac("02:52:46:00:00:02"));
        outside.outside = true;
        outside.addresses = {{ip("10.0.0.2"), 24}};
        edit.set_router(Router(RouterId(0), fence, {{*IpPrefix::from("10.0.0.0/24"), 1, {}}}));
        fabric_ = edit.finish();
    }
    std::shared_ptr<const Fabric> fabric_;
};

TEST_F(ShowTest, RoutersWithTheirInterfacesRoutesAndHeldAddresses) {
    EXPECT_EQ(show_routers(*fabric_),
              "org/acme/vapp/shop, fence, translates one to one, outside 10.0.0.2\n"
              "  inside  02:52:46:00:00:01 org/acme/front, in and out denied: its policy has no "
              "rules here\n"
              "  outside 02:52:46:00:00:02 org/acme/org 10.0.0.2/24\n"
              "  route 10.0.0.0/24 connected on org/acme/org\n"
              "  holds 10.0.0.105 for 10.0.0.5 at web\n");
    EXPECT_EQ(show_routers(Fabric()), "no edge router is known here\n");
}

TEST_F(ShowTest, ATraceNamesTheRouterThatAFrameGoesTo) {
    TraceRecord record{};
    record.packet = 1;
    record.port = 3;
    record.segment = SegmentId(0);
    record.stage = Stage::route;
    record.verdict = Verdict::route_no_route;
    MacAddr to = mac("02:52:46:00:00:01"), from = mac("02:00:00:00:00:01");
    std::copy(to.bytes.begin(), to.bytes.end(), record.head.begin());
    std::copy(from.bytes.begin(), from.bytes.end(), record.head.begin() + 6);
    record.captured = 60;
    std::string line = show(record, *fabric_);
    EXPECT_TRUE(has(line, "route: route.no_route")) << line;
    EXPECT_TRUE(line.ends_with(", web, org/acme/vapp/shop/vm/web/0, to router org/acme/vapp/shop"))
        << line;
    record.segment = SegmentId(1);
    EXPECT_TRUE(has(show(record, *fabric_), ", in org/acme/org")) << "routed into another segment";
}

TEST_F(ShowTest, AConnectionByBothOfItsTuples) {
    ListedConnection connection;
    connection.port = PortId(3);
    connection.source = ip("10.0.0.5");
    connection.destination = ip("10.0.0.7");
    connection.source_port = 40000;
    connection.destination_port = 80;
    connection.protocol = 6;
    connection.phase = phase_of(TcpState::established);
    connection.translated = true;
    connection.silence = 1'500;
    connection.timeout = 7'440'000;
    connection.sent = {12, 900};
    connection.arrival = {Place::arriving_in(SegmentId(1)), ip("10.0.0.7"), ip("10.0.0.105"), 80,
                          40000};
    EXPECT_EQ(show({connection}, *fabric_, Format::text),
              "web: tcp 10.0.0.5:40000 -> 10.0.0.7:80, tcp.established, idle 1.5 s of 7440 s, sent "
              "12 packets 900 bytes, received 0 packets 0 bytes, arrives as 10.0.0.7:80 > "
              "10.0.0.105:40000, in org/acme/org\n");
    connection.arrival.reset();
    connection.initiator = Side::to_port;
    std::string text = show({connection}, *fabric_, Format::text);
    EXPECT_TRUE(has(text, "10.0.0.5:40000 <- 10.0.0.7:80")) << text;
    EXPECT_TRUE(has(text, "the other direction not decided")) << text;
    EXPECT_TRUE(has(show({connection}, *fabric_, Format::json), "\"state\": \"tcp.established\""));
}

} // namespace
} // namespace ringfence::agent
