// The other end of a control socket, as `ovs-appctl` is, or of a host's query port: questions and
// answers. For tools that want what a daemon knows now, and no database.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/types/result.h"
#include "ovsdb/net/tls.h"
#include "ovsdb/unixctl/server.h"

namespace ringfence::unixctl {

// Where a daemon is asked.
struct Target {
    std::string place;     // the path of its socket, or "ssl:ADDRESS:PORT"
    net::TlsFiles files{}; // for ssl: ours
    std::string name{};    // for ssl: the common name that its certificate must have; "" = any
};

// A connection to one daemon, for several questions. Blocks.
class Client {
public:
    [[nodiscard]] static Result<Client> connect(const Target& target,
                                                std::chrono::milliseconds timeout);
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;
    ~Client();

    // Runs the command in the daemon and returns its text. Kinds: unavailable (it went away),
    // timeout, and invalid where the daemon refuses, in its words.
    [[nodiscard]] Result<std::string> ask(const std::string& command, const Arguments& arguments,
                                          std::chrono::milliseconds timeout);

private:
    class Connection;
    explicit Client(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

// One question.
[[nodiscard]] Result<std::string> ask(const Target& target, const std::string& command,
                                      const Arguments& arguments,
                                      std::chrono::milliseconds timeout);

// Where the daemon with this pid file listens: as ovs-appctl finds it, RUNDIR/NAME.PID.ctl beside
// RUNDIR/NAME.pid.
[[nodiscard]] Result<std::string> socket_of(const std::string& pid_file);

} // namespace ringfence::unixctl
