// JSON messages over a connected stream socket, both ways, on a Reactor: what the OVSDB client and
// the unixctl server (JSON-RPC 1.0 of ovs-appctl) have in common.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/types/result.h"
#include "ovsdb/reactor.h"

namespace ringfence::ovsdb {

class JsonStream {
public:
    struct Callbacks {
        std::function<void(nlohmann::json&& message)> message; // always an object
        // Once, and last: the peer closed, the socket failed, or what came is not JSON. May destroy
        // the stream, as may message.
        std::function<void(const Error& why)> closed;
    };

    // Owns fd (closed when the stream dies or ends) and makes it non-blocking.
    JsonStream(Reactor& reactor, int fd, Callbacks callbacks);
    ~JsonStream(); // without a callback
    JsonStream(const JsonStream&) = delete;

    void send(const nlohmann::json& message);
    void send_text(std::string message); // JSON text already. Never blocks; what the socket does
                                         // not take is kept
    size_t backlog() const;              // bytes so kept

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace ringfence::ovsdb
