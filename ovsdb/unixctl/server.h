// The control socket of a daemon: what `ovs-appctl` speaks to. JSON-RPC 1.0 over a Unix socket:
// {"id":0,"method":"fdb/show","params":["br0"]} is answered with
// {"id":0,"result":TEXT,"error":null}, or with the error as a text.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/types/result.h"
#include "ovsdb/net/listener.h"

namespace ringfence::unixctl {

using Arguments = std::vector<std::string>;

struct Command {
    std::string name;  // "fdb/show"
    std::string usage; // "[BRIDGE]", as list-commands shows it
    size_t min_arguments = 0;
    size_t max_arguments = 0;
    std::function<Result<std::string>(const Arguments&)> run;
    // May be asked over the network too: it changes nothing, and its answer is of some size.
    bool remote = false;
};

// Serves until it dies, and then removes its socket. Everything runs on the Reactor's thread.
class Server {
public:
    // A socket that nobody listens on any more is replaced; error `conflict` when somebody does.
    [[nodiscard]] static Result<std::unique_ptr<Server>> listen(ovsdb::Reactor& reactor,
                                                                const std::string& path);

    void add(Command command); // of two with one name the later one counts
    const std::map<std::string, Command>& commands() const { return commands_; }
    // What the socket is called.
    const std::string& path() const { return path_; }
    // Runs a command as a request would. Errors: no such command, too few or too many arguments.
    [[nodiscard]] Result<std::string> run(const std::string& name,
                                          const Arguments& arguments) const;

    // Whether this peer, by its certificate's common name, may run a command that is `remote`.
    using Authorize = std::function<Result<>(const std::string& peer, const std::string& command,
                                             const Arguments& arguments)>;
    // Serves the commands that are `remote` over the network, by a net::Listener that dies before
    // this.
    net::Serve remote(Authorize authorize) const;

private:
    explicit Server(std::string path) : path_(std::move(path)) {}

    std::string path_;
    std::map<std::string, Command> commands_;
    std::unique_ptr<net::Listener> listener_;
};

} // namespace ringfence::unixctl
