#include "ovsdb/unixctl/standard_commands.h"

#include <cctype>
#include <utility>

#include "ovsdb/unixctl/server.h"

namespace ringfence::unixctl {

namespace {

std::string list_commands(const Server& server) {
    std::string text = "The available commands are:\n";
    for (const auto& [name, command] : server.commands())
        text += fmt::format("  {:<23} {}\n", name, command.usage);
    return text;
}

// One level a module; it holds for the console (up to the level the console was opened with) and
// for the file. Nothing goes to syslog.
std::string list_log_levels() {
    std::string text = "                 console    syslog    file\n"
                       "                 -------    ------    ------\n";
    for (const log::Module* module : log::modules()) {
        std::string level = log::to_string(module->level());
        for (char& c : level)
            c = static_cast<char>(std::toupper(c));
        text += fmt::format("{:<18} {:>4}       {:>4}      {:>5}\n", module->name(), level, "OFF",
                            level);
    }
    return text;
}

Result<std::string> set_log_levels(const Arguments& arguments) {
    for (const std::string& argument : arguments) {
        auto setting = LogSetting::from(argument);
        if (!setting)
            return tl::unexpected(setting.error());
        if (auto applied = setting->apply(); !applied)
            return tl::unexpected(applied.error());
    }
    return std::string();
}

Result<std::string> reopen_log(const Arguments&) {
    if (auto done = log::reopen(); !done)
        return tl::unexpected(done.error());
    return std::string();
}

} // namespace

void add_standard_commands(Server& server, std::string version) {
    server.add({"version", "", 0, 0,
                [version](const Arguments&) -> Result<std::string> { return version; }});
    server.add({"list-commands", "", 0, 0, [&server](const Arguments&) -> Result<std::string> {
                    return list_commands(server);
                }});
    // ovs-appctl of OVS 3.4 and later sends it ahead of a command; every answer is text here.
    server.add({"set-options", "[--format text|json]", 0, 2,
                [](const Arguments&) -> Result<std::string> { return std::string(); }});
    server.add({"vlog/list", "", 0, 0,
                [](const Arguments&) -> Result<std::string> { return list_log_levels(); }});
    server.add({"vlog/set", "{spec | PATTERN:destination:pattern}", 1, 64, set_log_levels});
    server.add({"vlog/reopen", "", 0, 0, reopen_log});
}

Result<LogSetting> LogSetting::from(std::string_view text) {
    LogSetting setting;
    bool module_seen = false;
    while (!text.empty()) {
        size_t end = text.find_first_of(":, ");
        std::string word(text.substr(0, end));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (word.empty())
            continue;
        if (auto level = log::level_from(word))
            setting.level = *level;
        else if (word == "console" || word == "syslog" || word == "file")
            setting.destination = word;
        else if (word == "PATTERN" || word == "FACILITY")
            return fail(ErrorKind::unsupported, "vlog: {} cannot be set: lines have one form",
                        word);
        else if (!std::exchange(module_seen, true))
            setting.module = word == "any" ? "ANY" : word;
        else
            return fail("vlog: \"{}\" is no level, destination (console, syslog, file) or module",
                        word);
    }
    return setting;
}

Result<> LogSetting::apply() const {
    if (destination == "syslog")
        return {};
    return log::set(module, level);
}

} // namespace ringfence::unixctl
