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
#include "ovsdb/reactor.h"

namespace ringfence::unixctl {

using Arguments = std::vector<std::string>;

struct Command {
    std::string name;  // "fdb/show"
    std::string usage; // "[BRIDGE]", as list-commands shows it
    size_t min_arguments = 0;
    size_t max_arguments = 0;
    std::function<Result<std::string>(const Arguments&)> run;
};

// Serves until it dies, and then removes its socket. Everything runs on the Reactor's thread.
class Server {
public:
    // A socket that nobody listens on any more is replaced; error `conflict` when somebody does.
    [[nodiscard]] static Result<std::unique_ptr<Server>> listen(ovsdb::Reactor& reactor,
                                                                const std::string& path);
    ~Server();

    void add(Command command); // of two with one name the later one counts
    const std::map<std::string, Command>& commands() const { return commands_; }
    // What the socket is called.
    const std::string& path() const { return path_; }
    // Runs a command as a request would. Errors: no such command, too few or too many arguments.
    [[nodiscard]] Result<std::string> run(const std::string& name,
                                          const Arguments& arguments) const;

private:
    class Connection;

    Server(ovsdb::Reactor& reactor, std::string path, int fd);
    void accept_all();

    ovsdb::Reactor& reactor_;
    std::string path_;
    int fd_;
    std::map<std::string, Command> commands_;
    std::map<int, std::unique_ptr<Connection>> connections_; // by file descriptor
    ovsdb::Handle watch_;
};

} // namespace ringfence::unixctl
