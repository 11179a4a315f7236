#include "ovsdb/json_stream.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "ovsdb/framing.h"

namespace ringfence::ovsdb {

using Json = nlohmann::json;

struct JsonStream::Impl : std::enable_shared_from_this<Impl> {
    Impl(Reactor& reactor_, int fd_, Callbacks callbacks_)
        : reactor(reactor_), fd(fd_), callbacks(std::move(callbacks_)) {}
    ~Impl() { close(); }

    bool open() const { return fd >= 0; }

    void close() {
        readable.cancel();
        writable.cancel();
        if (fd >= 0)
            ::close(fd);
        fd = -1;
    }

    void end(const Error& why) {
        if (!open())
            return;
        close();
        if (callbacks.closed)
            callbacks.closed(why);
    }

    void on_readable() {
        const auto self = shared_from_this(); // a callback may destroy the stream
        const ssize_t got = recv(fd, chunk.data(), chunk.size(), 0);
        if (got < 0) {
            if (errno != EAGAIN && errno != EINTR)
                end({ErrorKind::unavailable, std::strerror(errno)});
            return;
        }
        if (got == 0) {
            end({ErrorKind::unavailable, "the peer closed the connection"});
            return;
        }
        framer.feed({chunk.data(), static_cast<size_t>(got)});
        while (open() && deliver())
            ;
    }

    // One message; false when there is none left.
    bool deliver() {
        auto text = framer.next();
        if (!text) {
            end(text.error());
            return false;
        }
        if (!*text)
            return false;
        Json message = Json::parse(**text, nullptr, false);
        if (message.is_discarded()) {
            end({ErrorKind::unavailable, "a message is not valid JSON"});
            return false;
        }
        if (callbacks.message)
            callbacks.message(std::move(message));
        return true;
    }

    void write() {
        while (open() && written < output.size()) {
            const ssize_t sent =
                ::send(fd, output.data() + written, output.size() - written, MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR)
                continue;
            if (sent < 0 && errno != EAGAIN) {
                // Not from inside send(): callers do not expect to be called back.
                reactor.post([weak = weak_from_this(), error = errno] {
                    if (const auto self = weak.lock())
                        self->end({ErrorKind::unavailable, std::strerror(error)});
                });
                writable.cancel();
                return;
            }
            if (sent < 0) {
                if (!writable)
                    writable = reactor.watch_writable(fd, [this] { write(); });
                return;
            }
            written += static_cast<size_t>(sent);
        }
        output.clear();
        written = 0;
        writable.cancel();
    }

    Reactor& reactor;
    int fd;
    Callbacks callbacks;
    Framer framer;
    std::vector<char> chunk = std::vector<char>(65536);
    std::string output;
    size_t written = 0;
    Handle readable, writable;
};

JsonStream::JsonStream(Reactor& reactor, int fd, Callbacks callbacks)
    : impl_(std::make_shared<Impl>(reactor, fd, std::move(callbacks))) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    impl_->readable = reactor.watch_readable(fd, [impl = impl_.get()] { impl->on_readable(); });
}

JsonStream::~JsonStream() { impl_->close(); }

void JsonStream::send(const Json& message) {
    send_text(message.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void JsonStream::send_text(std::string message) {
    if (!impl_->open())
        return;
    if (impl_->output.empty())
        impl_->output = std::move(message);
    else
        impl_->output += message;
    if (!impl_->writable)
        impl_->write();
}

size_t JsonStream::backlog() const { return impl_->output.size() - impl_->written; }

} // namespace ringfence::ovsdb
