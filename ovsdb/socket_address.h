// Where a socket connects to, or is bound: what connect() and bind() take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/socket.h>

#include "core/types/result.h"

namespace ringfence::ovsdb {

class SocketAddress {
public:
    // name: of the whole, for the error where the path is too long for a socket.
    [[nodiscard]] static Result<SocketAddress> of_path(const std::string& path,
                                                       const std::string& name);
    // host: a numeric address of IPv4 or IPv6; nothing for any other text. port: of this host's
    // byte order.
    static std::optional<SocketAddress> of_host(const std::string& host, uint16_t port);

    int family() const { return storage_.ss_family; }
    const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t length() const { return length_; }

private:
    template <class T> T& as(sa_family_t family) {
        storage_.ss_family = family;
        length_ = sizeof(T);
        return reinterpret_cast<T&>(storage_);
    }

    sockaddr_storage storage_{};
    socklen_t length_ = 0;
};

} // namespace ringfence::ovsdb
