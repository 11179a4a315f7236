// What hosts count, live: port, drops, top.
#include <optional>
#include <thread>

#include <unistd.h>

#include "controller/network-ctl/commands.h"
#include "controller/network-ctl/daemons.h"
#include "controller/network-ctl/numbers.h"

namespace ringfence::ctl {

namespace {

std::string port_of(const Arguments& arguments) {
    return arguments.operands.empty() ? "" : arguments.operands[0];
}

unixctl::Arguments words_for(const std::string& port) {
    unixctl::Arguments words{"--format=json"};
    if (!port.empty())
        words.insert(words.begin(), port);
    return words;
}

Result<HostNumbers> read_numbers(Session& session, const Arguments& arguments) {
    const std::string port = port_of(arguments);
    return daemon_of(session, arguments, port)
        .and_then([&](const unixctl::Target& daemon) {
            return ask(daemon, "ringfence/ports", words_for(port));
        })
        .and_then(numbers_from);
}

Result<> show_ports(Session& session, const Arguments& arguments) {
    return read_numbers(session, arguments).map([&](const HostNumbers& host) {
        Listing listing = list_ports(host);
        listing.single = !port_of(arguments).empty();
        session.print(listing);
    });
}

Result<> show_drops(Session& session, const Arguments& arguments) {
    return read_numbers(session, arguments).map([&](const HostNumbers& host) {
        session.print(list_drops(host, arguments.has("all")));
    });
}

// Longer than that a host doesn't wait for the next question on a connection.
constexpr std::chrono::seconds host_waits{30};

// A screen every so often, over the last one where somebody looks.
Result<> show_top(Session& session, const Arguments& arguments) {
    const auto seconds = arguments.number("interval", 1, 3600);
    const auto count = arguments.number("count", 1, 1'000'000);
    if (!seconds || !count)
        return tl::unexpected(seconds ? count.error() : seconds.error());
    const std::chrono::seconds interval(seconds->value_or(2));
    const auto daemon = daemon_of(session, arguments, port_of(arguments));
    if (!daemon)
        return tl::unexpected(daemon.error());
    constexpr std::chrono::seconds soon(5);
    std::optional<unixctl::Client> client;
    const auto read = [&]() -> Result<HostNumbers> {
        if (!client || interval + soon > host_waits) {
            auto connected = unixctl::Client::connect(*daemon, soon);
            if (!connected)
                return tl::unexpected(connected.error());
            client = std::move(*connected);
        }
        return client->ask("ringfence/ports", words_for(port_of(arguments)), soon)
            .and_then(numbers_from);
    };
    auto before = read();
    for (int64_t screen = 0; before && screen < count->value_or(INT64_MAX); ++screen) {
        std::this_thread::sleep_for(interval);
        auto now = read();
        if (now) {
            if (isatty(STDOUT_FILENO))
                session.print_text("\033[H\033[J");
            session.print(list_rates(*before, *now));
        }
        before = std::move(now);
    }
    return before ? Result<>() : tl::unexpected(before.error());
}

constexpr const char* naming = "PORT is a port of the host, or the path of a NIC.";

} // namespace

Noun port_noun() {
    return {"port",
            "ports of hosts, and what they carry now",
            "",
            {{"show", "[PORT]", "what the ports of a host have sent and received",
              with_daemon_options(), naming, show_ports}}};
}

Noun drops_noun() {
    return {"drops",
            "what hosts drop, and why",
            "",
            {{"", "[PORT]", "what the ports of a host have lost, most first",
              with_daemon_options({{"all", "", "every counter, not only drops"}}), daemon_help,
              show_drops}}};
}

Noun top_noun() {
    return {
        "top",
        "what the ports of a host send and receive a second",
        "",
        {{"", "[PORT]", "what the ports of a host send and receive a second, busiest first",
          with_daemon_options({{"interval", "SECONDS", "between two screens; 2 unless given"},
                               {"count", "NUMBER", "so many screens; without end unless given"}}),
          naming, show_top}}};
}

} // namespace ringfence::ctl
