// A host for a test: its own network namespace, folder, Open_vSwitch database and, once started,
// ringfence-vswitchd. Everything that is done to it is a command that an operator could type.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/temporary_folder.h"

namespace ringfence::test {

struct Outcome {
    int status = -1;
    std::string output; // stdout and stderr, without the last newline
};

Outcome shell(const std::string& command);
// Polls until it is true; false after ten seconds.
bool wait_until(const std::function<bool()>& condition);

// A process that a test started, detached or not.
bool has_ended(pid_t pid);

class DaemonTest : public testing::Test {
protected:
    static void SetUpTestSuite(); // without root the whole program is skipped (status 77)
    DaemonTest();
    ~DaemonTest() override; // nothing is left

    // A command on the host: in its namespace, with its OVS_RUNDIR.
    Outcome run(const std::string& command) const;
    std::string output_of(const std::string& command) const { return run(command).output; }
    Outcome vsctl(const std::string& words) const { return run("ovs-vsctl --timeout=10 " + words); }
    std::string get(const std::string& name, const std::string& column) const {
        return vsctl("get interface " + name + " " + column).output;
    }
    Outcome appctl(const std::string& words) const { return run("ovs-appctl " + words); }

    void start_database();
    void stop_database();
    // Returns when the daemon is in service (--detach); its whole output otherwise.
    Outcome start_daemon(const std::string& arguments = "") const;
    pid_t daemon_pid() const; // 0 = none
    void end_daemon(int signal) const;
    // A server for the southbound schema; returns its remote.
    std::string start_southbound();
    std::string southbound(const std::string& operations) const; // ovsdb-client transact
    bool netdev_exists(const std::string& name) const;
    std::string log() const;

    TemporaryFolder folder_{"ringfence-daemon"};
    std::string namespace_;

private:
    std::string start_server(const std::string& name, const std::string& schema);
    std::vector<std::string> pid_files_; // of the servers
};

} // namespace ringfence::test
