// Accepts connections and answers what comes over each, one request after another, within limits: a
// peer that is slow, silent, too many or too large costs a descriptor for some seconds and no more.
// What a request is, the one who listens says (JSON-RPC of ovs-appctl, HTTP of Prometheus).
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/types/result.h"
#include "ovsdb/net/endpoint.h"
#include "ovsdb/net/tls.h"
#include "ovsdb/reactor.h"

namespace ringfence::net {

struct Limits {
    size_t connections = 16; // at a time; who has not shown a certificate yet gives way first
    size_t per_second = 50;  // new connections; what is over it waits in the kernel
    size_t request = 65536;  // bytes
    // From the connection, or the end of an answer, to the end of the next answer; 0 = for ever.
    std::chrono::milliseconds patience{30'000};
    std::chrono::milliseconds handshake{5'000};
    // So many times as long as an answer took to make, nobody is answered: the thread is not
    // theirs. Handshakes alike, on an account of their own: strangers don't delay the answers.
    unsigned rest = 4;
};

struct Reply {
    std::string output{};
    bool close = false; // once the output is sent
};

// Takes the first request off the front of `input`, and answers it; nothing where it is not whole
// yet. peer: the common name in its certificate, "" without TLS.
using Serve = std::function<Reply(std::string& input, const std::string& peer)>;

// Runs on the Reactor's thread; a Unix socket is removed at the end.
class Listener {
public:
    // context: for an endpoint of kind tls, and only there.
    [[nodiscard]] static Result<std::unique_ptr<Listener>>
    open(ovsdb::Reactor& reactor, const Endpoint& endpoint,
         std::shared_ptr<const TlsContext> context, const Limits& limits, Serve serve);
    ~Listener();

    const Endpoint& endpoint() const { return endpoint_; }
    // The files have changed: who was let in by the old ones has to come again.
    void set_context(std::shared_ptr<const TlsContext> context);

private:
    class Connection;

    Listener(ovsdb::Reactor& reactor, Endpoint endpoint, int fd, const Limits& limits, Serve serve);
    void watch();
    void begin_second();
    void accept_some();
    void admit(int fd);
    void make_room();
    void forget_soon(uint64_t connection);

    ovsdb::Reactor& reactor_;
    const Endpoint endpoint_;
    const int fd_;
    const Limits limits_;
    const Serve serve_;
    std::shared_ptr<const TlsContext> context_;
    std::map<uint64_t, std::unique_ptr<Connection>> connections_; // by number, oldest first
    uint64_t last_ = 0;
    size_t this_second_ = 0;
    std::chrono::steady_clock::time_point rests_until_{}, handshakes_rest_until_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(); // for what is posted
    ovsdb::Handle watch_, next_second_;
};

} // namespace ringfence::net
