// Bytes both ways over a non-blocking socket, plain or by TLS. The stream never waits: it says what
// its socket has to become before it can go on. For the Listener, which waits in a Reactor, and for
// tools, which poll.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/types/result.h"

namespace ringfence::net {

enum class Progress { done, wants_read, wants_write, closed };

class Stream {
public:
    virtual ~Stream() = default; // closes the socket

    // First of all, until done. Errors, here and below, are final.
    [[nodiscard]] virtual Result<Progress> handshake() = 0;
    // done: something was appended, at most 16 KiB. closed: the peer sends no more.
    [[nodiscard]] virtual Result<Progress> read(std::string& into) = 0;
    // done: `taken` bytes of them, one at least, are on their way. Repeat with the same bytes until
    // then.
    [[nodiscard]] virtual Result<Progress> write(std::string_view bytes, size_t& taken) = 0;
    // The common name in the peer's certificate; "" without TLS. Known after the handshake.
    virtual std::string peer() const { return {}; }
};

// Owns fd.
std::unique_ptr<Stream> plain_stream(int fd);

} // namespace ringfence::net
