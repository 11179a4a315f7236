// Going into the background (--detach): the parent waits until the daemon is in service and exits
// with its status, so that whoever started it may rely on it.
#pragma once

#include <utility>

#include "core/types/result.h"

namespace ringfence::process {

// The daemon's end of the pipe to its waiting parent. Dying before ready() makes the parent exit
// with the daemon's own status.
class Detached {
public:
    // Forks: call it before there is any thread. Returns in the child only, in a session of its
    // own; the parent stays in here and exits.
    [[nodiscard]] static Result<Detached> fork_away();

    Detached(Detached&& other) noexcept : pipe_(std::exchange(other.pipe_, -1)) {}
    Detached& operator=(Detached&&) = delete;
    ~Detached();

    // In service: lets the parent exit with 0 and gives up the terminal (0, 1, 2 = /dev/null).
    void ready();

private:
    explicit Detached(int pipe) : pipe_(pipe) {}
    int pipe_;
};

} // namespace ringfence::process
