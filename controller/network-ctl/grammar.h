// The shape of what is typed:  network-ctl [GLOBAL OPTIONS] NOUN VERB [ARGUMENTS] [OPTIONS]
// One table (commands.cpp) holds every noun and verb; the parser here, the help, the manual page
// and the completion are made from it. Global options may also stand after the verb.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/types/result.h"

namespace ringfence::ctl {

class Session;
struct Arguments;

struct Option {
    const char* name;  // "mtu"
    const char* value; // what stands for its value in the help: "BYTES"; "" = a flag
    const char* help;
    bool repeated = false;
    const char* choices = ""; // "flood|drop": nothing else is taken
};

// What one verb does with its noun.
struct Verb {
    const char* name;    // "" = the noun is the whole command (sync)
    const char* operand; // "NETWORK", "[NETWORK]", "NIC HOST", "EDGE via HOP"; "" = none
    const char* summary;
    std::vector<Option> options;
    const char* details; // more for --help; "" = nothing
    Result<> (*run)(Session&, const Arguments&);
};

struct Noun {
    const char* name;
    const char* summary;
    const char* naming; // how its objects are named, for --help
    std::vector<Verb> verbs;
};

std::span<const Noun> nouns();
std::span<const Option> global_options();
// A noun that later versions know; the answer says so.
bool is_planned(std::string_view noun);

// The operands and options of one command line, each option with its values in the order given.
struct Arguments {
    std::vector<std::string> operands;
    std::map<std::string, std::vector<std::string>, std::less<>> options;

    bool has(std::string_view option) const { return options.contains(option); }
    // The last value; "" when the option is not there.
    std::string text(std::string_view option) const;
    std::optional<std::string> maybe(std::string_view option) const;
    std::vector<std::string> all(std::string_view option) const;
    // A whole number between first and last.
    Result<std::optional<int64_t>> number(std::string_view option, int64_t first,
                                          int64_t last) const;
};

// What is wanted: help or the version (with as much of noun and verb as was said), or a verb's run.
struct Invocation {
    enum class Action { run, help, version } action = Action::run;
    const Noun* noun = nullptr;
    const Verb* verb = nullptr;
    Arguments arguments; // global options included
};

// The words after the program's name. A wrong usage is an error of kind invalid that ends with
// where to find help; a noun of a later version one of kind unsupported.
Result<Invocation> parse(const std::vector<std::string>& words);

} // namespace ringfence::ctl
