// The command line of ringfence-vswitchd. It is ovs-vswitchd's, so that ovs-ctl and systemd units
// start it unchanged, plus --state.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/types/log.h"
#include "core/types/result.h"
#include "ovsdb/unixctl/standard_commands.h"

namespace ringfence::agent {

struct Arguments {
    enum class Action { run, help, version };

    Action action = Action::run;
    std::string database;             // "unix:/run/openvswitch/db.sock"
    std::filesystem::path run_folder; // $OVS_RUNDIR
    std::filesystem::path pid_file;
    std::filesystem::path control_socket; // "" = RUNDIR/STEM.PID.ctl, see control_socket_of()
    std::optional<std::filesystem::path> log_file;    // absent = console only
    std::filesystem::path firewall_log;               // --firewall-log
    std::optional<std::filesystem::path> given_state; // --state: run from this file alone
    std::filesystem::path kept_state;                 // where the last applied state is kept
    log::Level console = log::Level::warning;
    std::vector<unixctl::LogSetting> log_settings;
    bool detach = false;
    bool change_folder = true; // to / once detached
    bool lock_memory = false;
    std::vector<std::string> remarks; // options that were understood and change nothing here

    // Reads OVS_RUNDIR, OVS_LOGDIR and OVS_DBDIR of the environment too.
    [[nodiscard]] static Result<Arguments> from(int argc, char** argv);

    // ovs-appctl finds RUNDIR/NAME.PID.ctl through RUNDIR/NAME.pid, so the socket takes its name
    // from the pid file: "ovs-vswitchd" unless --pidfile says otherwise. For the daemon's own pid.
    std::filesystem::path control_socket_of(int pid) const;
};

std::string usage(); // the text of --help
// The text of --version: ours, and the line by which ovs-ctl and others know the installed Open
// vSwitch ("ovs-vswitchd (Open vSwitch) 3.1.0"). Runs `ovs-vsctl --version` to learn it.
std::string version_text();

} // namespace ringfence::agent
