#include "ovsdb/remote.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ovsdb/socket_address.h"

namespace ringfence::ovsdb {
namespace {

Result<SocketAddress> socket_address(const Remote& remote) {
    if (remote.kind == Remote::Kind::unix)
        return SocketAddress::of_path(remote.path, remote.name);
    if (auto address = SocketAddress::of_host(remote.host, remote.port))
        return *address;
    return fail(ErrorKind::unsupported,
                "{}: \"{}\" is not a numeric address; host names are not looked up", remote.name,
                remote.host);
}

// "tcp:ADDRESS:PORT" or "ssl:ADDRESS:PORT".
Result<Remote> parse_network(std::string_view name, Remote::Kind kind) {
    Remote remote{.kind = kind, .name = std::string(name), .path = {}, .host = {}, .port = 0};
    const std::string_view rest = name.substr(4);
    const size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos)
        return fail("{}: a port is missing, as in {}127.0.0.1:6642", name, name.substr(0, 4));
    std::string_view host = rest.substr(0, colon);
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), remote.port);
    if (error != std::errc() || end != port.data() + port.size() || remote.port == 0)
        return fail("{}: \"{}\" is not a port", name, port);
    if (host.size() > 1 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    remote.host = host;
    return remote;
}

Result<Remote> parse_database(std::string_view name) {
    if (name.starts_with("ssl:"))
        return fail(ErrorKind::unsupported, "{}: TLS is not built yet: use unix: or tcp:", name);
    return parse_remote(name);
}

} // namespace

Result<Remote> parse_remote(std::string_view name) {
    Result<Remote> remote =
        Remote{.kind = Remote::Kind::unix,
               .name = std::string(name),
               .path = std::string(name.substr(std::min<size_t>(5, name.size()))),
               .host = {},
               .port = 0};
    if (name.starts_with("tcp:"))
        remote = parse_network(name, Remote::Kind::tcp);
    else if (name.starts_with("ssl:"))
        remote = parse_network(name, Remote::Kind::tls);
    else if (!name.starts_with("unix:"))
        return fail("{}: not a database: unix:PATH or tcp:ADDRESS:PORT is wanted", name);
    if (remote)
        if (auto address = socket_address(*remote); !address)
            return tl::unexpected(address.error());
    return remote;
}

Result<std::vector<Remote>> parse_remotes(std::string_view text) {
    std::vector<Remote> remotes;
    while (true) {
        const size_t begin = text.find_first_not_of(", \t\n");
        if (begin == std::string_view::npos)
            break;
        text.remove_prefix(begin);
        const size_t end = std::min(text.find_first_of(", \t\n"), text.size());
        auto remote = parse_database(text.substr(0, end));
        if (!remote)
            return tl::unexpected(remote.error());
        remotes.push_back(std::move(*remote));
        text.remove_prefix(end);
    }
    if (remotes.empty())
        return fail("no database was named: unix:PATH or tcp:ADDRESS:PORT is wanted");
    return remotes;
}

Socket::~Socket() {
    if (fd_ >= 0)
        ::close(fd_);
}

Result<Socket> begin_connect(const Remote& remote) {
    auto address = socket_address(remote);
    if (!address)
        return tl::unexpected(address.error());
    Socket socket(::socket(address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.get() < 0)
        return fail(ErrorKind::unavailable, "{}: {}", remote.name, std::strerror(errno));
    const int on = 1;
    if (remote.kind != Remote::Kind::unix)
        setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(socket.get(), address->raw(), address->length()) < 0 && errno != EINPROGRESS)
        return fail(ErrorKind::unavailable, "{}: {}", remote.name, std::strerror(errno));
    return socket;
}

Result<> connect_outcome(const Socket& socket) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (error != 0)
        return fail(ErrorKind::unavailable, "{}", std::strerror(error));
    return {};
}

} // namespace ringfence::ovsdb
