// ringfence-vswitchd as an operator meets it: real ovs-vsctl, ovs-appctl and ovsdb-server.
#include <csignal>
#include <fstream>
#include <sstream>

#include "daemon_fixture.h"

namespace ringfence::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

class Vswitchd : public DaemonTest {
protected:
    Vswitchd() { start_database(); }
    void start() {
        Outcome started = start_daemon();
        ASSERT_EQ(started.status, 0) << started.output;
    }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

TEST_F(Vswitchd, BridgeAndTapAsOvsVsctlPlugsThem) {
    start();
    auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(vsctl("add-br br0").status, 0);
    Outcome added = vsctl("add-port br0 tap0 -- set interface tap0 type=tap");
    EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
    EXPECT_EQ(added.status, 0);
    EXPECT_EQ(added.output, "");

    EXPECT_EQ(get("tap0", "ofport"), "1");
    EXPECT_EQ(get("br0", "ofport"), "65534");
    EXPECT_EQ(get("tap0", "error"), "[]");
    EXPECT_EQ(get("tap0", "admin_state"), "up");
    EXPECT_TRUE(wait_until([&] { return get("tap0", "link_state") == "up"; }));
    EXPECT_EQ(get("tap0", "mtu"), "1500");
    for (const char* counter : {"rx_packets", "rx_bytes", "rx_errors", "rx_dropped", "tx_packets",
                                "tx_bytes", "tx_errors", "tx_dropped"})
        EXPECT_TRUE(has(get("tap0", "statistics"), counter)) << counter;
    EXPECT_EQ(get("tap0", "ifindex"), output_of("cat /sys/class/net/tap0/ifindex"));
    EXPECT_EQ(get("tap0", "mac_in_use"), '"' + output_of("cat /sys/class/net/tap0/address") + '"');
    EXPECT_EQ(vsctl("get bridge br0 datapath_id").output.size(), 18u);
    EXPECT_TRUE(has(vsctl("get open_vswitch . iface_types").output, "dpdkvhostuserclient"));
    EXPECT_EQ(vsctl("get open_vswitch . dpdk_initialized").output, "true");
    EXPECT_TRUE(has(vsctl("show").output, "Interface tap0"));

    EXPECT_EQ(vsctl("del-port tap0").status, 0);
    EXPECT_FALSE(netdev_exists("tap0"));
    EXPECT_TRUE(netdev_exists("br0"));
    EXPECT_EQ(vsctl("add-port br0 tap0 -- set interface tap0 type=tap").output, "");
    EXPECT_TRUE(netdev_exists("tap0"));
}

TEST_F(Vswitchd, BadPortGetsItsErrorAndTheRestGoOn) {
    start();
    vsctl("add-br br0");
    Outcome bad = vsctl("add-port br0 bad -- set interface bad type=tpa "
                        "-- add-port br0 good -- set interface good type=tap");
    EXPECT_TRUE(has(bad.output, "Error detected while setting up 'bad'")) << bad.output;
    EXPECT_TRUE(has(bad.output, "not a type of interface")) << bad.output;
    EXPECT_EQ(get("bad", "ofport"), "-1");
    EXPECT_EQ(get("good", "error"), "[]");
    EXPECT_EQ(vsctl("set interface bad type=tap").status, 0);
    EXPECT_EQ(get("bad", "error"), "[]");
    EXPECT_NE(get("bad", "ofport"), "-1");

    // A device that can't be opened, told by DPDK's port rather than by the row.
    Outcome taken = vsctl("add-port br0 lo -- set interface lo type=tap");
    EXPECT_TRUE(has(taken.output, "is there already")) << taken.output;
    EXPECT_EQ(get("lo", "ofport"), "-1");
}

TEST_F(Vswitchd, MtuAndOfportRequestsAreHonoured) {
    start();
    vsctl("add-br br0 -- add-port br0 tap0 -- set interface tap0 type=tap mtu_request=1400 "
          "ofport_request=77");
    EXPECT_EQ(get("tap0", "mtu"), "1400");
    EXPECT_EQ(output_of("cat /sys/class/net/tap0/mtu"), "1400");
    EXPECT_EQ(get("tap0", "ofport"), "77");
    vsctl("set interface tap0 mtu_request=1300");
    EXPECT_EQ(get("tap0", "mtu"), "1300");
    vsctl("set interface tap0 mtu_request=60000");
    EXPECT_TRUE(wait_until([&] { return has(get("tap0", "error"), "60000"); }));
    EXPECT_EQ(get("tap0", "mtu"), "1300");
    vsctl("set interface tap0 mtu_request=67");
    EXPECT_TRUE(wait_until([&] { return has(get("tap0", "error"), "it carries 68 to"); }));
}

TEST_F(Vswitchd, UplinkBringsItsShadowTap) {
    start();
    vsctl("add-br br0");
    Outcome added = vsctl("add-port br0 eth -- set interface eth type=dpdk mtu_request=1600 "
                          "options:dpdk-devargs=net_null0 external_ids:ringfence-uplink=up0");
    EXPECT_EQ(added.output, "");
    EXPECT_TRUE(netdev_exists("up0"));
    EXPECT_EQ(get("eth", "mac_in_use"), '"' + output_of("cat /sys/class/net/up0/address") + '"');
    EXPECT_EQ(output_of("cat /sys/class/net/up0/mtu"), "1600");
    vsctl("del-port eth");
    EXPECT_FALSE(netdev_exists("up0"));
}

TEST_F(Vswitchd, KilledDaemonComesBackToTheSamePortNumbers) {
    start();
    vsctl("add-br br0 -- add-port br0 a -- set interface a type=tap "
          "-- add-port br0 b -- set interface b type=tap");
    vsctl("del-port a");
    std::string number = get("b", "ofport");
    end_daemon(SIGKILL);
    EXPECT_TRUE(fs::exists(folder_ / "ovs-vswitchd.pid")) << "the stale file is part of the test";
    start();
    EXPECT_EQ(get("b", "ofport"), number);
    EXPECT_EQ(appctl("version").status, 0);
    EXPECT_TRUE(netdev_exists("b"));
}

TEST_F(Vswitchd, SecondDaemonInOneFolderIsRefused) {
    start();
    pid_t first = daemon_pid();
    Outcome second = start_daemon();
    EXPECT_NE(second.status, 0);
    EXPECT_TRUE(has(second.output, "already running as pid " + std::to_string(first)))
        << second.output;
    EXPECT_EQ(appctl("version").status, 0);
}

TEST_F(Vswitchd, SecondDaemonOnOneDatabaseIsRefused) {
    start();
    fs::create_directory(folder_ / "other");
    Outcome second =
        run("env OVS_RUNDIR=" + (folder_ / "other").string() +
            " " RINGFENCE_VSWITCHD " --detach --no-chdir unix:" + (folder_ / "db.sock").string());
    EXPECT_NE(second.status, 0);
    EXPECT_TRUE(has(second.output, "another process holds the lock ovs_vswitchd")) << second.output;
    EXPECT_TRUE(fs::is_empty(folder_ / "other"));
}

TEST_F(Vswitchd, ExitTakesItsTapsSocketAndPidFileAway) {
    for (bool by_signal : {true, false}) {
        start();
        vsctl("--may-exist add-br br0 -- --may-exist add-port br0 tap0 "
              "-- set interface tap0 type=tap");
        pid_t pid = daemon_pid();
        EXPECT_TRUE(netdev_exists("br0") && netdev_exists("tap0"));
        if (by_signal)
            kill(pid, SIGTERM);
        else
            EXPECT_EQ(appctl("exit --cleanup").status, 0);
        EXPECT_TRUE(wait_until([pid] { return has_ended(pid); }));
        EXPECT_FALSE(netdev_exists("tap0"));
        EXPECT_EQ(netdev_exists("br0"), by_signal) << "how the host is managed, perhaps";
        EXPECT_FALSE(fs::exists(folder_ / "ovs-vswitchd.pid"));
        EXPECT_FALSE(fs::exists(folder_ / ("ovs-vswitchd." + std::to_string(pid) + ".ctl")));
    }
}

TEST_F(Vswitchd, PortsGoOnWhileTheDatabaseRestarts) {
    start();
    vsctl("add-br br0 -- add-port br0 tap0 -- set interface tap0 type=tap");
    std::string index = get("tap0", "ifindex");
    stop_database();
    EXPECT_TRUE(netdev_exists("tap0"));
    start_database();
    // The server has forgotten the ephemeral columns: they are written again.
    EXPECT_TRUE(wait_until([&] { return get("tap0", "ifindex") == index; })) << "same device";
    EXPECT_EQ(vsctl("add-port br0 tap1 -- set interface tap1 type=tap").status, 0);
    EXPECT_EQ(get("tap1", "ofport"), "2");
}

TEST_F(Vswitchd, LetsGoOfItsPortsWhenTheLockIsStolen) {
    start();
    vsctl("add-br br0 -- add-port br0 tap0 -- set interface tap0 type=tap");
    // Steals, and keeps the lock for as long as it runs.
    std::string thief = "ovsdb-client steal unix:" + (folder_ / "db.sock").string() +
                        " ovs_vswitchd >" + (folder_ / "thief.log").string() + " 2>&1 & echo $!";
    std::string pid = output_of("sh -c '" + thief + "'");
    EXPECT_TRUE(wait_until([&] { return !netdev_exists("tap0"); }));
    EXPECT_TRUE(has(log(), "another process has taken the lock"));
    shell("kill " + pid);
    EXPECT_TRUE(wait_until([&] { return netdev_exists("tap0"); }));
}

TEST_F(Vswitchd, AnswersWhatOperatorsAsk) {
    start();
    vsctl("add-br br0 -- add-port br0 tap0 -- set interface tap0 type=tap");
    EXPECT_TRUE(has(appctl("version").output, "ovs-vswitchd (Open vSwitch) "));
    for (const char* command :
         {"list-commands", "vlog/list", "fdb/show br0", "fdb/flush", "ringfence/fabric",
          "ringfence/fabric dump", "ringfence/drops", "ringfence/drops tap0", "ringfence/trace 3",
          "ringfence/trace", "dpif/show", "coverage/show", "memory/show", "vlog/reopen",
          "vlog/set port:dbg", "set-options --format json"})
        EXPECT_EQ(appctl(command).status, 0) << command;
    EXPECT_TRUE(has(appctl("dpif/show").output, "tap0 1/"));
    EXPECT_TRUE(has(appctl("ringfence/fabric dump").output, "tap0 bridged"));
    EXPECT_TRUE(has(appctl("ringfence/drops nosuch").output, "no port is named nosuch"));
    EXPECT_TRUE(has(appctl("ringfence/trace x").output, "not a number"));
    EXPECT_TRUE(has(appctl("ofproto/trace br0 ip").output, "ringfence/trace"));
}

TEST_F(Vswitchd, PortWithoutIfaceIdPassesNothingOnASecureBridge) {
    start();
    vsctl("add-br br0 -- set-fail-mode br0 secure -- add-port br0 tap0 -- set interface tap0 "
          "type=tap");
    run("ping -c 1 -W 1 -b -I tap0 10.255.255.255");
    run("arping -c 1 -w 1 -I tap0 -S 10.0.0.1 10.0.0.2");
    EXPECT_TRUE(
        wait_until([&] { return has(appctl("ringfence/drops tap0").output, "admit.unbound"); }));
    std::string counters = appctl("ringfence/drops").output;
    EXPECT_FALSE(has(counters, "\n  tx ")) << counters;
}

TEST_F(Vswitchd, DamagedKeptStateIsSaidAndNotUsed) {
    std::ofstream(folder_ / "ringfence-state.json") << "{\"format\": 1, \"southbo";
    Outcome started = start_daemon();
    EXPECT_EQ(started.status, 0);
    EXPECT_TRUE(has(started.output, "ringfence-state.json: ")) << started.output;
}

TEST_F(Vswitchd, UnusableSettingEndsTheStartWithOneSentence) {
    vsctl("--no-wait set open_vswitch . other_config:ringfence-max-mtu=huge");
    Outcome started = start_daemon();
    EXPECT_NE(started.status, 0);
    EXPECT_TRUE(has(started.output, "other_config:ringfence-max-mtu: \"huge\"")) << started.output;
    EXPECT_FALSE(fs::exists(folder_ / "ovs-vswitchd.pid"));
}

TEST_F(Vswitchd, TakesOvsVswitchdsArguments) {
    Outcome started = run(RINGFENCE_VSWITCHD " unix:" + (folder_ / "db.sock").string() +
                          " -vconsole:emer -vsyslog:err -vfile:info --mlockall --no-chdir"
                          " --log-file= --pidfile= --detach --monitor");
    EXPECT_EQ(started.status, 0) << started.output;
    EXPECT_EQ(appctl("version").status, 0);
    EXPECT_TRUE(has(shell(RINGFENCE_VSWITCHD " --version").output, "ovs-vswitchd (Open vSwitch) "));
    EXPECT_NE(shell(RINGFENCE_VSWITCHD " --no-such-option").status, 0);
    EXPECT_TRUE(
        has(shell(RINGFENCE_VSWITCHD " --user=ovs").output, "--user: the daemon needs root"));
}

// --- The fabric.

// The JSON example of the state file's page.
std::string example_state() {
    std::ifstream page(RINGFENCE_STATE_PAGE);
    std::stringstream text;
    text << page.rdbuf();
    std::string all = text.str();
    size_t from = all.find("```json\n") + 8;
    return all.substr(from, all.find("```", from) - from);
}

class StateAlone : public DaemonTest {
protected:
    StateAlone() { std::ofstream(folder_ / "lab.json") << example_state(); }
};

TEST_F(StateAlone, TwoTapsOfOneSegmentReachEachOther) {
    Outcome started = start_daemon("--state=" + (folder_ / "lab.json").string());
    ASSERT_EQ(started.status, 0) << started.output;
    EXPECT_EQ(output_of("cat /sys/class/net/tap1/mtu"), "1450");
    std::string guest = namespace_ + "g"; // the other end needs a kernel of its own
    shell("ip netns add " + guest);
    run("ip link set tap2 netns " + guest);
    for (auto [in, tap, mac, address] :
         {std::tuple(namespace_, "tap1", "02:00:00:00:00:01", "10.0.0.1/24"),
          std::tuple(guest, "tap2", "02:00:00:00:00:02", "10.0.0.2/24")}) {
        shell("ip -n " + in + " link set " + tap + " address " + mac);
        shell("ip -n " + in + " addr add " + address + " dev " + tap);
        shell("ip -n " + in + " link set " + tap + " up");
    }
    Outcome ping = run("ping -c 2 -i 0.2 -W 2 10.0.0.2");
    EXPECT_EQ(ping.status, 0) << ping.output << appctl("ringfence/drops").output;
    end_daemon(SIGTERM);
    shell("ip netns del " + guest);
}

TEST_F(StateAlone, DamagedFileEndsTheStart) {
    std::string text = example_state();
    std::ofstream(folder_ / "lab.json") << text.substr(0, text.size() / 2);
    Outcome started = start_daemon("--state=" + (folder_ / "lab.json").string());
    EXPECT_EQ(started.status, 1);
    EXPECT_TRUE(has(started.output, "lab.json: ")) << started.output;
}

class InAFabric : public Vswitchd {
protected:
    InAFabric() {
        std::string remote = start_southbound();
        vsctl(
            "--no-wait set open_vswitch . external_ids:system-id=a external_ids:ringfence-remote=" +
            remote + " external_ids:ringfence-encap-ip=192.0.2.1");
        southbound(R"({"op":"insert","table":"Host","row":{"name":"a","kind":"ringfence",
                "vtep_addresses":"192.0.2.1"}},
            {"op":"insert","table":"Host_Config","row":{"host":"a","number":41}},
            {"op":"insert","table":"Segment","uuid-name":"web","row":{"vni":5001,"domain":"d",
                "kind":"tenant","mtu":1400,"unknown_unicast":"flood"}},
            {"op":"insert","table":"Logical_Port","row":{"name":"nic","domain":"d","domains":"d",
                "kind":"nic","segment":["named-uuid","web"],"mac":"02:00:00:00:00:01",
                "port_security":"strict"}})");
    }
    void bind(const std::string& host) {
        southbound(
            R"({"op":"update","table":"Logical_Port","where":[["name","==","nic"]],"row":{"host":")" +
            host + "\"}}");
    }
    std::string select(const std::string& table) {
        return southbound(R"({"op":"select","table":")" + table + R"(","where":[]})");
    }
    std::string kept_state() {
        std::ifstream file(folder_ / "ringfence-state.json");
        std::stringstream text;
        text << file.rdbuf();
        return text.str();
    }
    void plug() {
        vsctl("--may-exist add-br br0 -- set-fail-mode br0 secure -- add-port br0 tap0 -- set "
              "interface tap0 type=tap "
              "external_ids:iface-id=nic");
    }
};

TEST_F(InAFabric, PortIsClaimedReadyBoundAndLetGo) {
    start();
    plug();
    EXPECT_TRUE(wait_until([&] { return has(select("Port_Claim"), "\"ready\":true"); }))
        << select("Port_Claim");
    EXPECT_TRUE(has(select("Port_Claim"), "\"interface\":\"tap0\""));
    EXPECT_TRUE(wait_until([&] { return get("tap0", "mtu") == "1400"; })) << "its segment's";
    EXPECT_FALSE(has(appctl("ringfence/fabric dump").output, "in segment"));
    bind("a");
    EXPECT_TRUE(wait_until([&] {
        return has(appctl("ringfence/fabric dump").output,
                   "tap0 nic 02:00:00:00:00:01 in segment 0");
    }));
    vsctl("del-port tap0");
    EXPECT_TRUE(wait_until([&] { return !has(select("Port_Claim"), "nic"); }));
}

TEST_F(InAFabric, AppliedChangeIsEchoed) {
    start();
    EXPECT_TRUE(wait_until([&] { return has(select("Host_Status"), "\"applied\":41"); }))
        << select("Host_Status");
    EXPECT_TRUE(has(select("Host_Status"), "192.0.2.1"));
    EXPECT_TRUE(has(select("Host_Status"), "no device has this address")) << "the VTEP's trouble";
    southbound(R"({"op":"update","table":"Host_Config","where":[],"row":{"number":42}})");
    EXPECT_TRUE(wait_until([&] { return has(select("Host_Status"), "\"applied\":42"); }));
}

TEST_F(InAFabric, TunnelsComeFromTheVtepsAddressNotFromTheTapsFirst) {
    southbound(R"({"op":"insert","table":"Host","row":{"name":"b","kind":"ringfence",
        "vtep_addresses":"192.0.2.2"}})");
    start();
    vsctl("add-br br0 -- add-port br0 eth -- set interface eth type=dpdk "
          "options:dpdk-devargs=net_null0 external_ids:ringfence-uplink=up0");
    run("ip address add 192.0.2.9/24 dev up0");
    run("ip address add 192.0.2.1/24 dev up0");
    run("ip neighbour replace 192.0.2.2 lladdr 02:00:00:00:00:02 nud permanent dev up0");
    EXPECT_TRUE(has(output_of("ip route get 192.0.2.2"), "src 192.0.2.9")) << "the kernel's choice";
    EXPECT_TRUE(wait_until([&] {
        return has(appctl("ringfence/fabric dump").output, " from 192.0.2.1 to 02:00:00:00:00:02");
    })) << appctl("ringfence/fabric dump").output;
}

TEST_F(InAFabric, PortOfAnotherHostIsAnErrorThatNamesIt) {
    bind("elsewhere");
    start();
    plug();
    EXPECT_TRUE(wait_until([&] { return has(get("tap0", "error"), "bound to host elsewhere"); }));
    bind("a");
    EXPECT_TRUE(wait_until([&] { return get("tap0", "error") == "[]"; }));
}

TEST_F(InAFabric, BadRowIsReportedAndOthersAreApplied) {
    start();
    plug();
    bind("a");
    southbound(R"({"op":"insert","table":"Logical_Port","row":{"name":"bad","domain":"d",
        "segment":["named-uuid","x"],"kind":"nic","mac":"rubbish","port_security":"strict"}},
        {"op":"insert","table":"Segment","uuid-name":"x","row":{"vni":7,"domain":"d","kind":"tenant",
        "mtu":1400,"unknown_unicast":"flood"}})");
    EXPECT_TRUE(wait_until([&] { return has(select("Host_Status"), "port bad"); }))
        << select("Host_Status");
    EXPECT_TRUE(has(appctl("ringfence/fabric dump").output, "vni 7 ")) << "the other row";
    EXPECT_TRUE(has(appctl("ringfence/fabric dump").output, "02:00:00:00:00:01 at port"));
}

TEST_F(InAFabric, DaemonForwardsByTheKeptStateWithoutTheSouthboundDatabase) {
    start();
    plug();
    bind("a");
    EXPECT_TRUE(
        wait_until([&] { return has(appctl("ringfence/fabric dump").output, "in segment 0"); }));
    std::string before = appctl("ringfence/fabric dump").output;
    EXPECT_TRUE(wait_until([&] {
        std::string text = kept_state();
        return has(text, "\n    \"host\": \"a\"") && has(text, "\"tap0\""); // the row
    }));
    end_daemon(SIGKILL);
    shell("kill -9 $(cat " + (folder_ / "southbound.pid").string() + ")");
    start();
    EXPECT_TRUE(has(appctl("ringfence/fabric").output, "southbound not connected"));
    EXPECT_EQ(appctl("ringfence/fabric dump").output, before) << "the same numbers too";
    start_southbound();
    EXPECT_TRUE(
        wait_until([&] { return has(appctl("ringfence/fabric").output, "southbound connected"); }));
    EXPECT_EQ(appctl("ringfence/fabric dump").output, before);
}

TEST_F(InAFabric, LinkLocalAddressThatAGuestClaimedStaysItsOwnAfterARestart) {
    start();
    plug();
    bind("a");
    EXPECT_TRUE(
        wait_until([&] { return has(appctl("ringfence/fabric dump").output, "in segment 0"); }));
    EXPECT_FALSE(has(kept_state(), "fe80::1234"));
    run("ip link set tap0 address 02:00:00:00:00:01");
    run("ip address add fe80::1234/64 dev tap0"); // the kernel probes for it, nobody answers
    EXPECT_TRUE(wait_until([&] { return has(kept_state(), "fe80::1234"); }));
    end_daemon(SIGKILL); // and with it the tap that has the address
    start();
    vsctl("add-port br0 tap1 -- set interface tap1 type=tap");
    EXPECT_TRUE(wait_until([&] { return has(kept_state(), "\"tap1\""); }));
    EXPECT_TRUE(has(kept_state(), "fe80::1234"));
}

TEST_F(InAFabric, StateOutlivesAMoveToADatabaseThatIsNotThere) {
    start();
    plug();
    bind("a");
    EXPECT_TRUE(
        wait_until([&] { return has(appctl("ringfence/fabric dump").output, "in segment 0"); }));
    vsctl("set open_vswitch . external_ids:ringfence-remote=unix:/nowhere "
          "-- add-port br0 tap1 -- set interface tap1 type=tap");
    std::string text;
    EXPECT_TRUE(wait_until([&] { return has(text = kept_state(), "\"tap1\""); }));
    EXPECT_TRUE(has(text, "02:00:00:00:00:01")) << text;
    end_daemon(SIGKILL);
    start();
    EXPECT_TRUE(has(appctl("ringfence/fabric dump").output, "in segment 0"));
}

} // namespace

} // namespace ringfence::test
