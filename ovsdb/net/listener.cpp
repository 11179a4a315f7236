#include "ovsdb/net/listener.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace ringfence::net {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr size_t most_ignored = 65536; // bytes of a peer that was refused

} // namespace

// One peer. It reads nothing while an answer is on its way, so what it keeps is one request and one
// answer.
class Listener::Connection {
public:
    Connection(Listener& listener, uint64_t number, std::unique_ptr<Stream> stream, int fd)
        : listener_(listener), number_(number), stream_(std::move(stream)), fd_(fd) {
        expect(listener_.limits_.handshake);
        advance();
    }

    bool is_known() const { return known_; }

private:
    // Goes on until it has to wait. A request at a time: other peers, and the daemon, come between.
    void advance() {
        if (closing_)
            return;
        if (!known_ && !shake_hands())
            return;
        if (!send_output())
            return;
        if (close_after_)
            return hang_up();
        if (rests_until(listener_.rests_until_))
            return;
        const auto began = Clock::now();
        Reply reply = listener_.serve_(input_, stream_->peer());
        listener_.rests_until_ = end_of_rest(began);
        if (!reply.output.empty() || reply.close) {
            output_ = std::move(reply.output);
            close_after_ = reply.close;
            if (send_output()) // at once: what was asked for may be the daemon's end
                next_ = listener_.reactor_.after(0ms, [this] { advance(); });
            return;
        }
        if (input_.size() > listener_.limits_.request)
            return hang_up();
        receive();
    }

    bool rests_until(Clock::time_point end) {
        const auto now = Clock::now();
        if (now >= end)
            return false;
        next_ = listener_.reactor_.after(end - now, [this] { advance(); });
        return true;
    }

    // After work that ends now.
    Clock::time_point end_of_rest(Clock::time_point began) const {
        const auto now = Clock::now();
        return now + (now - began) * listener_.limits_.rest;
    }

    bool shake_hands() {
        if (rests_until(listener_.handshakes_rest_until_))
            return false;
        const auto began = Clock::now();
        const auto shaken = stream_->handshake();
        listener_.handshakes_rest_until_ = end_of_rest(began);
        if (!shaken) {
            linger();
            return false;
        }
        if (!wait_unless_done(shaken))
            return false;
        known_ = true;
        expect(listener_.limits_.patience);
        return true;
    }

    // What the stranger has sent is read and forgotten until he hangs up: closing on it would take
    // back the alert that tells him why.
    void linger() {
        shutdown(fd_, SHUT_WR);
        watch_ = listener_.reactor_.watch_readable(fd_, [this] {
            char bytes[4096];
            const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
            if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
                return hang_up();
            ignored_ += got > 0 ? static_cast<size_t>(got) : 0;
            if (ignored_ > most_ignored)
                hang_up();
        });
        hang_up_unless_watched();
    }

    bool send_output() {
        while (sent_ < output_.size()) {
            size_t taken = 0;
            if (!wait_unless_done(stream_->write(std::string_view(output_).substr(sent_), taken)))
                return false;
            sent_ += taken;
        }
        if (!output_.empty())
            expect(listener_.limits_.patience);
        output_ = {};
        sent_ = 0;
        return true;
    }

    void receive() {
        if (wait_unless_done(stream_->read(input_)))
            next_ = listener_.reactor_.after(0ms, [this] { advance(); });
    }

    // False: it waits, or it is over.
    bool wait_unless_done(const Result<Progress>& progress) {
        if (progress == Progress::done)
            return true;
        if (!progress || *progress == Progress::closed) {
            hang_up();
            return false;
        }
        auto& reactor = listener_.reactor_;
        watch_ = *progress == Progress::wants_read
                     ? reactor.watch_readable(fd_, [this] { ready(); })
                     : reactor.watch_writable(fd_, [this] { ready(); });
        hang_up_unless_watched();
        return false;
    }

    // No descriptor is left for it: nobody would ever say that it can go on.
    void hang_up_unless_watched() {
        if (!watch_)
            hang_up();
    }

    // The watch is level-triggered: where nothing waits for the socket, it has to go.
    void ready() {
        watch_ = {};
        advance();
    }

    void expect(std::chrono::milliseconds patience) {
        deadline_ = {};
        if (patience > 0ms)
            deadline_ = listener_.reactor_.after(patience, [this] { hang_up(); });
    }

    void hang_up() {
        if (!std::exchange(closing_, true))
            listener_.forget_soon(number_);
    }

    Listener& listener_;
    const uint64_t number_;
    std::unique_ptr<Stream> stream_;
    const int fd_;
    std::string input_, output_;
    size_t sent_ = 0, ignored_ = 0;
    bool known_ = false, close_after_ = false, closing_ = false;
    ovsdb::Handle watch_, next_, deadline_;
};

Result<std::unique_ptr<Listener>> Listener::open(ovsdb::Reactor& reactor, const Endpoint& endpoint,
                                                 std::shared_ptr<const TlsContext> context,
                                                 const Limits& limits, Serve serve) {
    auto fd = listen_at(endpoint);
    if (!fd)
        return tl::unexpected(fd.error());
    std::unique_ptr<Listener> listener(
        new Listener(reactor, endpoint, *fd, limits, std::move(serve)));
    listener->context_ = std::move(context);
    listener->watch();
    return listener;
}

Listener::Listener(ovsdb::Reactor& reactor, Endpoint endpoint, int fd, const Limits& limits,
                   Serve serve)
    : reactor_(reactor), endpoint_(std::move(endpoint)), fd_(fd), limits_(limits),
      serve_(std::move(serve)) {}

Listener::~Listener() {
    watch_ = {};
    connections_.clear();
    close(fd_);
    if (endpoint_.kind == Endpoint::Kind::unix)
        unlink(endpoint_.path.c_str());
}

void Listener::set_context(std::shared_ptr<const TlsContext> context) {
    context_ = std::move(context);
    connections_.clear();
}

void Listener::watch() {
    watch_ = reactor_.watch_readable(fd_, [this] { accept_some(); });
    if (!watch_) // no descriptor is left: perhaps in a second
        begin_second();
}

void Listener::begin_second() {
    next_second_ = reactor_.after(1s, [this] {
        next_second_ = {};
        this_second_ = 0;
        if (!watch_)
            watch();
    });
}

void Listener::accept_some() {
    if (!next_second_)
        begin_second();
    while (this_second_ < limits_.per_second) {
        const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
            return;
        if (fd < 0)
            break; // no descriptor is left: perhaps in a second
        ++this_second_;
        admit(fd);
    }
    watch_ = {};
}

void Listener::admit(int fd) {
    make_room();
    if (connections_.size() >= limits_.connections) {
        close(fd);
        return;
    }
    auto stream = context_ ? TlsContext::wrap(context_, fd)
                           : Result<std::unique_ptr<Stream>>(plain_stream(fd));
    if (!stream)
        return;
    const uint64_t number = ++last_;
    connections_.emplace(number,
                         std::make_unique<Connection>(*this, number, std::move(*stream), fd));
}

// Strangers can't keep the others out.
void Listener::make_room() {
    if (connections_.size() < limits_.connections)
        return;
    auto stranger = std::ranges::find_if(
        connections_, [](const auto& entry) { return !entry.second->is_known(); });
    if (stranger != connections_.end())
        connections_.erase(stranger);
}

// Not at once: a connection ends inside its own callback.
void Listener::forget_soon(uint64_t connection) {
    reactor_.post([this, connection, alive = std::weak_ptr<bool>(alive_)] {
        if (!alive.expired())
            connections_.erase(connection);
    });
}

} // namespace ringfence::net
