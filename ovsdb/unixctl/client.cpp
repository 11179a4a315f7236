#include "ovsdb/unixctl/client.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ovsdb/framing.h"

namespace ringfence::unixctl {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

// A connected socket that closes itself.
class Connection {
public:
    Connection(int fd, std::string path, Clock::time_point deadline)
        : fd_(fd), path_(std::move(path)), deadline_(deadline) {}
    Connection(const Connection&) = delete;
    ~Connection() { close(fd_); }

    Result<> connect() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path_.size() >= sizeof address.sun_path)
            return fail("control socket {}: its name is too long", path_);
        path_.copy(address.sun_path, path_.size());
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
            return {};
        return fail(ErrorKind::unavailable, "control socket {}: {}; is the daemon running", path_,
                    strerror(errno));
    }

    Result<> send(std::string_view text) {
        while (!text.empty()) {
            if (auto ready = wait(POLLOUT); !ready)
                return ready;
            const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno != EAGAIN && errno != EINTR)
                return gone();
            text.remove_prefix(sent < 0 ? 0 : static_cast<size_t>(sent));
        }
        return {};
    }

    Result<json> receive() {
        ovsdb::Framer framer;
        for (;;) {
            if (auto ready = wait(POLLIN); !ready)
                return tl::unexpected(ready.error());
            char buffer[4096];
            const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR))
                continue;
            if (got <= 0)
                return gone();
            framer.feed({buffer, static_cast<size_t>(got)});
            const auto message = framer.next();
            if (!message)
                return tl::unexpected(message.error().in(path_));
            if (*message)
                return json::parse(**message, nullptr, false);
        }
    }

private:
    Result<> wait(short events) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
        pollfd watched{fd_, events, 0};
        if (left.count() > 0 && poll(&watched, 1, static_cast<int>(left.count())) != 0)
            return {};
        return fail(ErrorKind::timeout, "control socket {}: the daemon doesn't answer", path_);
    }
    tl::unexpected<Error> gone() const {
        return fail(ErrorKind::unavailable, "control socket {}: the daemon went away", path_);
    }

    int fd_;
    std::string path_;
    Clock::time_point deadline_;
};

} // namespace

Result<std::string> ask(const std::string& path, const std::string& command,
                        const Arguments& arguments, std::chrono::milliseconds timeout) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(ErrorKind::unavailable, "control socket {}: {}", path, strerror(errno));
    Connection connection(fd, path, Clock::now() + timeout);
    if (auto connected = connection.connect(); !connected)
        return tl::unexpected(connected.error());
    const json request{{"id", 0}, {"method", command}, {"params", arguments}};
    if (auto sent = connection.send(request.dump()); !sent)
        return tl::unexpected(sent.error());
    const auto answer = connection.receive();
    if (!answer)
        return tl::unexpected(answer.error());
    if (!answer->is_object())
        return fail(ErrorKind::unavailable, "control socket {}: its answer is no JSON-RPC", path);
    if (const auto error = answer->value("error", json()); error.is_string()) {
        std::string text = error;
        while (text.ends_with('\n'))
            text.pop_back();
        return fail("{}", text);
    }
    const auto result = answer->value("result", json());
    return result.is_string() ? result.get<std::string>() : std::string();
}

Result<std::string> socket_of(const std::string& pid_file) {
    std::ifstream file(pid_file);
    long pid = 0;
    if (!(file >> pid) || pid <= 0)
        return fail(ErrorKind::unavailable, "{}: names no daemon; is it running on this host",
                    pid_file);
    const std::filesystem::path path(pid_file);
    return (path.parent_path() / (path.stem().string() + "." + std::to_string(pid) + ".ctl"))
        .string();
}

} // namespace ringfence::unixctl
