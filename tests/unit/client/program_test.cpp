// network-ctl as a program: what it prints where, and with which status it ends.
#include <chrono>
#include <csignal>
#include <cstdlib>

#include <sys/resource.h>

#include "tests/unit/client/program.h"

namespace ringfence::client {
namespace {

TEST_F(ProgramTest, FirstTenantIsThreeCommands) {
    expect_done("org create acme", "acme\n");
    expect_done("network create acme/front --subnet 10.0.0.0/24", "acme/front\n");
    expect_done("nic create acme/web-0 --network front --ip 10.0.0.5 --mac 02:00:00:00:00:01",
                "acme/default/web-0/0\n");
    expect_done("nic create web-1 --org acme --network front --ip 10.0.0.6 --port-name p1", "p1\n");
    expect("nic list --org acme", 0,
           "PORT NAME             NETWORK     MAC                ADDRESSES  OUTSIDE ADDRESSES  "
           "PORT SECURITY  BOUND HOST  STATUS\n"
           "acme/default/web-0/0  acme/front  02:00:00:00:00:01  10.0.0.5                      "
           "strict\n"
           "p1                    acme/front  " +
               open().nic("p1")->mac + "  10.0.0.6                      strict\n",
           "");
    expect("nic list -q", 0, "acme/default/web-0/0\np1\n", "");
}

// Many programs at once, as orchestration starts them: each NIC has an address, none has another's.
TEST_F(ProgramTest, ManyAtOnceNeverGetOneAddressTwice) {
    expect_done("org create acme", "acme\n");
    expect_done("network create acme/front --subnet 10.0.0.0/24 --range 10.0.0.10-10.0.0.49",
                "acme/front\n");
    const Outcome outcome = shell(
        "for i in $(seq 40); do network-ctl --wait none nic create acme/vm-$i --network front "
        "--allocation pool & done; wait");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.err, "");
    Texts addresses;
    Cloud cloud = open();
    const auto nics = cloud.nics();
    for (const Nic& nic : nics.value())
        addresses.insert(nic.addresses.begin(), nic.addresses.end());
    EXPECT_EQ(nics->size(), 40u);
    EXPECT_EQ(addresses.size(), 40u);
    expect(
        "--wait none nic create acme/one-more --network front --allocation pool", 1, "",
        "network-ctl: network acme/front: all its 40 addresses to give out "
        "(10.0.0.10-10.0.0.49) are taken; delete NICs or release addresses there, or give it one "
        "more range\n");
}

TEST_F(ProgramTest, PrintsAChangeWholeWhereFormatAsks) {
    expect("--wait none org create acme --format json", 0, R"({
  "version": 1,
  "kind": "org",
  "change": 1,
  "items": [
    {
      "organization": "acme",
      "description": "",
      "enabled": true,
      "log_server": null,
      "status": ""
    }
  ]
}
)",
           "");
    expect("--wait none network create acme/front --format csv", 0,
           "network,vdc,mode,edge,vni,mtu,subnets,gateways,ranges,unknown_unicast,"
           "vlan_transparent,inbound,log_default,status\r\n"
           "acme/front,default,isolated,,5000,,,,,flood,no,,no,\r\n",
           "");
    expect("--wait none network set acme/front --mtu 1400 --format table -q", 0, "acme/front\n",
           "");
    expect("--wait none org delete acme --cascade --format csv", 0,
           "object\r\nnetwork acme/front\r\nvirtual data center acme/default\r\norganization "
           "acme\r\n",
           "");
}

TEST_F(ProgramTest, EveryNounListsShowsSetsAndDeletes) {
    expect_done("host add tor --vtep 192.0.2.9", "tor\n");
    expect_done("host set tor --vtep 192.0.2.10");
    expect_done("org create acme", "acme\n");
    expect_done("org set acme --description 'the first'");
    expect_done("network-pool create small --vnis 100-110", "small\n");
    expect_done("network-pool set small --vnis 100-120");
    expect_done("vdc create acme/edge --host tor --pool small", "acme/edge\n");
    expect_done("vdc set acme/edge --host none");
    expect_done("network create acme/front --vdc edge", "acme/front\n");
    expect_done("network set acme/front --mtu 1400 --vlan-transparent yes");
    expect_done("vapp create acme/shop", "acme/shop\n");
    expect_done("vapp set acme/shop --name store");
    expect_done("vapp-network create acme/store/own", "acme/store/own\n");
    expect_done("vapp-network set acme/store/own --subnet 10.0.0.0/24");
    expect_done("vm create acme/store/web", "acme/store/web\n");
    expect_done("vm set acme/store/web --name www");
    expect_done("nic create acme/store/www --vapp-network own", "acme/store/www/0\n");
    expect_done("nic set acme/store/www/0 --ip 10.0.0.7");
    expect_done("nic bind acme/store/www/0 tor");
    const std::pair<const char*, const char*> objects[] = {{"host", "tor"},
                                                           {"org", "acme"},
                                                           {"network-pool", "small"},
                                                           {"vdc", "acme/edge"},
                                                           {"network", "acme/front"},
                                                           {"vapp", "acme/store"},
                                                           {"vapp-network", "acme/store/own"},
                                                           {"vm", "acme/store/www"},
                                                           {"nic", "acme/store/www/0"}};
    for (const auto& [noun, name] : objects) {
        EXPECT_NE(run(std::string(noun) + " list -q").out.find(std::string(name) + "\n"),
                  std::string::npos)
            << noun;
        const auto shown = run(std::string(noun) + " show " + name + " -q");
        EXPECT_EQ(shown.out, std::string(name) + "\n");
    }
    expect_done("nic unbind acme/store/www/0");
    for (const auto* noun :
         {"nic", "vapp-network", "vm", "vapp", "network", "vdc", "host", "network-pool", "org"})
        for (const auto& [its_noun, name] : objects)
            if (std::string(noun) == its_noun)
                expect_done(std::string(noun) + " delete " + name);
    expect("org list", 0, "ORGANIZATION  DESCRIPTION  ENABLED  STATUS\n", "");
}

TEST_F(ProgramTest, DryRunSaysWhatWouldBeDone) {
    expect_done("org create acme", "acme\n");
    expect("org delete acme --dry-run", 0, "virtual data center acme/default\norganization acme\n",
           "");
    expect("org create globex --dry-run", 0, "globex\n", "");
    expect("org list -q", 0, "acme\n", "");
}

TEST_F(ProgramTest, ErrorsHaveTheirStatusAndNameTheRemedy) {
    expect_done("org create acme", "acme\n");
    expect("org create acme", 1, "",
           "network-ctl: organization acme exists already; choose another name\n");
    expect("org create acme --may-exist", 0, "acme\n", "");
    expect("network show acme/front", 2, "", "network-ctl: network acme/front does not exist\n");
    expect("network delete acme/front", 2, "", "network-ctl: network acme/front does not exist\n");
    expect("network delete acme/front --if-exists", 0, "", "");
    expect("quota list", 1, "", "network-ctl: quota: not built yet\n");
    expect("network create acme/r --mode bridged", 1, "",
           "network-ctl: org/acme/network/r: mode bridged is not built yet; choose isolated\n");
    expect("frob", 2, "",
           "network-ctl: 'frob' is nothing that network-ctl knows; see 'network-ctl --help'\n");
    expect("org list --timeout 0", 2, "",
           "network-ctl: --timeout 0: it is a number of seconds, above 0\n");
    expect("network create acme/n --mtu 1x", 1, "",
           "network-ctl: --mtu 1x: it is a number from 0 to 65535\n");
}

TEST_F(ProgramTest, WaitsForTheControllerAndGivesUpInTime) {
    const auto start = std::chrono::steady_clock::now();
    expect("org create acme --timeout 0.3", 124, "acme\n",
           "network-ctl: change 1 is written, but no controller has compiled it within 0.3 s; is "
           "ringfence-controller running\n");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
    expect("sync --timeout 0.2", 124, "",
           "network-ctl: change 1 is written, but no controller has compiled it within 0.2 s; is "
           "ringfence-controller running\n");
    transact(R"({"op":"update","table":"Global","where":[],"row":{"compiled":1}})");
    expect("sync", 0, "", "");
}

TEST_F(ProgramTest, SaysWhenTheControllerRefusesWhatIsWritten) {
    expect_done("org create acme", "acme\n");
    transact(R"({"op":"update","table":"Global","where":[],"row":{"compiled":100}},
                {"op":"update","table":"Organization","where":[],"row":{"status":"no \u001b[2Jgood"}})");
    expect("org set acme --description x", 65, "",
           "network-ctl: org acme is written, but the controller refuses it: no \\x1b[2Jgood\n");
}

// A real controller on both databases.
class ControllerTest : public ProgramTest {
protected:
    ControllerTest()
        : ProgramTest({"northbound", "southbound"}),
          controller_({RINGFENCE_BIN "/ringfence-controller", "--nb", server_.remote(), "--sb",
                       server_.remote(), "--lease-time", "300"}) {}
    ovsdb::test::Process controller_;
};

TEST_F(ControllerTest, CommandsReturnWhenItHasCompiledThem) {
    expect("org create acme", 0, "acme\n", "");
    expect("network create acme/front --subnet 10.0.0.0/24", 0, "acme/front\n", "");
    expect("nic create acme/web-0 --network front --ip 10.0.0.5", 0, "acme/default/web-0/0\n", "");
    const auto ports = server_.transact(
        R"(["Ringfence_Southbound",{"op":"select","table":"Logical_Port","where":[],"columns":["name"]}])");
    EXPECT_NE(ports.find("acme/default/web-0/0"), std::string::npos) << ports;
    expect("sync --wait hosts", 0, "", "");
    expect("org delete acme --cascade --wait hosts", 0, "", "");
    EXPECT_EQ(open().global()->compiled, 4);
}

TEST_F(ProgramTest, SaysWhenTheDatabaseIsOutOfReachOrAnother) {
    const std::string nowhere = "unix:" + server_.folder() + "/nowhere";
    const auto none = run("--db " + nowhere + " --timeout 0.2 org list");
    EXPECT_EQ(none.status, 1);
    EXPECT_NE(none.err.find(nowhere), std::string::npos) << none.err;
    ovsdb::test::Server other({ovsdb::test::schema_file("southbound")});
    const auto wrong = run("--db " + other.remote() + " --timeout 0.5 org list");
    EXPECT_EQ(wrong.status, 1);
    EXPECT_NE(wrong.err.find("Ringfence_Northbound"), std::string::npos) << wrong.err;
    const auto nonsense = run("--db nonsense --timeout 0.2 org list");
    EXPECT_EQ(nonsense.status, 1);
    EXPECT_NE(nonsense.err.find("nonsense"), std::string::npos) << nonsense.err;
}

TEST_F(ProgramTest, ABrokenPipeEndsItQuietly) {
    expect_done("org create acme", "acme\n");
    // bash reports the status of the first command; 141 is SIGPIPE.
    const auto outcome = shell("(sleep 0.3; network-ctl org list; echo $? >&2) | true");
    EXPECT_EQ(outcome.err, "141\n");
    const auto ignored =
        shell("trap '' PIPE; (sleep 0.3; network-ctl org list; echo $? >&2) | true");
    EXPECT_TRUE(ignored.err == "1\n" || ignored.err == "141\n") << ignored.err;
}

TEST_F(ProgramTest, ClosedStreamsDoNoHarm) {
    expect_done("org create acme", "acme\n");
    EXPECT_EQ(shell("network-ctl org list <&-").status, 0);
    EXPECT_EQ(shell("network-ctl org list -q <&- >&- 2>&-").status, 0);
    EXPECT_EQ(shell("network-ctl --wait none org create b >&-").status, 0);
    EXPECT_EQ(run("org list -q").out, "acme\nb\n");
}

TEST_F(ProgramTest, AFullDiskIsAnError) {
    const auto outcome = shell("network-ctl --help >/dev/full");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err, "network-ctl: cannot write the answer: No space left on device\n");
}

TEST_F(ProgramTest, NeedsNeitherLocaleNorHomeNorATerminal) {
    const auto outcome =
        shell("env -i PATH=$PATH RINGFENCE_DB=$RINGFENCE_DB COLUMNS=1 HOME=/nonexistent "
              "network-ctl org list");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.out.find('\033'), std::string::npos);
}

TEST_F(ProgramTest, AnInterruptEndsIt) {
    const auto outcome = shell("timeout -s INT 0.5 network-ctl org create acme");
    EXPECT_EQ(outcome.status, 124) << "timeout's own status: the command was interrupted";
    EXPECT_EQ(outcome.err, "");
}

TEST_F(ProgramTest, HelpAndVersionNeedNoDatabase) {
    for (const char* arguments :
         {"--help", "nic --help", "nic create --help", "--version", "completion bash"}) {
        const auto outcome = run(std::string("--db unix:/nowhere ") + arguments);
        EXPECT_EQ(outcome.status, 0) << arguments;
        EXPECT_NE(outcome.out.find("network-ctl"), std::string::npos) << arguments;
        EXPECT_EQ(outcome.err, "");
    }
}

std::chrono::microseconds processor_time_of_children() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

// Processor time, which other tests at the same time don't lengthen.
TEST_F(ProgramTest, StartsInTwentyMilliseconds) {
    expect_done("org create acme", "acme\n");
    auto best = std::chrono::microseconds::max();
    for (int i = 0; i < 10; ++i) {
        const auto before = processor_time_of_children();
        ovsdb::test::Process process(
            {RINGFENCE_BIN "/network-ctl", "--db", server_.remote(), "org", "list"});
        ASSERT_EQ(process.wait(), 0);
        best = std::min(best, processor_time_of_children() - before);
    }
    EXPECT_LT(best, std::chrono::milliseconds(20));
}

} // namespace
} // namespace ringfence::client
