// Texts made from the table of commands: --help at each level, the manual page, bash's completion.
#pragma once

#include <string>

#include "controller/network-ctl/grammar.h"

namespace ringfence::ctl {

std::string program_help();
std::string noun_help(const Noun& noun);
std::string verb_help(const Noun& noun, const Verb& verb);
// The page README.md of this folder.
std::string manual_page();
std::string bash_completion();

} // namespace ringfence::ctl
