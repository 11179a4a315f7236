// Where a server listens, in the words of ovsdb(7): "unix:PATH", "tcp:ADDRESS:PORT",
// "tcp:[IPV6]:PORT", "ssl:ADDRESS:PORT".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/types/result.h"

namespace ringfence::ovsdb {

struct Remote {
    enum class Kind { unix, tcp, tls } kind = Kind::unix;
    std::string name; // as given
    std::string path; // unix
    std::string host; // tcp, tls: a numeric address
    uint16_t port = 0;

    bool is_local() const { return kind == Kind::unix; }
};

[[nodiscard]] Result<Remote> parse_remote(std::string_view name);
// Databases, one or more, separated by commas or blanks. "ssl:" and host names are understood and
// refused.
[[nodiscard]] Result<std::vector<Remote>> parse_remotes(std::string_view text);

// A socket that closes itself.
class Socket {
public:
    Socket() = default;
    explicit Socket(int fd) : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(other.release()) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Socket();

    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_ = -1;
};

// Begins to connect; the socket is non-blocking, and writable once the outcome is there.
[[nodiscard]] Result<Socket> begin_connect(const Remote& remote);
[[nodiscard]] Result<> connect_outcome(const Socket& socket);

} // namespace ringfence::ovsdb
