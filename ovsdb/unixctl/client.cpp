#include "ovsdb/unixctl/client.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include "ovsdb/framing.h"
#include "ovsdb/remote.h"

namespace ringfence::unixctl {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

namespace {

// What the daemon's answer says.
Result<std::string> text_of(const json& answer) {
    if (const auto error = answer.value("error", json()); error.is_string()) {
        std::string text = error;
        while (text.ends_with('\n'))
            text.pop_back();
        return fail("{}", text);
    }
    const auto result = answer.value("result", json());
    return result.is_string() ? result.get<std::string>() : std::string();
}

} // namespace

class Client::Connection {
public:
    explicit Connection(const Target& target)
        : remote_(target.place.starts_with("ssl:")),
          label_(remote_ ? target.place : "control socket " + target.place), wanted_(target.name) {}

    void give(Clock::time_point deadline) { deadline_ = deadline; }

    Result<> connect(const Target& target) {
        auto remote = ovsdb::parse_remote(remote_ ? target.place : "unix:" + target.place);
        if (!remote)
            return tl::unexpected(remote.error());
        std::shared_ptr<const net::TlsContext> context;
        if (remote_) {
            auto loaded = net::TlsContext::load(target.files, net::TlsContext::Side::client);
            if (!loaded)
                return tl::unexpected(loaded.error().in(label_));
            context = std::move(*loaded);
        }
        auto socket = ovsdb::begin_connect(*remote);
        if (!socket)
            return unreachable(socket.error().text.substr(remote->name.size() + 2));
        fd_ = socket->get();
        if (auto ready = wait(POLLOUT); !ready)
            return ready;
        if (auto outcome = ovsdb::connect_outcome(*socket); !outcome)
            return unreachable(outcome.error().text);
        return take(socket->release(), std::move(context));
    }

    Result<> send(std::string_view text) {
        while (!text.empty()) {
            size_t taken = 0;
            if (auto done = until_done([&] { return stream_->write(text, taken); }); !done)
                return done;
            text.remove_prefix(taken);
        }
        return {};
    }

    Result<json> receive() {
        for (;;) {
            const auto message = framer_.next();
            if (!message)
                return tl::unexpected(message.error().in(label_));
            if (*message)
                return json::parse(**message, nullptr, false);
            std::string bytes;
            if (auto done = until_done([&] { return stream_->read(bytes); }); !done)
                return tl::unexpected(done.error());
            framer_.feed(bytes);
        }
    }

    const std::string& label() const { return label_; }

private:
    Result<> take(int fd, std::shared_ptr<const net::TlsContext> context) {
        if (!context) {
            stream_ = net::plain_stream(fd);
            return {};
        }
        auto stream = net::TlsContext::wrap(std::move(context), fd);
        if (!stream)
            return tl::unexpected(stream.error().in(label_));
        stream_ = std::move(*stream);
        if (auto shaken = until_done([&] { return stream_->handshake(); }); !shaken)
            return shaken;
        if (!wanted_.empty() && stream_->peer() != wanted_)
            return fail(ErrorKind::unavailable,
                        "{}: the certificate that is shown there is \"{}\"'s, and not \"{}\"'s",
                        label_, stream_->peer(), wanted_);
        return {};
    }

    template <class Step> Result<> until_done(Step step) {
        for (;;) {
            const auto progress = step();
            if (!progress)
                return tl::unexpected(progress.error().in(label_));
            if (*progress == net::Progress::done)
                return {};
            if (*progress == net::Progress::closed)
                return fail(ErrorKind::unavailable, "{}: the daemon went away", label_);
            if (auto ready = wait(*progress == net::Progress::wants_read ? POLLIN : POLLOUT);
                !ready)
                return ready;
        }
    }

    Result<> wait(short events) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
        pollfd watched{fd_, events, 0};
        if (left.count() > 0 && poll(&watched, 1, static_cast<int>(left.count())) != 0)
            return {};
        return fail(ErrorKind::timeout, "{}: the daemon doesn't answer", label_);
    }

    tl::unexpected<Error> unreachable(const std::string& why) const {
        return fail(ErrorKind::unavailable, "{}: {}; is the daemon running", label_, why);
    }

    const bool remote_; // and not on this host
    const std::string label_, wanted_;
    Clock::time_point deadline_;
    int fd_ = -1;
    std::unique_ptr<net::Stream> stream_;
    ovsdb::Framer framer_;
};

Client::Client(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(const Target& target, std::chrono::milliseconds timeout) {
    auto connection = std::make_unique<Connection>(target);
    connection->give(Clock::now() + timeout);
    if (auto connected = connection->connect(target); !connected)
        return tl::unexpected(connected.error());
    return Client(std::move(connection));
}

Result<std::string> Client::ask(const std::string& command, const Arguments& arguments,
                                std::chrono::milliseconds timeout) {
    connection_->give(Clock::now() + timeout);
    const json request{{"id", 0}, {"method", command}, {"params", arguments}};
    if (auto sent = connection_->send(request.dump()); !sent)
        return tl::unexpected(sent.error());
    const auto answer = connection_->receive();
    if (!answer)
        return tl::unexpected(answer.error());
    if (!answer->is_object())
        return fail(ErrorKind::unavailable, "{}: its answer is no JSON-RPC", connection_->label());
    return text_of(*answer);
}

Result<std::string> ask(const Target& target, const std::string& command,
                        const Arguments& arguments, std::chrono::milliseconds timeout) {
    return Client::connect(target, timeout).and_then([&](Client client) {
        return client.ask(command, arguments, timeout);
    });
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
