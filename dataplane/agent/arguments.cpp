#include "dataplane/agent/arguments.h"

#include <cstdio>
#include <cstdlib>

#include <getopt.h>

namespace ringfence::agent {

namespace {

namespace fs = std::filesystem;

enum Option {
    pid_file = 256,
    overwrite_pid_file,
    log_file,
    control_socket,
    detach,
    monitor,
    no_chdir,
    user,
    mlockall,
    state,
    firewall_log,
    syslog,
    dpdk,
    tls,
    dummy,
    nothing
};

const option options[] = {
    {"pidfile", optional_argument, nullptr, pid_file},
    {"overwrite-pidfile", no_argument, nullptr, overwrite_pid_file},
    {"log-file", optional_argument, nullptr, log_file},
    {"unixctl", required_argument, nullptr, control_socket},
    {"detach", no_argument, nullptr, detach},
    {"monitor", no_argument, nullptr, monitor},
    {"no-chdir", no_argument, nullptr, no_chdir},
    {"user", required_argument, nullptr, user},
    {"mlockall", no_argument, nullptr, mlockall},
    {"state", required_argument, nullptr, state},
    {"firewall-log", required_argument, nullptr, firewall_log},
    {"syslog-target", required_argument, nullptr, syslog},
    {"syslog-method", required_argument, nullptr, syslog},
    {"dpdk", no_argument, nullptr, dpdk},
    {"private-key", required_argument, nullptr, tls},
    {"certificate", required_argument, nullptr, tls},
    {"ca-cert", required_argument, nullptr, tls},
    {"peer-ca-cert", required_argument, nullptr, tls},
    {"bootstrap-ca-cert", required_argument, nullptr, tls},
    {"enable-dummy", optional_argument, nullptr, dummy},
    {"disable-system", no_argument, nullptr, nothing},
    {"disable-system-route", no_argument, nullptr, nothing},
    {"verbose", optional_argument, nullptr, 'v'},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, 'V'},
    {nullptr, 0, nullptr, 0},
};

fs::path folder(const char* variable, const char* otherwise) {
    const char* value = std::getenv(variable);
    return value && *value ? value : otherwise;
}

// A path as Open vSwitch's options take it: relative ones are below a folder, none is the default.
fs::path placed(const char* argument, const fs::path& below, const fs::path& otherwise) {
    return below / (argument && *argument ? fs::path(argument) : otherwise);
}

Result<> add_log_setting(Arguments& arguments, const char* text) {
    auto setting = unixctl::LogSetting::from(text ? text : "");
    if (!setting)
        return tl::unexpected(setting.error());
    if (!setting->destination || setting->destination == "console")
        arguments.console = setting->level;
    if (setting->destination != "console")
        arguments.log_settings.push_back(*setting);
    return {};
}

Result<> take(Arguments& arguments, int chosen, const char* value, const fs::path& log_folder,
              const std::string& program) {
    switch (chosen) {
    case 'h':
        arguments.action = Arguments::Action::help;
        return {};
    case 'V':
        arguments.action = Arguments::Action::version;
        return {};
    case 'v':
        return add_log_setting(arguments, value);
    case pid_file:
        arguments.pid_file = placed(value, arguments.run_folder, arguments.pid_file);
        return {};
    case log_file:
        arguments.log_file = placed(value, log_folder, program + ".log");
        return {};
    case control_socket:
        arguments.control_socket = placed(value, arguments.run_folder, "");
        return {};
    case state:
        arguments.given_state = fs::absolute(value);
        return {};
    case firewall_log:
        arguments.firewall_log = placed(value, log_folder, "");
        return {};
    case detach:
        arguments.detach = true;
        return {};
    case no_chdir:
        arguments.change_folder = false;
        return {};
    case mlockall:
        arguments.lock_memory = true;
        return {};
    case monitor:
        arguments.remarks.push_back("--monitor: nothing restarts this daemon by itself; let "
                                    "systemd do it (Restart=on-failure)");
        return {};
    case overwrite_pid_file:
    case dpdk:
    case syslog:
    case nothing:
        return {}; // a stale pid file is always replaced, DPDK always there, nothing sent to syslog
    case user:
        return fail(ErrorKind::unsupported,
                    "--user: the daemon needs root for its ports; drop the option (in "
                    "/etc/default/openvswitch-switch: OVS_USER_ID)");
    case tls:
        return fail(ErrorKind::unsupported, "TLS to the database is not built yet: leave out the "
                                            "options for keys and certificates");
    case dummy:
        return fail(ErrorKind::unsupported, "--enable-dummy: there are no dummy ports; use tap");
    default:
        return fail("see --help for the options");
    }
}

} // namespace

Result<Arguments> Arguments::from(int argc, char** argv) {
    Arguments arguments;
    std::string program = fs::path(argv[0]).filename();
    fs::path log_folder = folder("OVS_LOGDIR", "/var/log/openvswitch");
    arguments.firewall_log = log_folder / "ringfence-firewall.log";
    arguments.run_folder = folder("OVS_RUNDIR", "/var/run/openvswitch");
    arguments.pid_file = arguments.run_folder / "ovs-vswitchd.pid";
    arguments.database = "unix:" + (arguments.run_folder / "db.sock").string();
    // Beside the host's own database; a lab that moves the run folder moves the state with it.
    arguments.kept_state =
        folder("OVS_DBDIR",
               std::getenv("OVS_RUNDIR") ? arguments.run_folder.c_str() : "/etc/openvswitch") /
        "ringfence-state.json";

    optind = 0;
    for (int chosen; (chosen = getopt_long(argc, argv, "v::hV", options, nullptr)) != -1;)
        if (auto taken = take(arguments, chosen, optarg, log_folder, program); !taken)
            return tl::unexpected(taken.error());
    if (argc - optind > 1)
        return fail("{}: one database at most; see --help", argv[optind + 1]);
    if (optind < argc)
        arguments.database = argv[optind];
    return arguments;
}

fs::path Arguments::control_socket_of(int pid) const {
    if (!control_socket.empty())
        return control_socket;
    return run_folder / fmt::format("{}.{}.ctl", pid_file.stem().string(), pid);
}

std::string usage() {
    return R"(ringfence-vswitchd: the forwarder of a hypervisor host, in place of ovs-vswitchd
usage: ringfence-vswitchd [OPTIONS] [DATABASE]

DATABASE is the host's Open_vSwitch database, unix:$OVS_RUNDIR/db.sock by default. Ports are plugged
with ovs-vsctl; Open_vSwitch.external_ids say where the fabric is: system-id, ringfence-remote,
ringfence-encap-ip, ringfence-bridge-mappings; and, the same on all hosts, ringfence-encap-port (4789
unless given) and ringfence-encap-dscp (copy, or zero).

  --state=FILE             run from this state file, without any southbound database; its list of
                           ports, if it has one, stands in for the Open_vSwitch database too
  --detach                 run in the background, return once in service
  --no-chdir               stay in the current folder
  --pidfile[=FILE]         default $OVS_RUNDIR/ovs-vswitchd.pid
  --unixctl=SOCKET         control socket; default beside the pid file, where ovs-appctl finds it
  --log-file[=FILE]        log to a file too; default $OVS_LOGDIR/PROGRAM.log
  --firewall-log=FILE      what firewalls log; default $OVS_LOGDIR/ringfence-firewall.log
  -v[SPEC], --verbose=SPEC log levels: [MODULE:][console|file:]off|emer|err|warn|info|dbg
  --mlockall               keep all memory resident
  -h, --help; -V, --version

Other options of ovs-vswitchd are accepted where they change nothing and refused where they would.
)";
}

std::string version_text() {
    std::string installed = "unknown";
    if (FILE* pipe = popen("ovs-vsctl --version 2>/dev/null", "re")) {
        char line[256] = {};
        if (std::fgets(line, sizeof line, pipe)) {
            std::string text = line; // "ovs-vsctl (Open vSwitch) 3.1.0\n"
            while (!text.empty() && text.back() == '\n')
                text.pop_back();
            if (size_t space = text.rfind(' '); space != text.npos)
                installed = text.substr(space + 1);
        }
        pclose(pipe);
    }
    return fmt::format("ringfence-vswitchd {}\novs-vswitchd (Open vSwitch) {}\n", RINGFENCE_VERSION,
                       installed);
}

} // namespace ringfence::agent
