// A fence, from rows written by hand into a real southbound database to packets between two VMs of
// one host: the one inside (10.0.0.5, outside 10.0.0.105), and the client, in the parent network.
// The VMs are network namespaces with the daemon's taps in them.
#include <csignal>

#include "daemon_fixture.h"

namespace ringfence::test {

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

class Fence : public DaemonTest {
protected:
    Fence() {
        start_database();
        std::string remote = start_southbound();
        vsctl(
            "--no-wait set open_vswitch . external_ids:system-id=a external_ids:ringfence-remote=" +
            remote + " external_ids:ringfence-encap-ip=192.0.2.1");
        southbound(rows);
        for (const char* vm : {"web", "client"})
            shell("ip netns add " + namespace_of(vm));
    }
    ~Fence() override {
        for (const char* vm : {"web", "client"})
            shell("ip netns del " + namespace_of(vm));
    }

    void start() {
        Outcome started = start_daemon();
        ASSERT_EQ(started.status, 0) << started.output;
    }
    void plug() {
        vsctl("--may-exist add-br br0 -- set-fail-mode br0 secure " // no segment of its own
              "-- --may-exist add-port br0 web -- set interface web type=tap "
              "external_ids:iface-id=acme/web "
              "-- --may-exist add-port br0 client -- set interface client type=tap "
              "external_ids:iface-id=acme/client");
    }
    // Gives the VMs their taps, which are made anew with each start of the daemon.
    void boot() {
        ASSERT_TRUE(wait_until([&] { return netdev_exists("web") && netdev_exists("client"); }));
        boot("web", "02:00:00:00:00:01", "10.0.0.5");
        boot("client", "02:00:00:00:00:02", "10.0.0.7");
    }
    Outcome in(const std::string& vm, const std::string& command) const {
        return shell("ip netns exec " + namespace_of(vm) + " " + command);
    }
    // Who answers for the address, as the VM sees it.
    std::string asked(const std::string& vm, const std::string& address) const {
        return in(vm, "arping -I " + vm + " -c 1 -w 2 " + address).output;
    }
    // How many of three pings are answered.
    int pings(const std::string& vm, const std::string& address) const {
        std::string text = in(vm, "ping -c 3 -i 0.2 -W 1 " + address).output;
        auto at = text.find(" received");
        return at == text.npos || at == 0 ? -1 : text[at - 1] - '0';
    }
    void let_in(const std::string& action) {
        southbound(
            R"({"op":"update","table":"Firewall","where":[["direction","==","in"]],"row":{"action":")" +
            action + "\"}}");
        ASSERT_TRUE(wait_until([&] { return has(dump(), " in 0 " + action); }));
    }
    std::string dump() const { return appctl("ringfence/fabric dump").output; }
    void bind() {
        southbound(R"({"op":"update","table":"Logical_Port","where":[],"row":{"host":"a"}},
                      {"op":"update","table":"Nat","where":[],"row":{"host":"a"}})");
    }
    bool is_ready() {
        return wait_until([&] { return has(dump(), "for 10.0.0.5 at port"); });
    }
    std::string namespace_of(const std::string& vm) const { return namespace_ + "-" + vm; }

private:
    void boot(const std::string& vm, const std::string& mac, const std::string& address) {
        run("ip link set " + vm + " netns " + namespace_of(vm));
        in(vm, "ip link set " + vm + " address " + mac + " up");
        in(vm, "ip address add " + address + "/24 dev " + vm);
    }

    static constexpr const char* rows = R"(
        {"op":"insert","table":"Host","row":{"name":"a","kind":"ringfence","vtep_addresses":"192.0.2.1"}},
        {"op":"insert","table":"Host_Config","row":{"host":"a","number":1}},
        {"op":"insert","table":"Segment","uuid-name":"org","row":{"vni":5001,"domain":"org",
            "kind":"tenant","mtu":1450,"unknown_unicast":"flood"}},
        {"op":"insert","table":"Segment","uuid-name":"front","row":{"vni":5002,"domain":"front",
            "kind":"tenant","mtu":1450,"unknown_unicast":"flood"}},
        {"op":"insert","table":"Logical_Port","row":{"name":"acme/web","domain":"front",
            "domains":["set",["front","org"]],"kind":"nic","segment":["named-uuid","front"],
            "mac":"02:00:00:00:00:01","addresses":"10.0.0.5","port_security":"strict"}},
        {"op":"insert","table":"Logical_Port","row":{"name":"acme/client","domain":"org",
            "domains":"org","kind":"nic","segment":["named-uuid","org"],
            "mac":"02:00:00:00:00:02","addresses":"10.0.0.7","port_security":"strict"}},
        {"op":"insert","table":"Router","row":{"name":"edge/1","domain":"front","fence":true,
            "translation":"one-to-one","outside_addresses":"10.0.0.2","intent":"org/acme/vapp/shop"}},
        {"op":"insert","table":"Router_Interface","row":{"router":"edge/1","domain":"front",
            "segment":["named-uuid","front"],"mac":"02:52:46:00:00:01","side":"inside",
            "policies":"inbound/front"}},
        {"op":"insert","table":"Router_Interface","uuid-name":"outside","row":{"router":"edge/1",
            "domain":"org","segment":["named-uuid","org"],"mac":"02:52:46:00:00:02",
            "side":"outside","addresses":"10.0.0.2/24"}},
        {"op":"insert","table":"Route","row":{"router":"edge/1","domain":"front",
            "prefix":"10.0.0.0/24","interface":["named-uuid","outside"]}},
        {"op":"insert","table":"Nat","row":{"domain":"org","segment":["named-uuid","org"],
            "external_address":"10.0.0.105","last_port":65535,"router":"edge/1",
            "owner":"acme/web","inside_address":"10.0.0.5"}},
        {"op":"insert","table":"Firewall","row":{"domain":"front","policy":"inbound/front",
            "direction":"in","action":"drop","stateful":true}},
        {"op":"insert","table":"Firewall","row":{"domain":"front","policy":"inbound/front",
            "direction":"out","action":"allow","stateful":true}})";
};

TEST_F(Fence, AnswersForWhatLiesOnItsOtherSide) {
    start();
    plug();
    bind();
    ASSERT_TRUE(is_ready()) << dump();
    boot();
    EXPECT_TRUE(has(asked("client", "10.0.0.105"), "02:52:46:00:00:02"));
    EXPECT_TRUE(has(asked("client", "10.0.0.2"), "02:52:46:00:00:02")) << "the router's own";
    EXPECT_TRUE(has(asked("web", "10.0.0.7"), "02:52:46:00:00:01")) << "proxied";
    EXPECT_FALSE(has(asked("client", "10.0.0.5"), "02:")) << "an inside address";
}

// What a VM's cache says is wrong since another edge has the address: it is told, and need not ask.
TEST_F(Fence, TellsTheVmsOfItsHostWhereAnAddressIs) {
    start();
    plug();
    bind();
    ASSERT_TRUE(is_ready()) << dump();
    boot();
    run("ip netns exec " + namespace_of("client") +
        " ip neigh replace 10.0.0.106 lladdr 02:00:00:00:00:99 nud stale dev client");
    southbound(
        R"({"op":"update","table":"Nat","where":[],"row":{"external_address":"10.0.0.106"}})");
    EXPECT_TRUE(wait_until([&] {
        return has(in("client", "ip neigh show 10.0.0.106").output, "02:52:46:00:00:02");
    })) << in("client", "ip neigh").output
        << appctl("ringfence/drops").output;
}

TEST_F(Fence, ForwardsWhatThePolicyLetsThroughAndShowsIt) {
    start();
    plug();
    bind();
    ASSERT_TRUE(is_ready()) << dump();
    boot();
    EXPECT_EQ(pings("web", "10.0.0.7"), 3) << appctl("ringfence/drops").output;
    EXPECT_EQ(pings("client", "10.0.0.105"), 0) << "inbound is denied";
    EXPECT_TRUE(has(appctl("ringfence/drops client").output, "fw.denied"));
    let_in("allow");
    EXPECT_EQ(pings("client", "10.0.0.105"), 3) << appctl("ringfence/drops").output;

    std::string routers = appctl("ringfence/routers").output;
    EXPECT_TRUE(has(routers, "org/acme/vapp/shop, fence, translates one to one, outside 10.0.0.2"));
    EXPECT_TRUE(has(routers, "holds 10.0.0.105 for 10.0.0.5 at web")) << routers;
    EXPECT_TRUE(has(routers, "route 10.0.0.0/24 connected on VNI 5001")) << routers;
    std::string connections = appctl("ringfence/connections web").output;
    EXPECT_TRUE(has(connections, "web: icmp 10.0.0.5 -> 10.0.0.7, icmp")) << connections;
    EXPECT_TRUE(has(connections, "arrives as 10.0.0.7 > 10.0.0.105, in VNI 5001")) << connections;
    EXPECT_FALSE(has(connections, "client:")) << connections;
    std::string counts = appctl("ringfence/connections").output;
    EXPECT_TRUE(has(counts, "of 4096 IPv4")) << counts;
    EXPECT_TRUE(has(appctl("ringfence/connections --all --format=json").output, "\"timeout_ms\""));
    EXPECT_EQ(appctl("ringfence/connections flush web").status, 0);
    EXPECT_EQ(appctl("ringfence/connections web").output, "");
    EXPECT_NE(appctl("ringfence/connections nobody").status, 0);
}

TEST_F(Fence, ANarrowedPolicyCutsWhatRuns) {
    start();
    plug();
    bind();
    let_in("allow");
    ASSERT_TRUE(is_ready()) << dump();
    boot();
    EXPECT_EQ(pings("client", "10.0.0.105"), 3);
    let_in("drop");
    EXPECT_EQ(pings("client", "10.0.0.105"), 0);
    EXPECT_EQ(pings("web", "10.0.0.7"), 3) << "outbound is another direction";
}

TEST_F(Fence, ARuleRejectsCountsAndLogs) {
    start();
    plug();
    bind();
    let_in("allow");
    southbound(R"({"op":"insert","table":"Address_Group","row":{"domain":"front","name":"desks",
                   "prefixes":"10.0.0.7"}},
                  {"op":"insert","table":"Firewall","row":{"domain":"front","policy":"inbound/front",
                   "direction":"in","priority":1000,"protocol":1,"icmp_types":"8",
                   "source_groups":"desks","action":"reject","stateful":true,"log":true,
                   "intent":"org/acme/vapp/shop/network/front/firewall/1"}})");
    ASSERT_TRUE(is_ready() && wait_until([&] { return has(dump(), "in 1000 reject icmp"); }));
    boot();
    std::string ping = in("client", "ping -c 2 -i 0.2 -W 1 10.0.0.105").output;
    EXPECT_TRUE(has(ping, "From 10.0.0.2 ") && has(ping, "Packet filtered")) << ping;
    std::string rules = appctl("ringfence/firewall inbound/front").output;
    EXPECT_TRUE(has(rules, "in 1000 reject icmp from desks type 8, hits 1, logged, "
                           "org/acme/vapp/shop/network/front/firewall/1"))
        << rules;
    EXPECT_TRUE(has(appctl("ringfence/firewall --format=json").output, "\"hits\": 1"));
    EXPECT_NE(appctl("ringfence/firewall nobody").status, 0);
    appctl("ringfence/trace 50"); // what the kernel sends by itself included
    in("client", "ping -c 1 -W 1 10.0.0.105");
    std::string trace = appctl("ringfence/trace").output;
    EXPECT_TRUE(has(trace, "fw.rejected") && has(trace, "by org/acme/vapp/shop/network/front/"))
        << trace;
    EXPECT_TRUE(wait_until([&] {
        return has(shell("cat " + (folder_ / "ringfence-firewall.log").string()).output,
                   "action=reject direction=in org=\"acme\" port=\"\" rule=\"org/acme/vapp/shop/");
    }));
    // Without it, the default lets it in.
    southbound(R"({"op":"delete","table":"Firewall","where":[["priority","==",1000]]})");
    EXPECT_TRUE(wait_until([&] { return pings("client", "10.0.0.105") == 3; }));
}

TEST_F(Fence, IsForwardedThroughByTheKeptStateWithoutAnySouthboundDatabase) {
    start();
    plug();
    bind();
    let_in("allow");
    ASSERT_TRUE(is_ready()) << dump();
    std::string before = dump();
    EXPECT_TRUE(wait_until([&] {
        std::string kept = shell("cat " + (folder_ / "ringfence-state.json").string()).output;
        return has(kept, "10.0.0.105") && !has(kept, "\"drop\"") && has(kept, "\"host\": \"a\"");
    }));
    end_daemon(SIGKILL);
    shell("kill -9 $(cat " + (folder_ / "southbound.pid").string() + ")");
    start();
    EXPECT_TRUE(has(appctl("ringfence/fabric").output, "southbound not connected"));
    EXPECT_EQ(dump(), before) << "the same numbers too";
    boot();
    EXPECT_EQ(pings("client", "10.0.0.105"), 3) << appctl("ringfence/drops").output;
    EXPECT_EQ(pings("web", "10.0.0.7"), 3);
}

} // namespace

} // namespace ringfence::test
