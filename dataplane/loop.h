// The Forwarder: threads that poll ports, run the pipeline and send. For main, the agent and
// benchmarks.
//
// Each worker owns some ports: it alone receives and sends on them. What another worker's pipeline
// sends to such a port crosses by a ring for each pair of workers, so frames between two ports stay
// in order. All that workers read - the Fabric, which ports exist, who owns them - is one immutable
// Plan behind one pointer; a new one is published while they run, and the old one is freed when
// each has passed a quiescent state (rte_rcu_qsbr). A worker that finds nothing to do sleeps, and
// holds nobody up meanwhile.
//
// The control thread (one) calls everything here. It watches event_fd() and calls reclaim() when
// that is readable: the callbacks of finished publications run there.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/types/ids.h"
#include "core/types/result.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/ports/mbuf_pool.h"
#include "dataplane/ports/port.h"
#include "dataplane/worker/capture.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

struct ForwarderSettings {
    // One worker an entry, bound to that CPU, or to none. At most 16.
    std::vector<std::optional<unsigned>> cpus = {std::nullopt};
    bool busy_poll = false;                     // never sleep: lowest latency, a whole CPU a worker
    std::chrono::microseconds longest_nap{500}; // of a worker with a port that only polling can ask
    bool merge = true; // what comes by tunnel, to large packets (stages/merge.h)
    // Frames that wait between two workers; a power of two. As many buffers more of large ones.
    unsigned handover_ring = 1024;
};

// other_config:pmd-cpu-mask, such as "0x6" or "6": the CPUs, one worker each.
[[nodiscard]] Result<std::vector<std::optional<unsigned>>> cpus_from_mask(std::string_view mask);

class Forwarder {
public:
    using Done = std::function<void()>;

    // Makes a worker's connection tables.
    using MakeConnections = std::function<Result<std::unique_ptr<Connections>>(unsigned worker)>;

    // Needs a running EAL. The pool outlives the Forwarder. Without make_connections the tables lie
    // in the process's memory.
    [[nodiscard]] static Result<std::unique_ptr<Forwarder>>
    start(const ForwarderSettings& settings, const ports::MbufPool& pool,
          const MakeConnections& make_connections = {});
    // Stops every worker; what they still hold is freed. Callbacks not yet called are dropped.
    ~Forwarder();

    unsigned workers() const;

    // From now on workers forward by this Fabric; done() is called when none can still use the one
    // before.
    void publish(std::shared_ptr<const Fabric> fabric, Done done = {});

    // Polls the port from now on, on that worker. The id is the Fabric's; frames for an id without
    // a port are counted drops. An id in use, or a worker that does not exist, is an error.
    [[nodiscard]] Result<> add_port(PortId id, std::shared_ptr<ports::Port> port, unsigned worker);
    // Stops polling it; done() is called when no worker can touch it any more, and only then may
    // the port be expected to close. An id that is not there: done() is called all the same.
    void remove_port(PortId id, Done done = {});
    // Hands ports to other workers, with their connections, and forwards by this Fabric from then
    // on, which names the same workers. All workers stand still for it, a millisecond or some, and
    // longer the more connections go over, for all go over at once: what is on its way between
    // workers arrives before, what is received waits in the devices, so no frame overtakes another,
    // and none is lost but what the devices have no room for. Of datagrams that came in part the
    // held fragments are dropped (tx.no_port), and what still comes of them waits in vain. A port
    // or worker that does not exist, or a worker that does not stand still in a second, is an
    // error, and changes nothing.
    [[nodiscard]] Result<> move_ports(const std::map<PortId, unsigned>& to,
                                      std::shared_ptr<const Fabric> fabric, Done done = {});
    std::optional<unsigned> owner(PortId id) const;
    // Copies the port's frames from soon on; null: no more. Forgotten when the port is removed.
    void capture(PortId id, std::shared_ptr<Capture> capture);

    // Has the worker do something between two of its rounds: it may touch whatever is the worker's
    // own, and is short, for packets wait meanwhile. done() is called after it.
    using Act = std::function<void(Worker&, const Fabric&)>;
    void send_errand(unsigned worker, Act act, Done done = {});
    // The same, and waits until it is done. False when the worker does not come to it in a second;
    // it may do it later, so `act` owns what it touches, or shares it.
    [[nodiscard]] bool run_errand(unsigned worker, Act act);

    // Readable when reclaim() has something to do.
    int event_fd() const;
    // Frees what no worker can use any more, and calls the callbacks that waited for it.
    void reclaim();

    // What became of the frames that came from a port, over all workers; of all ports.
    CounterSums counters(PortId id) const;
    CounterSums total() const;
    // What a worker's time went into, in ticks of the time-stamp counter (Thread::busy_ticks).
    struct Load {
        std::optional<unsigned> cpu;
        uint64_t busy_ticks = 0, idle_ticks = 0;
    };
    Load load(unsigned worker) const;
    // Records the decisions about the next `packets` of each worker; what was recorded since.
    void trace(uint32_t packets);
    std::vector<TraceRecord> take_trace();
    // What workers saw and the agent should know, since the last call.
    std::vector<Notice> take_notices();
    // Firewall rules: room to count one's hits, before a Fabric that has it is published; how often
    // it has decided; what is to be logged since the last call, and how much was too much for that.
    void open_rule(RuleId rule);
    uint64_t hits(RuleId rule) const;
    std::vector<FirewallEvent> take_firewall_events();
    uint64_t suppressed_firewall_events() const;
    Worker& worker(unsigned index);

private:
    struct Impl;
    explicit Forwarder(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace ringfence
