#include "ovsdb/net/stream.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

namespace ringfence::net {

namespace {

class PlainStream : public Stream {
public:
    explicit PlainStream(int fd) : fd_(fd) {}
    ~PlainStream() override { close(fd_); }

    Result<Progress> handshake() override { return Progress::done; }

    Result<Progress> read(std::string& into) override {
        std::array<char, 16384> bytes;
        const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
        if (got < 0)
            return trouble(Progress::wants_read);
        into.append(bytes.data(), static_cast<size_t>(got));
        return got == 0 ? Progress::closed : Progress::done;
    }

    Result<Progress> write(std::string_view bytes, size_t& taken) override {
        const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0)
            return trouble(Progress::wants_write);
        taken = static_cast<size_t>(sent);
        return Progress::done;
    }

private:
    static Result<Progress> trouble(Progress wants) {
        if (errno == EAGAIN || errno == EINTR)
            return wants;
        return fail(ErrorKind::unavailable, "{}", std::strerror(errno));
    }

    int fd_;
};

} // namespace

std::unique_ptr<Stream> plain_stream(int fd) { return std::make_unique<PlainStream>(fd); }

} // namespace ringfence::net
