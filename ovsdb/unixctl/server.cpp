#include "ovsdb/unixctl/server.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace ringfence::unixctl {

namespace {

using nlohmann::json;

constexpr size_t max_request = 1 << 20;  // bytes
constexpr size_t max_backlog = 64 << 20; // bytes of answers that a client has not read

// Takes the first whole JSON object off the front of what came in. Nothing is there between
// objects, so only the braces outside of strings tell where one ends.
std::optional<std::string> take_object(std::string& input) {
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < input.size(); ++i) {
        char c = input[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{') {
            ++depth;
        } else if (c == '}' && --depth == 0) {
            std::string object = input.substr(0, i + 1);
            input.erase(0, i + 1);
            return object;
        }
    }
    return std::nullopt;
}

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return fail("control socket {}: the path is longer than {} bytes", path,
                    sizeof address.sun_path - 1);
    path.copy(address.sun_path, path.size());
    return address;
}

bool somebody_listens(const sockaddr_un& address) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return connected;
}

json answer_to(const Server& server, const json& request) {
    auto error = [&](const std::string& text) {
        return json{{"id", request.value("id", json())}, {"result", nullptr}, {"error", text}};
    };
    if (!request.contains("method") || !request["method"].is_string())
        return error("a request names its method");
    Arguments arguments;
    for (const json& parameter : request.value("params", json::array())) {
        if (!parameter.is_string())
            return error("arguments are strings");
        arguments.push_back(parameter);
    }
    auto text = server.run(request["method"], arguments);
    if (!text)
        return error(text.error().text + "\n");
    if (!text->empty() && text->back() != '\n')
        text->push_back('\n');
    return json{{"id", request.value("id", json())}, {"result", *text}, {"error", nullptr}};
}

} // namespace

// One client. It dies when the client closes, sends what is no JSON, or does not read its answers.
class Server::Connection {
public:
    Connection(Server& server, int fd) : server_(server), fd_(fd) {
        readable_ = server_.reactor_.watch_readable(fd_, [this] { receive(); });
    }
    ~Connection() {
        readable_ = {};
        writable_ = {};
        close(fd_);
    }

private:
    void receive() {
        if (closing_)
            return;
        char buffer[4096];
        ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0)
            return hang_up();
        input_.append(buffer, static_cast<size_t>(got));
        while (auto object = take_object(input_)) {
            json request = json::parse(*object, nullptr, false);
            if (!request.is_object())
                return hang_up();
            output_ +=
                answer_to(server_, request).dump(-1, ' ', false, json::error_handler_t::replace);
        }
        if (input_.size() > max_request || output_.size() > max_backlog)
            return hang_up();
        send_pending();
    }

    void send_pending() {
        while (!output_.empty()) {
            ssize_t sent = send(fd_, output_.data(), output_.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EAGAIN) {
                writable_ = server_.reactor_.watch_writable(fd_, [this] { send_pending(); });
                return;
            }
            if (sent < 0)
                return hang_up();
            output_.erase(0, static_cast<size_t>(sent));
        }
        writable_ = {};
    }

    // Not at once: this runs inside the connection's own callback.
    void hang_up() {
        if (std::exchange(closing_, true))
            return;
        bury_ = server_.reactor_.after(std::chrono::milliseconds(0),
                                       [this] { server_.connections_.erase(fd_); });
    }

    Server& server_;
    int fd_;
    std::string input_;
    std::string output_;
    bool closing_ = false;
    ovsdb::Handle readable_, writable_, bury_;
};

Result<std::unique_ptr<Server>> Server::listen(ovsdb::Reactor& reactor, const std::string& path) {
    auto address = address_of(path);
    if (!address)
        return tl::unexpected(address.error());
    if (somebody_listens(*address))
        return fail(ErrorKind::conflict, "control socket {}: another process listens there", path);
    unlink(path.c_str());
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&*address), sizeof *address) != 0 ||
        chmod(path.c_str(), 0700) != 0 || ::listen(fd, 10) != 0) {
        int why = errno;
        close(fd);
        return fail(ErrorKind::unavailable, "control socket {}: {}", path, strerror(why));
    }
    return std::unique_ptr<Server>(new Server(reactor, path, fd));
}

Server::Server(ovsdb::Reactor& reactor, std::string path, int fd)
    : reactor_(reactor), path_(std::move(path)), fd_(fd) {
    watch_ = reactor_.watch_readable(fd_, [this] { accept_all(); });
}

Server::~Server() {
    watch_ = {};
    connections_.clear();
    close(fd_);
    unlink(path_.c_str());
}

void Server::accept_all() {
    for (;;) {
        int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        connections_[fd] = std::make_unique<Connection>(*this, fd);
    }
}

void Server::add(Command command) {
    std::string name = command.name;
    commands_[name] = std::move(command);
}

Result<std::string> Server::run(const std::string& name, const Arguments& arguments) const {
    auto found = commands_.find(name);
    if (found == commands_.end())
        return fail(ErrorKind::not_found,
                    "\"{}\" is not a valid command (use \"list-commands\" to "
                    "see a list of valid commands)",
                    name);
    const Command& command = found->second;
    if (arguments.size() < command.min_arguments)
        return fail("\"{}\" command requires at least {} arguments", name, command.min_arguments);
    if (arguments.size() > command.max_arguments)
        return fail("\"{}\" command takes at most {} arguments", name, command.max_arguments);
    return command.run(arguments);
}

} // namespace ringfence::unixctl
