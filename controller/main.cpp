// ringfence-controller: start-up, signals, orderly end. What it does is controller.h's.
#include <csignal>
#include <cstdio>
#include <exception>

#include <fmt/core.h>

#include "controller/controller.h"
#include "controller/options.h"
#include "core/process/detach.h"
#include "core/process/notify.h"
#include "core/process/pid_file.h"
#include "core/types/log.h"
#include "ovsdb/unixctl/server.h"

namespace ringfence::controller {
namespace {

using namespace std::chrono_literals;

log::Module module("main");

constexpr auto longest_farewell = 2s; // for giving the lease up

Result<std::unique_ptr<unixctl::Server>> open_control_socket(ovsdb::Reactor& reactor,
                                                             const Options& options,
                                                             const Controller& controller,
                                                             const std::function<void()>& stop) {
    if (options.control_socket.empty())
        return nullptr;
    auto server = unixctl::Server::listen(reactor, options.control_socket);
    if (!server)
        return server;
    unixctl::add_standard_commands(**server, version_text());
    (*server)->add({"exit", "", 0, 0, [stop](const auto&) {
                        stop();
                        return Result<std::string>("");
                    }});
    (*server)->add({"ringfence/status", "", 0, 0, [&controller](const auto&) {
                        return Result<std::string>(controller.status());
                    }});
    return server;
}

Result<> open_log(const Options& options) {
    if (auto opened = log::open({"ringfence-controller", options.log_file}); !opened)
        return opened;
    for (const auto& setting : options.log_settings)
        if (auto applied = setting.apply(); !applied)
            return applied;
    return {};
}

// Until it is told to end. Start-up is all or nothing.
Result<> serve(const Options& options) {
    std::optional<process::Detached> detached;
    if (options.detach) {
        auto forked = process::Detached::fork_away();
        if (!forked)
            return tl::unexpected(forked.error());
        detached.emplace(std::move(*forked));
    }
    std::optional<process::PidFile> pid_file;
    if (!options.pid_file.empty()) {
        auto created = process::PidFile::create(options.pid_file);
        if (!created)
            return tl::unexpected(created.error());
        pid_file.emplace(std::move(*created));
    }
    if (auto opened = open_log(options); !opened)
        return opened;

    std::signal(SIGPIPE, SIG_IGN); // a database or a tool that goes away is no reason to die
    ovsdb::Reactor reactor;
    Controller controller(reactor, options.controller);
    ovsdb::Handle patience;
    auto stop = [&] {
        log::info(module, "ends");
        patience = reactor.after(longest_farewell, [&] { reactor.stop(); });
        controller.release([&] { reactor.stop(); });
    };
    auto control = open_control_socket(reactor, options, controller, stop);
    if (!control)
        return tl::unexpected(control.error());
    auto signals = reactor.on_signals({SIGTERM, SIGINT}, [&](int) { stop(); });
    auto hang_up = reactor.on_signals({SIGHUP}, [](int) {
        if (auto reopened = log::reopen(); !reopened)
            log::error(module, "{}", reopened.error().text);
    });
    ovsdb::Handle watchdog;
    if (auto period = process::watchdog_period())
        watchdog = reactor.every(*period, [] { process::notify_service_manager("WATCHDOG=1"); });
    log::info(module, "{} starts as {}: northbound {}, southbound {}", RINGFENCE_VERSION,
              options.controller.name, options.controller.north, options.controller.south);
    reactor.post([&] {
        if (detached)
            detached->ready();
        process::notify_service_manager("READY=1");
    });
    reactor.run();
    process::notify_service_manager("STOPPING=1");
    return {};
}

int run(int argc, char** argv) {
    auto options = Options::from(argc, argv);
    if (!options) {
        fmt::print(stderr, "ringfence-controller: {}\n", options.error().text);
        return 2;
    }
    if (options->action != Options::Action::run) {
        fmt::print("{}", options->action == Options::Action::help ? usage() : version_text());
        return 0;
    }
    if (auto served = serve(*options); !served) {
        fmt::print(stderr, "ringfence-controller: {}\n", served.error().text);
        return 1;
    }
    return 0;
}

} // namespace
} // namespace ringfence::controller

int main(int argc, char** argv) {
    try {
        return ringfence::controller::run(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "ringfence-controller: {}\n", error.what());
        return 1;
    }
}
