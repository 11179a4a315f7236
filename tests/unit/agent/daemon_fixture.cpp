#include "daemon_fixture.h"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ringfence::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

std::string content_of(const fs::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

void end_process(const fs::path& pid_file, int signal) {
    int pid = std::atoi(content_of(pid_file).c_str());
    if (pid <= 0)
        return;
    kill(pid, signal);
    wait_until([pid] { return has_ended(pid); });
}

} // namespace

Outcome shell(const std::string& command) {
    Outcome outcome;
    FILE* pipe = popen(("exec 2>&1; " + command).c_str(), "re");
    char buffer[4096];
    while (size_t got = fread(buffer, 1, sizeof buffer, pipe))
        outcome.output.append(buffer, got);
    int status = pclose(pipe);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    while (!outcome.output.empty() && outcome.output.back() == '\n')
        outcome.output.pop_back();
    return outcome;
}

bool wait_until(const std::function<bool()>& condition) {
    auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline)
            return false;
        std::this_thread::sleep_for(20ms);
    }
    return true;
}

bool has_ended(pid_t pid) {
    waitpid(pid, nullptr, WNOHANG);
    return kill(pid, 0) != 0;
}

void DaemonTest::SetUpTestSuite() {
    // Daemons that detach become our children: init may take a second to reap them.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (geteuid() != 0) {
        std::puts("skipped: network namespaces and taps take root");
        std::exit(77);
    }
}

DaemonTest::DaemonTest() {
    static int count = 0;
    namespace_ = "rf-agent-" + std::to_string(getpid()) + "-" + std::to_string(count++);
    shell("ip netns add " + namespace_);
    shell("ip -n " + namespace_ + " link set lo up");
}

DaemonTest::~DaemonTest() {
    if (daemon_pid() != 0)
        end_daemon(SIGTERM);
    for (const std::string& pid_file : pid_files_)
        end_process(pid_file, SIGTERM);
    shell("ip netns del " + namespace_);
    if (HasFailure())
        std::fprintf(stderr, "--- the daemon's log\n%s\n", log().c_str());
}

Outcome DaemonTest::run(const std::string& command) const {
    return shell("export OVS_RUNDIR=" + folder_.path() + " OVS_LOGDIR=" + folder_.path() +
                 " OVS_DBDIR=" + folder_.path() + "; ip netns exec " + namespace_ + " " + command);
}

std::string DaemonTest::start_server(const std::string& name, const std::string& schema) {
    fs::path database = folder_ / (name + ".db");
    std::string pid_file = folder_ / (name + ".pid"), socket = folder_ / (name + ".sock");
    if (!fs::exists(database))
        shell("ovsdb-tool create " + database.string() + " " + schema);
    Outcome started =
        run("ovsdb-server --detach --no-chdir --pidfile=" + pid_file + " --remote=punix:" + socket +
            " --unixctl=" + (folder_ / (name + ".ctl")).string() + " --log-file=" +
            (folder_ / (name + ".log")).string() + " -vconsole:off " + database.string());
    EXPECT_EQ(started.status, 0) << started.output;
    std::erase(pid_files_, pid_file);
    pid_files_.push_back(pid_file);
    return "unix:" + socket;
}

void DaemonTest::start_database() {
    bool fresh = !fs::exists(folder_ / "db.db");
    start_server("db", "/usr/share/openvswitch/vswitch.ovsschema");
    if (fresh)
        vsctl("--no-wait init -- set open_vswitch . other_config:ringfence-no-huge=true "
              "other_config:ringfence-mbufs=4096 other_config:ringfence-connections=4096");
}

void DaemonTest::stop_database() { end_process(folder_ / "db.pid", SIGKILL); }

Outcome DaemonTest::start_daemon(const std::string& arguments) const {
    return run(RINGFENCE_VSWITCHD " --detach --no-chdir --log-file -vconsole:info " + arguments);
}

pid_t DaemonTest::daemon_pid() const {
    return std::atoi(content_of(folder_ / "ovs-vswitchd.pid").c_str());
}

void DaemonTest::end_daemon(int signal) const { end_process(folder_ / "ovs-vswitchd.pid", signal); }

std::string DaemonTest::start_southbound() {
    return start_server("southbound", RINGFENCE_SOUTHBOUND_SCHEMA);
}

std::string DaemonTest::southbound(const std::string& operations) const {
    return output_of("ovsdb-client transact unix:" + (folder_ / "southbound.sock").string() +
                     " '[\"Ringfence_Southbound\"," + operations + "]'");
}

bool DaemonTest::netdev_exists(const std::string& name) const {
    return run("ip link show " + name).status == 0;
}

std::string DaemonTest::log() const { return content_of(folder_ / "ringfence-vswitchd.log"); }

} // namespace ringfence::test
