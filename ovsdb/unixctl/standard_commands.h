// What every daemon answers on its control socket: version, list-commands, set-options, vlog/list,
// vlog/set, vlog/reopen; and the log settings of a command line (-vSPEC), which are vlog/set's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/types/log.h"
#include "core/types/result.h"

namespace ringfence::unixctl {

class Server;

// `version` is the text of `--version`.
void add_standard_commands(Server& server, std::string version);

// One setting of vlog: words in any order, separated by ':', ',' or ' ': a level, a destination
// (console, syslog, file), a module. "dbg", "console:emer", "underlay:file:dbg". No level = dbg.
struct LogSetting {
    std::string module = "ANY";
    std::optional<std::string> destination; // absent = all
    log::Level level = log::Level::debug;

    [[nodiscard]] static Result<LogSetting> from(std::string_view text);
    // Lines go to the console and the file by one level a module; a setting for syslog alone does
    // nothing here.
    [[nodiscard]] Result<> apply() const;
};

} // namespace ringfence::unixctl
