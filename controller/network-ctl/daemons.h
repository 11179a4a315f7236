// Which daemon is asked what is so now, and how: the one of this host over its control socket, or
// any host's over TLS, where the host lets itself be asked (external_ids:ringfence-query).
#pragma once

#include <string>
#include <vector>

#include "controller/network-ctl/grammar.h"
#include "controller/network-ctl/session.h"
#include "core/types/result.h"
#include "ovsdb/unixctl/client.h"

namespace ringfence::ctl {

// --daemon, --host and our certificate; and others in front of them.
std::vector<Option> with_daemon_options(std::vector<Option> options = {});
// What --help says of them.
extern const char* const daemon_help;

// The daemon that --daemon or --host names; else the one that has the NIC, where `port` is the path
// of one; else this host's.
[[nodiscard]] Result<unixctl::Target> daemon_of(Session& session, const Arguments& arguments,
                                                const std::string& port = "");

// --all-hosts, for questions that can be put to all of them.
Option all_hosts_option();

// The daemons that are asked: as daemon_of() says, or with --all-hosts those of all hosts of the
// fabric. Of hosts that can't be asked the reason.
struct Daemons {
    std::vector<unixctl::Target> targets;
    std::vector<std::string> missing;
};
[[nodiscard]] Result<Daemons> daemons_of(Session& session, const Arguments& arguments,
                                         const std::string& port = "");

// The same question to all at once: an answer each, in their order.
[[nodiscard]] std::vector<Result<std::string>> ask_all(const std::vector<unixctl::Target>& daemons,
                                                       const std::string& command,
                                                       const unixctl::Arguments& arguments);

// One question, with the patience that such questions deserve.
[[nodiscard]] Result<std::string> ask(const unixctl::Target& daemon, const std::string& command,
                                      const unixctl::Arguments& arguments);

} // namespace ringfence::ctl
