// What hosts count, live: port, drops, top.
#include <functional>
#include <thread>

#include <unistd.h>

#include <fmt/ranges.h>

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

struct Reading {
    Hosts hosts;
    std::vector<std::string> missing; // why a host has given no answer
};

Reading read_numbers(const Daemons& daemons, const unixctl::Arguments& words) {
    Reading reading{{}, daemons.missing};
    for (const auto& answer : ask_all(daemons.targets, "ringfence/ports", words)) {
        auto numbers = answer.and_then(numbers_from);
        if (numbers)
            reading.hosts.push_back(std::move(*numbers));
        else
            reading.missing.push_back(numbers.error().text);
    }
    return reading;
}

// What there is has been printed.
Result<> complaint(const Reading& reading) {
    if (reading.missing.empty())
        return {};
    return fail(ErrorKind::unavailable, "{} of {} hosts gave no answer: {}", reading.missing.size(),
                reading.hosts.size() + reading.missing.size(), fmt::join(reading.missing, "; "));
}

// Of one daemon its own error; of many those that answer are printed.
Result<> show_numbers(Session& session, const Arguments& arguments,
                      const std::function<Listing(const Hosts&)>& list) {
    const unixctl::Arguments words = words_for(port_of(arguments));
    const auto daemons = daemons_of(session, arguments, port_of(arguments));
    if (!daemons)
        return tl::unexpected(daemons.error());
    if (!arguments.has("all-hosts"))
        return ask(daemons->targets.front(), "ringfence/ports", words)
            .and_then(numbers_from)
            .map([&](const HostNumbers& host) { session.print(list({host})); });
    const Reading reading = read_numbers(*daemons, words);
    session.print(list(reading.hosts));
    return complaint(reading);
}

Result<> show_ports(Session& session, const Arguments& arguments) {
    return show_numbers(session, arguments, [&](const Hosts& hosts) {
        Listing listing = list_ports(hosts);
        listing.single = !port_of(arguments).empty();
        return listing;
    });
}

Result<> show_drops(Session& session, const Arguments& arguments) {
    return show_numbers(session, arguments, [&](const Hosts& hosts) {
        return list_drops(hosts, arguments.has("all"));
    });
}

// A screen every so often, over the last one where somebody looks. Of many hosts it shows those
// that answer.
Result<> show_top(Session& session, const Arguments& arguments) {
    const auto seconds = arguments.number("interval", 1, 3600);
    const auto count = arguments.number("count", 1, 1'000'000);
    if (!seconds || !count)
        return tl::unexpected(seconds ? count.error() : seconds.error());
    const std::chrono::seconds interval(seconds->value_or(2));
    const auto daemons = daemons_of(session, arguments, port_of(arguments));
    if (!daemons)
        return tl::unexpected(daemons.error());
    const unixctl::Arguments words = words_for(port_of(arguments));
    Reading before = read_numbers(*daemons, words);
    for (int64_t screen = 0; !before.hosts.empty() && screen < count->value_or(INT64_MAX);
         ++screen) {
        std::this_thread::sleep_for(interval);
        Reading now = read_numbers(*daemons, words);
        if (isatty(STDOUT_FILENO))
            session.print_text("\033[H\033[J");
        if (!now.hosts.empty())
            session.print(list_rates(before.hosts, now.hosts));
        before = std::move(now);
    }
    if (!arguments.has("all-hosts") && !before.missing.empty())
        return fail(ErrorKind::unavailable, "{}", before.missing.front());
    return complaint(before);
}

constexpr const char* naming = "PORT is a port of the host, or the path of a NIC.";

} // namespace

Noun port_noun() {
    return {"port",
            "ports of hosts, and what they carry now",
            "",
            {{"show", "[PORT]", "what the ports of a host have sent and received",
              with_daemon_options({all_hosts_option()}), naming, show_ports}}};
}

Noun drops_noun() {
    return {
        "drops",
        "what hosts drop, and why",
        "",
        {{"", "[PORT]", "what the ports of a host have lost, most first",
          with_daemon_options({{"all", "", "every counter, not only drops"}, all_hosts_option()}),
          daemon_help, show_drops}}};
}

Noun top_noun() {
    return {"top",
            "what the ports of a host send and receive a second",
            "",
            {{"", "[PORT]", "what the ports of a host send and receive a second, busiest first",
              with_daemon_options({{"interval", "SECONDS", "between two screens; 2 unless given"},
                                   {"count", "NUMBER", "so many screens; without end unless given"},
                                   all_hosts_option()}),
              naming, show_top}}};
}

} // namespace ringfence::ctl
