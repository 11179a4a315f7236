#include "controller/network-ctl/daemons.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

namespace ringfence::ctl {

namespace {

constexpr std::chrono::seconds patience{5};

std::string environment(const char* name, const std::string& otherwise = "") {
    const char* text = std::getenv(name);
    return text && *text ? text : otherwise;
}

// The pid file of the daemon of this host.
std::string daemon_of_this_host() {
    return environment("OVS_RUNDIR", "/var/run/openvswitch") + "/ovs-vswitchd.pid";
}

net::TlsFiles files_of(const Arguments& arguments) {
    const auto file = [&](const char* option, const char* variable) {
        return arguments.maybe(option).value_or(environment(variable));
    };
    return {file("private-key", "RINGFENCE_PRIVATE_KEY"),
            file("certificate", "RINGFENCE_CERTIFICATE"), file("ca-cert", "RINGFENCE_CA_CERT")};
}

Result<unixctl::Target> at(const std::string& place, const Arguments& arguments,
                           const std::string& name = "") {
    if (place.starts_with("ssl:"))
        return unixctl::Target{place, files_of(arguments), name};
    if (!place.ends_with(".pid"))
        return unixctl::Target{place, {}, {}};
    return unixctl::socket_of(place).map([](const std::string& path) {
        return unixctl::Target{path, {}, {}};
    });
}

// Its certificate has to be its own: any host's would do to listen at another's address.
Result<unixctl::Target> of_host(const client::Host& host, const Arguments& arguments) {
    const auto query = host.reported.find("query");
    if (query == host.reported.end())
        return fail(ErrorKind::unavailable,
                    "host {} lets nobody ask: set external_ids:ringfence-query there, and its "
                    "certificate with ovs-vsctl set-ssl",
                    host.name);
    if (!query->second.starts_with("ssl:"))
        return fail(ErrorKind::unavailable,
                    "host {}: it says that it is asked at {}, which is no ssl:ADDRESS:PORT",
                    host.name, query->second);
    return at(query->second, arguments, host.name);
}

Result<unixctl::Target> of_host(Session& session, const Arguments& arguments,
                                const std::string& name) {
    return session.cloud()
        .and_then([&](client::Cloud* cloud) { return cloud->host(name); })
        .and_then([&](const client::Host& host) { return of_host(host, arguments); });
}

} // namespace

std::vector<Option> with_daemon_options(std::vector<Option> options) {
    for (const Option& option :
         {Option{"host", "HOST", "the host that is asked"},
          Option{"daemon", "SOCKET|PIDFILE|ssl:ADDRESS:PORT", "the daemon that is asked"},
          Option{"private-key", "FILE", "our key; $RINGFENCE_PRIVATE_KEY unless given"},
          Option{"certificate", "FILE", "its certificate; $RINGFENCE_CERTIFICATE unless given"},
          Option{"ca-cert", "FILE",
                 "of the authority that signs the hosts'; $RINGFENCE_CA_CERT unless given"}})
        options.push_back(option);
    return options;
}

Option all_hosts_option() { return {"all-hosts", "", "all hosts of the fabric are asked"}; }

const char* const daemon_help =
    "It is read from the daemon of the host that has the NIC, else of this host over its local "
    "socket. Others are asked over TLS, where external_ids:ringfence-query opens it, and with a "
    "certificate.";

Result<unixctl::Target> daemon_of(Session& session, const Arguments& arguments,
                                  const std::string& port) {
    if (const auto daemon = arguments.maybe("daemon"))
        return at(*daemon, arguments);
    if (const auto host = arguments.maybe("host"))
        return of_host(session, arguments, *host);
    if (port.find('/') == port.npos)
        return at(daemon_of_this_host(), arguments);
    return session.cloud()
        .and_then([&](client::Cloud* cloud) { return cloud->nic(port); })
        .and_then([&](const client::Nic& nic) -> Result<unixctl::Target> {
            if (nic.bound_host.empty())
                return fail(ErrorKind::unavailable, "nic {}: no host has it", port);
            return of_host(session, arguments, nic.bound_host);
        });
}

Result<Daemons> daemons_of(Session& session, const Arguments& arguments, const std::string& port) {
    if (!arguments.has("all-hosts"))
        return daemon_of(session, arguments, port).map([](const unixctl::Target& daemon) {
            return Daemons{{daemon}, {}};
        });
    if (!port.empty() || arguments.has("host") || arguments.has("daemon"))
        return fail("--all-hosts asks all of them: without PORT, --host and --daemon");
    return session.cloud()
        .and_then([](client::Cloud* cloud) { return cloud->hosts(); })
        .map([&](const std::vector<client::Host>& hosts) {
            Daemons daemons;
            for (const client::Host& host : hosts)
                if (auto target = of_host(host, arguments); host.kind != "ringfence")
                    continue; // somebody else's switch
                else if (target)
                    daemons.targets.push_back(*target);
                else
                    daemons.missing.push_back(target.error().text);
            return daemons;
        });
}

std::vector<Result<std::string>> ask_all(const std::vector<unixctl::Target>& daemons,
                                         const std::string& command,
                                         const unixctl::Arguments& arguments) {
    constexpr size_t most_at_once = 32;
    std::vector<Result<std::string>> answers(daemons.size());
    std::atomic<size_t> next = 0;
    std::vector<std::jthread> askers;
    for (size_t i = 0; i < std::min(daemons.size(), most_at_once); ++i)
        askers.emplace_back([&] {
            for (size_t at = next++; at < daemons.size(); at = next++)
                answers[at] = ask(daemons[at], command, arguments);
        });
    askers.clear(); // waits for them
    return answers;
}

Result<std::string> ask(const unixctl::Target& daemon, const std::string& command,
                        const unixctl::Arguments& arguments) {
    return unixctl::ask(daemon, command, arguments, patience);
}

} // namespace ringfence::ctl
