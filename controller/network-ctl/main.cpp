// network-ctl: the provider's and the tenants' command line. A thin caller of controller/client.
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "controller/network-ctl/format.h"
#include "controller/network-ctl/help.h"
#include "controller/network-ctl/session.h"
#include "core/types/log.h"

using namespace ringfence;

namespace {

// A file that we open later must not become "standard output".
void fill_closed_streams() {
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = dup(fd);
    if (fd > STDERR_FILENO)
        close(fd);
}

int complain(const Error& error, int status) {
    fmt::print(stderr, "network-ctl: {}\n", ctl::printable(error.text));
    return status;
}

std::string help_for(const ctl::Invocation& invocation) {
    if (invocation.verb)
        return ctl::verb_help(*invocation.noun, *invocation.verb);
    return invocation.noun ? ctl::noun_help(*invocation.noun) : ctl::program_help();
}

int run(const std::vector<std::string>& words) {
    const auto invocation = ctl::parse(words);
    if (!invocation)
        return complain(invocation.error(), invocation.error().kind == ErrorKind::unsupported
                                                ? ctl::exit_status::error
                                                : ctl::exit_status::not_there);
    auto session = ctl::Session::from(invocation->arguments);
    if (!session)
        return complain(session.error(), ctl::exit_status::not_there);
    switch (invocation->action) {
    case ctl::Invocation::Action::help:
        session->print_text(help_for(*invocation));
        break;
    case ctl::Invocation::Action::version:
        session->print_text("network-ctl (Ringfence) " RINGFENCE_VERSION "\n");
        break;
    case ctl::Invocation::Action::run:
        if (const auto done = invocation->verb->run(*session, invocation->arguments); !done)
            return complain(done.error(), ctl::exit_status_of(done.error()));
        break;
    }
    return session->exit_status();
}

} // namespace

int main(int count, char** words) {
    fill_closed_streams();
    (void)log::open(
        {.program = "network-ctl", .file = "", .console = log::Level::off}); // no file, no failure
    std::signal(SIGPIPE, SIG_DFL); // | head: we end, quietly
    try {
        return run(std::vector<std::string>(words + (count > 0), words + count));
    } catch (const std::exception& error) {
        return complain({ErrorKind::unavailable, error.what()}, ctl::exit_status::error);
    }
}
