#include "controller/options.h"

#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include <unistd.h>

namespace ringfence::controller {
namespace {

namespace po = boost::program_options;

constexpr int64_t shortest_lease = 100;    // ms: below that a busy machine loses it all the time
constexpr int64_t longest_lease = 3600000; // ms

std::string default_name() {
    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    return fmt::format("{}:{}", host, getpid());
}

po::options_description described(Options& options) {
    po::options_description all("Options", 100);
    auto& controller = options.controller;
    all.add_options()(
        "nb",
        po::value(&controller.north)
            ->value_name("REMOTE")
            ->default_value("unix:/run/ringfence/nb.sock"),
        "northbound database; several are separated by commas (unix:PATH, tcp:IP:PORT)")(
        "sb",
        po::value(&controller.south)
            ->value_name("REMOTE")
            ->default_value("unix:/run/ringfence/sb.sock"),
        "southbound database")("name", po::value(&controller.name)->value_name("NAME"),
                               "what this controller is called in the lease (default HOST:PID)")(
        "lease-time", po::value<int64_t>()->value_name("MS")->default_value(3000),
        "how long the holder of the lease may be silent before another one takes over")(
        "log-file", po::value(&options.log_file)->value_name("FILE"), "write the log there")(
        "pidfile", po::value(&options.pid_file)->value_name("FILE"), "write the process id there")(
        "unixctl", po::value(&options.control_socket)->value_name("SOCKET"),
        "answer ovs-appctl there (ringfence/status, vlog/set, exit, ...)")(
        "detach", "run in the background; returns once the control loop runs")(
        "verbose,v", po::value<std::vector<std::string>>()->value_name("SPEC"),
        "log level, as for ovs-vswitchd: dbg, lease:dbg, console:info")("help,h", "this text")(
        "version,V", "the version");
    return all;
}

Result<> read_log_settings(const po::variables_map& given, Options& options) {
    if (!given.count("verbose"))
        return {};
    for (const auto& spec : given["verbose"].as<std::vector<std::string>>()) {
        auto setting = unixctl::LogSetting::from(spec);
        if (!setting)
            return tl::unexpected(setting.error().in("-v"));
        options.log_settings.push_back(std::move(*setting));
    }
    return {};
}

} // namespace

Result<Options> Options::from(int argc, const char* const* argv) {
    Options options;
    po::variables_map given;
    try { // Boost's way of saying it
        po::store(po::command_line_parser(argc, argv)
                      .options(described(options))
                      .positional({}) // takes none
                      .run(),
                  given);
        po::notify(given);
    } catch (const po::error& error) {
        return fail("{}; see --help", error.what());
    }
    if (given.count("help"))
        options.action = Action::help;
    else if (given.count("version"))
        options.action = Action::version;
    options.detach = given.count("detach") > 0;
    if (options.controller.name.empty())
        options.controller.name = default_name();
    int64_t lease_time = given["lease-time"].as<int64_t>();
    if (lease_time < shortest_lease || lease_time > longest_lease)
        return fail("--lease-time {} is out of range; give {} to {} milliseconds", lease_time,
                    shortest_lease, longest_lease);
    options.controller.lease_time = std::chrono::milliseconds(lease_time);
    if (auto read = read_log_settings(given, options); !read)
        return tl::unexpected(read.error());
    return options;
}

std::string usage() {
    Options options;
    std::ostringstream text;
    text
        << "ringfence-controller: compiles the northbound database into flow tables for the hosts\n"
           "usage: ringfence-controller [OPTIONS]\n\n"
           "Any number may run; the one that holds the lease compiles, the others wait.\n\n"
        << described(options);
    return text.str();
}

std::string version_text() { return fmt::format("ringfence-controller {}\n", RINGFENCE_VERSION); }

} // namespace ringfence::controller
