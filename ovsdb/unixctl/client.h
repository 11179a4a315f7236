// The other end of a control socket, as `ovs-appctl` is: one question, one answer. For tools that
// want what a daemon knows now, and no database.
#pragma once

#include <chrono>
#include <string>

#include "core/types/result.h"
#include "ovsdb/unixctl/server.h"

namespace ringfence::unixctl {

// Runs the command in the daemon that listens on this socket, and blocks for its text. Kinds:
// unavailable (nobody listens, or it went away), timeout, and invalid where the daemon refuses, in
// its words.
[[nodiscard]] Result<std::string> ask(const std::string& socket, const std::string& command,
                                      const Arguments& arguments,
                                      std::chrono::milliseconds timeout);

// Where the daemon with this pid file listens: as ovs-appctl finds it, RUNDIR/NAME.PID.ctl beside
// RUNDIR/NAME.pid.
[[nodiscard]] Result<std::string> socket_of(const std::string& pid_file);

} // namespace ringfence::unixctl
