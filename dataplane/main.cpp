// ringfence-vswitchd: the forwarder of a hypervisor host, in place of ovs-vswitchd.
//
// It starts in this order, all or nothing: arguments, log, fork (--detach; before there is any
// thread), pid file, control socket; then the local database says what DPDK is to start with, and
// the first reconfiguration ends the start.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>

#include <sys/mman.h>
#include <unistd.h>

#include "core/process/detach.h"
#include "core/process/limits.h"
#include "core/process/notify.h"
#include "core/process/pid_file.h"
#include "core/types/log.h"
#include "dataplane/agent/agent.h"
#include "dataplane/engine/engine.h"
#include "ovsdb/unixctl/server.h"
#include "ovsdb/unixctl/standard_commands.h"

namespace ringfence {

namespace {

using namespace std::chrono_literals;

log::Module module("vswitchd");

constexpr unsigned long files_of_many_ports = 1024; // a port takes two or three
constexpr auto longest_goodbye = 5s; // closing the ports; then the process ends anyway

Result<> open_log(const agent::Arguments& arguments, const char* program) {
    log::Options options;
    options.program = program;
    options.console = arguments.console;
    if (arguments.log_file)
        options.file = *arguments.log_file;
    if (auto opened = log::open(options); !opened)
        return opened;
    for (const unixctl::LogSetting& setting : arguments.log_settings)
        if (auto set = setting.apply(); !set)
            return set;
    for (const std::string& remark : arguments.remarks)
        log::warning(module, "{}", remark);
    return {};
}

// The daemon in service, from the control socket to the last port.
class Daemon {
public:
    Daemon(const agent::Arguments& arguments, std::optional<process::Detached> detached)
        : arguments_(arguments), detached_(std::move(detached)) {}

    Result<> run() {
        auto pid_file = process::PidFile::create(arguments_.pid_file);
        if (!pid_file)
            return tl::unexpected(pid_file.error());
        auto control = unixctl::Server::listen(reactor_, arguments_.control_socket_of(getpid()));
        if (!control)
            return tl::unexpected(control.error());
        std::string version = agent::version_text();
        agent::Agent agent(reactor_, arguments_, version.substr(0, version.find('\n')), hooks());
        unixctl::add_standard_commands(**control, version);
        agent.add_commands(**control);
        (*control)->add({"exit", "[--cleanup]", 0, 1, [&](const unixctl::Arguments& words) {
                             leave(agent, !words.empty() && words[0] == "--cleanup");
                             return Result<std::string>();
                         }});
        auto signals = reactor_.on_signals({SIGTERM, SIGINT}, [&](int) { leave(agent); });
        auto hang_up = reactor_.on_signals({SIGHUP}, [&](int) {
            agent.reopen_logs();
            if (auto reopened = log::reopen(); !reopened)
                log::error(module, "{}", reopened.error().text);
        });
        ovsdb::Handle watchdog;
        if (auto period = process::watchdog_period())
            watchdog = reactor_.every(*period, [&] {
                agent.ask_workers([] { process::notify_service_manager("WATCHDOG=1"); });
            });
        if (auto started = agent.start(); !started)
            return started;
        reactor_.run();
        return failure_ ? Result<>(tl::unexpected(*failure_)) : Result<>();
    }

private:
    agent::Agent::Hooks hooks() {
        return {.start_dataplane = [this](const std::map<std::string, std::string>& other_config)
                    -> Result<std::unique_ptr<agent::Dataplane>> {
                    auto settings = engine_settings_from(other_config);
                    if (!settings)
                        return tl::unexpected(settings.error());
                    return Engine::start(reactor_, *settings, arguments_.run_folder);
                },
                .in_service =
                    [this] {
                        log::info(module, "in service");
                        process::notify_service_manager("READY=1");
                        if (detached_)
                            detached_->ready();
                        if (detached_ && arguments_.change_folder && chdir("/") != 0)
                            log::warning(module, "can't change to the folder /");
                    },
                .failed =
                    [this](const Error& error) {
                        failure_ = error;
                        reactor_.stop();
                    }};
    }

    void leave(agent::Agent& agent, bool for_good = false) {
        if (std::exchange(leaving_, true))
            return;
        log::info(module, "leaving");
        process::notify_service_manager("STOPPING=1");
        goodbye_ = reactor_.after(longest_goodbye, [this] { reactor_.stop(); });
        // Not at once: ovs-appctl is still waiting for the answer to its `exit`.
        farewell_ = reactor_.after(
            10ms, [&, for_good] { agent.close(for_good, [this] { reactor_.stop(); }); });
    }

    const agent::Arguments& arguments_;
    std::optional<process::Detached> detached_;
    ovsdb::Reactor reactor_;
    std::optional<Error> failure_;
    bool leaving_ = false;
    ovsdb::Handle goodbye_, farewell_;
};

int complain(const char* program, const Error& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.text.c_str());
    return EXIT_FAILURE;
}

int run(int argc, char** argv) {
    auto arguments = agent::Arguments::from(argc, argv);
    if (!arguments)
        return complain(argv[0], arguments.error());
    if (arguments->action != agent::Arguments::Action::run) {
        bool help = arguments->action == agent::Arguments::Action::help;
        std::fputs((help ? agent::usage() : agent::version_text()).c_str(), stdout);
        return EXIT_SUCCESS;
    }
    std::optional<process::Detached> detached;
    if (arguments->detach) {
        auto forked = process::Detached::fork_away();
        if (!forked)
            return complain(argv[0], forked.error());
        detached.emplace(std::move(*forked));
    }
    if (auto opened = open_log(*arguments, argv[0]); !opened)
        return complain(argv[0], opened.error());
    if (arguments->lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
        log::warning(module, "--mlockall: the memory can't be locked (see ulimit -l)");
    if (auto open = process::open_many_files(files_of_many_ports); !open)
        log::warning(module, "{}: ports will be without", open.error().text);
    auto ran = Daemon(*arguments, std::move(detached)).run();
    if (!ran)
        log::error(module, "{}", ran.error().text);
    log::flush();
    return ran ? EXIT_SUCCESS : complain(argv[0], ran.error());
}

} // namespace

} // namespace ringfence

int main(int argc, char** argv) {
    try {
        return ringfence::run(argc, argv);
    } catch (const std::exception& problem) {
        return ringfence::complain(argv[0], {ringfence::ErrorKind::invalid, problem.what()});
    }
}
