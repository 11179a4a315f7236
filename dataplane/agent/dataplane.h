// What the agent asks of the forwarding side: ports, the Fabric, what became of packets. The agent
// knows no loop, which lies above it; dataplane/engine/engine.h implements this with the Forwarder.
// All calls come from the control thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/types/ids.h"
#include "core/types/result.h"
#include "dataplane/connection/listing.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/ports/port.h"
#include "dataplane/worker/announcement.h"
#include "dataplane/worker/capture.h"
#include "dataplane/worker/counters.h"
#include "dataplane/worker/firewall_event.h"
#include "dataplane/worker/notice.h"
#include "dataplane/worker/trace.h"

namespace ringfence::agent {

// What one worker has done since its start.
struct WorkerNumbers {
    unsigned index = 0;
    std::optional<unsigned> cpu; // that it is bound to
    uint64_t received = 0;       // frames, of its ports
    uint64_t busy_ticks = 0;     // of rounds that moved something
    uint64_t idle_ticks = 0;     // of all else, sleep included
    uint64_t ticks_per_second = 1;
};

class Dataplane {
public:
    using Done = std::function<void()>;

    virtual ~Dataplane() = default;

    // Opens a device; it forwards nothing before add_port().
    [[nodiscard]] virtual Result<std::shared_ptr<ports::Port>>
    open(const ports::PortSettings& settings) = 0;
    // Polled by that worker from now on. An id in use is an error.
    [[nodiscard]] virtual Result<> add_port(PortId id, std::shared_ptr<ports::Port> port,
                                            unsigned worker) = 0;
    // done: no worker touches the port any more.
    virtual void remove_port(PortId id, Done done) = 0;
    // done: no worker forwards by the Fabric before it any more.
    virtual void publish(std::shared_ptr<const Fabric> fabric, Done done) = 0;
    // Sends them to the ports, soon. What is for a port that is not there is forgotten.
    virtual void announce(const std::vector<Announcement>& announcements) = 0;
    // The same of the router advertisements that the Fabric has for them.
    virtual void advertise(const std::vector<PortId>& ports) = 0;

    virtual unsigned workers() const = 0;
    // done: every worker has come round since. Never, when one hangs.
    virtual void ask_workers(Done done) = 0;
    virtual CounterSums counters(PortId id) const = 0; // of the frames that came from the port
    virtual CounterSums total() const = 0;
    virtual std::vector<WorkerNumbers> worker_numbers() const = 0;
    // Copies the port's frames from soon on; null: no more.
    virtual void capture(PortId id, std::shared_ptr<Capture> capture) = 0;
    virtual void trace(uint32_t packets) = 0; // records the next ones of each worker
    virtual std::vector<TraceRecord> take_trace() = 0;
    virtual std::vector<Notice> take_notices() = 0; // since the last call

    // --- firewalls
    // Makes room to count the rule's hits, before a Fabric that has it is published.
    virtual void open_rule(RuleId rule) = 0;
    // How often it has decided, with those that had its number before.
    virtual uint64_t hits(RuleId rule) const = 0;
    virtual std::vector<FirewallEvent> take_firewall_events() = 0; // to log, since the last call
    virtual uint64_t suppressed_firewall_events() const = 0;       // that were too many to log

    // Every connection, or those of one port. Errors here and below: a worker does not answer.
    [[nodiscard]] virtual Result<std::vector<ListedConnection>>
    connections(std::optional<PortId> only) = 0;
    struct Counts {
        std::vector<ConnectionCounts> workers;
        std::map<PortId, uint32_t> ports;
    };
    [[nodiscard]] virtual Result<Counts> connection_counts(const std::vector<PortId>& ports) = 0;
    [[nodiscard]] virtual Result<> forget_connections(PortId port) = 0;

    struct Buffers {
        unsigned in_use, all;
    };
    virtual Buffers buffers() const = 0;
    virtual std::string version() const = 0; // "DPDK 22.11.11"
};

} // namespace ringfence::agent
