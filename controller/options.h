// The command line of ringfence-controller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "ovsdb/unixctl/standard_commands.h"

namespace ringfence::controller {

struct Options {
    enum class Action { run, help, version };

    Action action = Action::run;
    ControllerOptions controller;
    std::string log_file;       // "" = console only
    std::string pid_file;       // "" = none
    std::string control_socket; // "" = none
    std::vector<unixctl::LogSetting> log_settings;
    bool detach = false;

    // Every error is one sentence that says what to give.
    [[nodiscard]] static Result<Options> from(int argc, const char* const* argv);
};

std::string usage();        // the text of --help
std::string version_text(); // the text of --version

} // namespace ringfence::controller
