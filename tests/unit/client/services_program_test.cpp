// network-ctl and the services of networks: what is typed for DHCP, firewall and limits, and
// what is answered.
#include <atomic>
#include <thread>

#include "controller/network-ctl/hits.h"
#include "ovsdb/unixctl/client.h"
#include "tests/unit/client/program.h"

namespace ringfence::client {
namespace {

class ServicesProgramTest : public ProgramTest {
protected:
    // acme with front and edge main on it, and a VM web on it.
    void make_acme() {
        expect_done("org create acme", "acme\n");
        expect_done("network create acme/front --subnet 10.0.0.0/24 --gateway 10.0.0.1 --range "
                    "10.0.0.100-10.0.0.199",
                    "acme/front\n");
        expect_done("edge create acme/main", "acme/main\n");
        expect_done("edge attach acme/main front");
        expect_done("nic create acme/web --network front --ip 10.0.0.5 --mac 02:00:00:00:00:05",
                    "acme/default/web/0\n");
    }
};

TEST_F(ServicesProgramTest, DhcpIsShownSetAndSwitched) {
    make_acme();
    expect_done("dhcp set front --org acme --dns-servers 10.0.0.2,10.0.0.3 --lease-time 600 "
                "--option 43=hex:0102 --router none");
    expect("dhcp show acme/front", 0,
           "network:   acme/front\n"
           "enabled:   yes\n"
           "options:   dns-servers=10.0.0.2,10.0.0.3 lease-time=600 option-43=hex:0102 "
           "router=none\n"
           "addresses:\n"
           "status:\n",
           "");
    expect_done("dhcp set acme/front --option 43=none --router auto --lease-time none");
    expect_done("dhcp disable acme/front");
    expect("dhcp list --org acme --format csv", 0,
           "network,enabled,options,addresses,status\r\n"
           "acme/front,no,\"dns-servers=10.0.0.2,10.0.0.3\",,\r\n",
           "");
    expect_done("dhcp enable acme/front");
    expect("dhcp set acme/front --option 43", 1, "",
           "network-ctl: --option 43: give it like 43=hex:0104c0a80001 or 252=text:http://...\n");
    expect("dhcp set acme/front --ipv6-mode sometimes", 2, "",
           "network-ctl: --ipv6-mode sometimes: it is one of managed|stateless|slaac|none; see "
           "'network-ctl dhcp set --help'\n");
    expect_done("nic set acme/default/web/0 --hostname www --trusted-relay yes");
    expect("nic show acme/default/web/0 | grep -e hostname -e relay", 0,
           "hostname:          www\ntrusted relay:     yes\n", "");
    expect_done("nic set acme/default/web/0 --hostname none --trusted-relay no");
    expect("nic show acme/default/web/0 | grep -e hostname -e relay", 0,
           "hostname:\ntrusted relay:     no\n", "");
}

TEST_F(ServicesProgramTest, FirewallRulesAreAddedListedMovedAndDeleted) {
    make_acme();
    expect_done("security-group create acme/web --default-in allow", "acme/web\n");
    expect_done("security-group add web acme/default/web/0 --org acme");
    expect_done("firewall add acme/main allow --source group:web --protocol tcp --port 80 --port "
                "8000-8099",
                "10\n");
    expect_done("firewall add main reject --org acme --direction out --destination 192.0.2.0/24 "
                "--log yes",
                "20\n");
    expect_done("firewall add acme/main drop --tier provider --source any --protocol icmp "
                "--icmp-type 8",
                "10\n");
    expect_done("firewall add group:web allow --org acme --source group:web", "10\n");
    expect("firewall list acme/main", 0,
           "NUMBER  TIER      DIRECTION  ACTION  SOURCE          DESTINATION   PROTOCOL  "
           "PORTS         ENABLED  STATUS\n"
           "10      provider  in         drop                                  icmp            "
           "        yes\n"
           "10      tenant    in         allow   group:acme/web                tcp       80 "
           "8000-8099  yes\n"
           "20      tenant    out        reject                  192.0.2.0/24                  "
           "        yes\n",
           "");
    expect_done("firewall set acme/main 20 --enabled no --protocol udp --port 53");
    expect("firewall show acme/main 20 --format json | grep -e enabled -e '\"log\"' -e path", 0,
           "      \"enabled\": false,\n      \"log\": true,\n"
           "      \"path\": \"org/acme/edge/main/firewall/20\",\n",
           "");
    expect_done("firewall move acme/main 20 10");
    expect("firewall list acme/main -q", 0, "10\n10\n11\n", "");
    expect_done("firewall delete acme/main 11");
    expect_done("firewall delete acme/main 10 --tier provider");
    expect("firewall delete acme/main 11", 2, "", "network-ctl: acme/main has no rule 11\n");
    expect("firewall add acme/main permit", 1, "",
           "network-ctl: 'permit' is no action: say allow, drop or reject\n");
    expect("firewall add acme/main allow --port 80", 1, "",
           "network-ctl: org/acme/edge/main/firewall/20: has ports, and no protocol; give protocol "
           "tcp, udp, udplite, sctp or dccp\n");
    expect("firewall show acme/main x", 1, "",
           "network-ctl: 'x' is no rule's number: it is one from 0 to 1000000\n");
    expect_done("firewall default acme/main --in allow --log yes");
    expect("network show acme/front | grep -e inbound -e log", 0,
           "inbound:          allow\nlog default:      yes\n", "");
    expect("firewall default acme/main --in deny", 2, "",
           "network-ctl: --in deny: it is one of allow|drop; see 'network-ctl firewall default "
           "--help'\n");
    expect("firewall default acme/main --in drop --format csv --wait none", 0,
           "owner,in\r\nacme/main,drop\r\n", "");
    expect("firewall add acme/main allow --source none", 1, "",
           "network-ctl: --source none: a rule about nobody does nothing; say --source any, which "
           "is everybody, or delete the rule\n");
    expect("firewall default acme/main", 1, "",
           "network-ctl: firewall default: say what it is: --in, --out or --log\n");
    expect_done("security-group remove web web/0 --org acme");
    expect("security-group list", 0,
           "SECURITY GROUP  DEFAULT IN  DEFAULT OUT  RULES  NICS  STATUS\n"
           "acme/web        allow       allow        1      0\n",
           "");
    expect_done("org set acme --log-server 192.0.2.9:514");
    expect("org show acme | grep log", 0, "log server:   192.0.2.9:514\n", "");
}

TEST_F(ServicesProgramTest, LimitsAreSetAndListed) {
    make_acme();
    expect_done("limit set vdc:acme/default --bandwidth-in 100M --connections 1000");
    expect_done("limit set acme/default/web/0 --connections 10 --slow-path 2K");
    expect("limit list", 0,
           "TARGET              LIMITS                                                STATUS\n"
           "vdc:acme/default    bandwidth-in=100000000 connections=1000\n"
           "acme/default/web/0  bandwidth-in=100000000 connections=10 slow-path=2000\n",
           "");
    expect_done("limit set acme/default/web/0 --connections none");
    expect("limit show web/0 --org acme --vapp default", 0,
           "target: acme/default/web/0\n"
           "limits: bandwidth-in=100000000 connections=1000 slow-path=2000\n"
           "own:    slow-path=2000\n"
           "status:\n",
           "");
    expect("limit set acme/default/web/0 --broadcast 5T", 1, "",
           "network-ctl: --broadcast 5T: it is a number, such as 1000, 10K, 10M or 10G, or none\n");
    expect("limit set acme/default/web/0", 1, "",
           "network-ctl: limit set: say which; see 'network-ctl limit set --help'\n");
}

TEST_F(ServicesProgramTest, SharedAddressesAreAllowedAndRevoked) {
    make_acme();
    expect_done("address allow acme/default/web/0 10.0.0.50 --mac 00:00:5E:00:01:05 --for VRRP");
    expect("address show acme/front 10.0.0.50 --format csv", 0,
           "address,network,kind,nic,owner\r\n10.0.0.50,acme/front,virtual,,VRRP\r\n", "");
    expect("nic show acme/default/web/0 | grep virtual", 0,
           "virtual addresses: 10.0.0.50=00:00:5e:00:01:05\n", "");
    expect_done("address revoke acme/default/web/0 10.0.0.50");
    expect_done("address revoke acme/default/web/0 10.0.0.50 --if-exists");
    expect("address show acme/front 10.0.0.50", 2, "",
           "network-ctl: address 10.0.0.50 on acme/front does not exist\n");
}

// --- Hits ---------------------------------------------------------------------------------------
TEST_F(ServicesProgramTest, RulesOfAFileAreImportedAllOrNone) {
    make_acme();
    expect_done("firewall add acme/main drop --number 15", "15\n");
    expect_done("firewall import acme/main - <<< '# the shop\n"
                "allow --protocol tcp --port 80 --source internal\n"
                "\n"
                "reject --number 5   # for the curious\n"
                "drop --tier provider --protocol icmp'");
    expect("firewall list acme/main -q", 0, "10\n5\n15\n20\n", "");
    expect("firewall import main - --org acme <<< $'allow\\npermit'", 1, "",
           "network-ctl: - line 2: 'permit' is no action: say allow, drop or reject\n");
    expect("firewall import acme/main - <<< $'allow\\ndrop --number 15'", 1, "",
           "network-ctl: rule 2 of 2: acme/main has a rule 15 already; choose another number\n");
    expect("firewall import acme/main /nowhere", 2, "",
           "network-ctl: /nowhere: can't be read; give a file, or - for the input\n");
    expect("firewall import acme/main /", 1, "",
           "network-ctl: /: reading it failed; nothing is imported\n");
    expect("firewall import acme/main - <<< '# none'", 1, "",
           "network-ctl: -: has no rules; give one a line, as after 'firewall add OWNER'\n");
    expect("firewall import acme/main - <<< 'allow --help'", 1, "",
           "network-ctl: - line 1: help is none of a rule's options\n");
    expect("firewall list acme/main -q", 0, "10\n5\n15\n20\n", "");
}

// A daemon that answers ringfence/firewall with this text.
class Daemon {
public:
    Daemon(const std::string& socket, std::string text) {
        server_ = *unixctl::Server::listen(reactor_, socket);
        server_->add({"ringfence/firewall", "[POLICY] [--format=json|text]", 0, 1,
                      [text](const unixctl::Arguments&) -> Result<std::string> { return text; }});
        thread_ = std::thread([this] {
            while (!done_)
                reactor_.run_until([this] { return done_.load(); },
                                   std::chrono::steady_clock::now() +
                                       std::chrono::milliseconds(20));
        });
    }
    ~Daemon() {
        done_ = true;
        thread_.join();
    }

private:
    ovsdb::Reactor reactor_;
    std::unique_ptr<unixctl::Server> server_;
    std::atomic<bool> done_ = false;
    std::thread thread_;
};

TEST_F(ServicesProgramTest, HitsComeFromTheDaemonOfTheHost) {
    make_acme();
    expect_done("firewall add acme/main allow", "10\n");
    expect_done("firewall add acme/main drop", "20\n");
    const std::string folder = server_.folder();
    {
        Daemon daemon(folder + "/ovs-vswitchd.77.ctl",
                      R"([{"policy":"edge/1","rules":[
                          {"intent":"org/acme/edge/main/firewall/10","hits":42}]}])");
        std::ofstream(folder + "/ovs-vswitchd.pid") << "77\n";
        const Outcome outcome = shell("OVS_RUNDIR=" + folder +
                                      " network-ctl firewall list acme/main --hits --format csv | "
                                      "cut -d, -f1-3");
        EXPECT_EQ(outcome.out, "number,tier,hits\n10,tenant,42\n20,tenant,\n") << outcome.err;
    }
    expect("firewall list acme/main --hits --daemon " + folder + "/ovs-vswitchd.77.ctl", 1, "",
           "network-ctl: control socket " + folder +
               "/ovs-vswitchd.77.ctl: No such file or directory; is the daemon running\n");
    expect("firewall list acme/main --hits --daemon " + folder + "/none.pid", 1, "",
           "network-ctl: " + folder + "/none.pid: names no daemon; is it running on this host\n");
}

TEST(Hits, AreOfEachRuleWhateverThePolicies) {
    EXPECT_EQ(
        *ctl::hits_from(R"([{"policy":"edge/1","rules":[
                                    {"intent":"org/acme/edge/main/firewall/10","hits":7},
                                    {"intent":"org/acme/edge/main/firewall/20"}]},
                                  {"policy":"group/1","rules":[]}])"),
        (ctl::Hits{{"org/acme/edge/main/firewall/10", 7}, {"org/acme/edge/main/firewall/20", 0}}));
    EXPECT_FALSE(ctl::hits_from("edge/1: 2 rules\n"));
    EXPECT_EQ(*ctl::hits_from(R"([3, {"rules": 4}, {"rules": [5, {"intent": 6, "hits": "7"},
                                   {"intent": "a", "hits": 18446744073709551615},
                                   {"intent": "a", "hits": 1}]}])"),
              (ctl::Hits{{"a", INT64_MAX}}));
}

// --- The client of a control socket -------------------------------------------------------------
TEST(ControlClient, SaysWhatTheDaemonSays) {
    ovsdb::test::TemporaryFolder folder;
    const std::string socket = folder.path() + "/d.ctl";
    const auto ask = [&](const char* command, const unixctl::Arguments& arguments = {}) {
        return unixctl::ask({socket}, command, arguments, std::chrono::seconds(5));
    };
    EXPECT_EQ(ask("x").error().kind, ErrorKind::unavailable);
    Daemon daemon(socket, std::string(100'000, 'x')); // more than a socket's buffer
    EXPECT_EQ(ask("ringfence/firewall")->size(), 100'001u);
    EXPECT_EQ(ask("ringfence/firewall", {"a", "b"}).error().text,
              "\"ringfence/firewall\" command takes at most 1 arguments");
    EXPECT_EQ(ask("nope").error().kind, ErrorKind::invalid);
}

} // namespace
} // namespace ringfence::client
