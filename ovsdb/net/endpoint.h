// Where a daemon listens, in the words of ovsdb(7): "pssl:PORT[:ADDRESS]", "ptcp:PORT[:ADDRESS]",
// "punix:PATH". An IPv6 address stands in brackets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/types/result.h"

namespace ringfence::net {

struct Endpoint {
    enum class Kind { unix, tcp, tls } kind = Kind::unix;
    std::string name{};    // as given
    std::string path{};    // unix
    std::string address{}; // tcp, tls: numeric; "" = every address of the host
    uint16_t port = 0;

    bool operator==(const Endpoint&) const = default;

    [[nodiscard]] static Result<Endpoint> from(std::string_view text);
    bool is_loopback() const; // only this host can come
};

// A listening, non-blocking socket. A Unix socket that nobody listens on any more is replaced
// (error `conflict` where somebody does, or where something else has that name), and only its owner
// may connect.
[[nodiscard]] Result<int> listen_at(const Endpoint& endpoint);

} // namespace ringfence::net
