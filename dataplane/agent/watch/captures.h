// Captures of ports that are under way: `ringfence/capture start PORT`, then `read ID` again and
// again. Who stops reading is forgotten, and his port with him: nothing is copied for nobody. A
// capture is of one NIC: it ends, with what nobody has read yet, when its port is plugged into
// another one.
// Control thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "dataplane/agent/dataplane.h"
#include "dataplane/agent/ports/port_set.h"
#include "dataplane/worker/capture.h"
#include "ovsdb/reactor.h"
#include "ovsdb/unixctl/server.h"

namespace ringfence::agent {

class Captures {
public:
    static constexpr size_t most = 4; // at a time
    static constexpr std::chrono::seconds patience{10};

    Captures(ovsdb::Reactor& reactor, Dataplane& dataplane, const PortSet& ports)
        : reactor_(reactor), dataplane_(dataplane), ports_(ports) {}
    ~Captures();

    // start PORT [BYTES] -> ID: of each frame so many bytes. read ID -> pcapng in base64, what has
    // come since the last time. stop ID.
    [[nodiscard]] Result<std::string> run(const unixctl::Arguments& words);

private:
    struct Running {
        std::string port;
        PortId id;
        uint64_t plugging;
        std::shared_ptr<Capture> capture;
        std::string unread; // pcapng
        uint64_t first_ticks;
        std::chrono::nanoseconds first_time;
        std::chrono::steady_clock::time_point last_read;
    };
    Result<std::string> start(const std::string& port, const std::string& bytes);
    Result<std::string> read(const std::string& id);
    bool goes_on(const Running& running) const;
    void end(const std::string& id);
    void end_what_is_over();

    ovsdb::Reactor& reactor_;
    Dataplane& dataplane_;
    const PortSet& ports_;
    std::map<std::string, Running> running_; // by ID
    ovsdb::Handle timer_;
};

} // namespace ringfence::agent
