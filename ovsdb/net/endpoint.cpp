#include "ovsdb/net/endpoint.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ovsdb/socket_address.h"

namespace ringfence::net {

namespace {

constexpr int waiting = 16; // connections that the kernel keeps until they are accepted

using ovsdb::SocketAddress;

Result<SocketAddress> address_of(const Endpoint& endpoint) {
    if (endpoint.kind == Endpoint::Kind::unix)
        return SocketAddress::of_path(endpoint.path, endpoint.name);
    const std::string host = endpoint.address.empty() ? "::" : endpoint.address;
    if (auto address = SocketAddress::of_host(host, endpoint.port))
        return *address;
    return fail("{}: \"{}\" is not a numeric address", endpoint.name, endpoint.address);
}

Result<Endpoint> parse_network(Endpoint endpoint, std::string_view rest) {
    const std::string_view port = rest.substr(0, rest.find(':'));
    const auto [end, bad] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (bad != std::errc() || end != port.data() + port.size() || endpoint.port == 0)
        return fail("{}: \"{}\" is not a port, 1 to 65535", endpoint.name, port);
    std::string_view address =
        rest.size() > port.size() ? rest.substr(port.size() + 1) : std::string_view();
    if (address.size() > 1 && address.front() == '[' && address.back() == ']')
        address = address.substr(1, address.size() - 2);
    endpoint.address = address;
    if (auto numeric = address_of(endpoint); !numeric)
        return tl::unexpected(numeric.error());
    return endpoint;
}

// Or has so many callers already that the kernel keeps no more of them: EAGAIN.
bool somebody_listens(const SocketAddress& address) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const bool listens = connect(fd, address.raw(), address.length()) == 0 || errno == EAGAIN;
    close(fd);
    return listens;
}

// Removes what a daemon that was killed has left, and nothing else.
Result<> clear_path(const Endpoint& endpoint, const SocketAddress& address) {
    struct stat found {};
    if (lstat(endpoint.path.c_str(), &found) != 0)
        return {}; // bind() says what is wrong
    if (!S_ISSOCK(found.st_mode))
        return fail(ErrorKind::conflict, "{}: {} is there, and is no socket", endpoint.name,
                    endpoint.path);
    if (somebody_listens(address))
        return fail(ErrorKind::conflict, "{}: another process listens there", endpoint.name);
    unlink(endpoint.path.c_str());
    return {};
}

bool bind_at(int fd, const Endpoint& endpoint, const SocketAddress& address) {
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address.raw(), address.length()) != 0)
        return false;
    return endpoint.kind != Endpoint::Kind::unix || chmod(endpoint.path.c_str(), 0700) == 0;
}

} // namespace

Result<Endpoint> Endpoint::from(std::string_view text) {
    Endpoint endpoint{.name = std::string(text)};
    const std::string_view rest = text.substr(std::min(text.find(':') + 1, text.size()));
    if (text.starts_with("punix:/")) {
        endpoint.path = rest;
        return address_of(endpoint).map([&](const SocketAddress&) { return endpoint; });
    }
    if (text.starts_with("pssl:"))
        endpoint.kind = Kind::tls;
    else if (text.starts_with("ptcp:"))
        endpoint.kind = Kind::tcp;
    else
        return fail("{}: pssl:PORT[:ADDRESS], ptcp:PORT[:ADDRESS] or punix:/PATH is wanted", text);
    return parse_network(endpoint, rest);
}

bool Endpoint::is_loopback() const {
    return kind == Kind::unix || address.starts_with("127.") || address == "::1";
}

Result<int> listen_at(const Endpoint& endpoint) {
    auto address = address_of(endpoint);
    if (!address)
        return tl::unexpected(address.error());
    if (endpoint.kind == Endpoint::Kind::unix)
        if (auto clear = clear_path(endpoint, *address); !clear)
            return tl::unexpected(clear.error());
    const int fd = socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 && errno == EAFNOSUPPORT && endpoint.address.empty()) { // a kernel without IPv6
        Endpoint four = endpoint;
        four.address = "0.0.0.0";
        return listen_at(four);
    }
    if (fd < 0 || !bind_at(fd, endpoint, *address) || listen(fd, waiting) != 0) {
        const int why = errno;
        if (fd >= 0)
            close(fd);
        return fail(ErrorKind::unavailable, "{}: {}", endpoint.name, std::strerror(why));
    }
    return fd;
}

} // namespace ringfence::net
