#include "ovsdb/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace ringfence::ovsdb {

Result<SocketAddress> SocketAddress::of_path(const std::string& path, const std::string& name) {
    SocketAddress address;
    auto& un = address.as<sockaddr_un>(AF_UNIX);
    if (path.size() >= sizeof un.sun_path)
        return fail("{}: the path is longer than {} bytes", name, sizeof un.sun_path - 1);
    path.copy(un.sun_path, path.size());
    return address;
}

std::optional<SocketAddress> SocketAddress::of_host(const std::string& host, uint16_t port) {
    SocketAddress address;
    if (auto& in = address.as<sockaddr_in>(AF_INET);
        inet_pton(AF_INET, host.c_str(), &in.sin_addr) == 1) {
        in.sin_port = htons(port);
        return address;
    }
    if (auto& in6 = address.as<sockaddr_in6>(AF_INET6);
        inet_pton(AF_INET6, host.c_str(), &in6.sin6_addr) == 1) {
        in6.sin6_port = htons(port);
        return address;
    }
    return std::nullopt;
}

} // namespace ringfence::ovsdb
