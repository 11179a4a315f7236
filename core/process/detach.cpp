#include "core/process/detach.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ringfence::process {

namespace {

// The parent's whole remaining life.
[[noreturn]] void wait_for(pid_t child, int pipe) {
    char byte;
    ssize_t got;
    do
        got = read(pipe, &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got == 1)
        _exit(EXIT_SUCCESS);

    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        _exit(WEXITSTATUS(status));
    _exit(EXIT_FAILURE);
}

} // namespace

Result<Detached> Detached::fork_away() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(ErrorKind::unavailable, "pipe: {}", strerror(errno));
    pid_t child = fork();
    if (child < 0)
        return fail(ErrorKind::unavailable, "fork: {}", strerror(errno));
    if (child > 0) {
        close(ends[1]);
        wait_for(child, ends[0]);
    }
    close(ends[0]);
    setsid();
    return Detached(ends[1]);
}

void Detached::ready() {
    if (pipe_ < 0)
        return;
    [[maybe_unused]] ssize_t told = write(pipe_, "", 1); // a parent that was killed hears nothing
    close(std::exchange(pipe_, -1));
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (null >= 0)
            dup2(null, standard);
    if (null > STDERR_FILENO)
        close(null);
}

Detached::~Detached() {
    if (pipe_ >= 0)
        close(pipe_);
}

} // namespace ringfence::process
