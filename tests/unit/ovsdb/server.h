// A real ovsdb-server for a test: in a folder of its own, gone when the test ends.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "tests/unit/temporary_folder.h"

namespace ringfence::ovsdb::test {

// A process that a test started, and nobody else's.
class Process {
public:
    Process() = default;
    explicit Process(const std::vector<std::string>& arguments,
                     const std::string& output = "/dev/null");
    Process(const std::vector<std::string>& arguments, int input, int output,
            int error = 2); // descriptors
    Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
    Process& operator=(Process&& other) noexcept {
        std::swap(pid_, other.pid_);
        return *this;
    }
    ~Process() { end(9); }

    int end(int signal); // and waits; returns the wait status
    int wait();
    pid_t pid() const { return pid_; }

private:
    pid_t pid_ = 0;
};

using ringfence::test::TemporaryFolder;

class Server {
public:
    // Creates an empty database for each schema file, and serves them all.
    explicit Server(std::vector<std::string> schemas);

    void start(); // returns once it answers
    void stop() { process_.end(15); }
    void kill() { process_.end(9); }
    void pause(bool on); // SIGSTOP, SIGCONT
    void restart();      // kill and start
    std::string remote() const { return "unix:" + socket(); }
    std::string tcp_remote(); // asks the server to listen there, too
    std::string socket() const { return folder_.path() + "/db.sock"; }
    const std::string& folder() const { return folder_.path(); }
    void appctl(const std::vector<std::string>& command); // of the server's own unixctl
    // By ovsdb-client; must succeed. Returns the reply.
    std::string transact(const std::string& json);

private:
    TemporaryFolder folder_{"ringfence-ovsdb"};
    std::vector<std::string> files_;
    Process process_;
};

std::string run(const std::vector<std::string>& arguments); // must succeed; returns its output
std::string schema_file(const std::string& name); // "southbound", "northbound" or "testing"

} // namespace ringfence::ovsdb::test
