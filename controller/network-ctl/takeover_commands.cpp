// host takeover: Debian's /usr/sbin/ovs-vswitchd is a link of its alternatives system, so that Open
// vSwitch's own start scripts start whichever switch the link names. Here an operator has it name
// ours, and gives it back. It changes this machine alone, at once, and no running switch.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "controller/network-ctl/commands.h"

namespace ringfence::ctl {

namespace {

constexpr const char* link_path = "/usr/sbin/ovs-vswitchd";
constexpr const char* link_name = "ovs-vswitchd";
constexpr const char* default_program = "/usr/sbin/ringfence-vswitchd";
// Below Debian's own (50 and 100): in automatic mode the link never turns to us by itself.
constexpr const char* priority = "10";

// What update-alternatives prints goes where ours goes; it honours DPKG_ROOT.
Result<> update_alternatives(std::vector<std::string> words) {
    words.insert(words.begin(), "update-alternatives");
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t child = 0;
    if (int error = posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), environ))
        return fail(ErrorKind::unavailable, "update-alternatives can't be run: {}",
                    std::generic_category().message(error));
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail(ErrorKind::unavailable, "{} failed", fmt::join(words, " "));
    return {};
}

Result<> enable(const std::string& program) {
    if (access(program.c_str(), X_OK) != 0)
        return fail(ErrorKind::not_found,
                    "{} is no program that can be run; --program says where "
                    "ringfence-vswitchd is",
                    program);
    return update_alternatives({"--install", link_path, link_name, program, priority})
        .and_then([&] {
            return update_alternatives({"--set", link_name, program});
        });
}

Result<> takeover(Session& session, const Arguments& arguments) {
    const std::string program = arguments.maybe("program").value_or(default_program);
    const std::string& what = arguments.operands[0];
    if (what != "enable" && what != "disable")
        return fail("host takeover {}: it is enable or disable", what);
    auto done =
        what == "enable" ? enable(program) : update_alternatives({"--remove", link_name, program});
    return done.map([&] {
        session.print_text(
            fmt::format("{} now starts {}. The switch that runs goes on until it is restarted: "
                        "systemctl restart ovs-vswitchd\n",
                        link_path, what == "enable" ? program : "Open vSwitch's own switch"));
    });
}

} // namespace

Verb takeover_verb() {
    static constexpr Option program{"program", "FILE",
                                    "the switch; /usr/sbin/ringfence-vswitchd unless given"};
    return {"takeover",
            "enable|disable",
            "have Open vSwitch's scripts start Ringfence",
            {program},
            "Turns Debian's alternative ovs-vswitchd, as root; no database is asked. disable gives "
            "the link back to Open vSwitch. No running switch is touched.",
            takeover};
}

} // namespace ringfence::ctl
