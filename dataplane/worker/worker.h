// What one worker owns: counters, outboxes, meters, connections, trace and notices. It is passed to
// every stage; nothing here is shared with another worker.
//
// How the loop uses it (one thread a worker):
//
//     process(fabric, worker, port, frames, n);            // pipeline.h; takes all n
//     worker.drain([&](PortId to, Outbox& outbox) {
//         if (own(to)) {
//             worker.before_transmission(fabric, to, outbox);
//             worker.transmitted(outbox, rte_eth_tx_burst(dev, queue, outbox.frames.data(),
//             outbox.count));
//         } else
//             worker.handed_over(outbox, rte_ring_enqueue_burst(ring_to_owner(to), ...));
//     });
//
// and the owner puts what its ring holds into its own outbox with worker.enqueue(to, frame). Every
// frame carries the port that it came from (mbuf->port): its end is counted there, whichever worker
// sees it. An outbox that fills up inside process() is handed to the flush function first.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/packet/verdicts.h"
#include "core/tables/spsc_ring.h"
#include "core/types/ids.h"
#include "dataplane/connection/arrival.h"
#include "dataplane/connection/connections.h"
#include "dataplane/connection/fragments.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/counters.h"
#include "dataplane/worker/firewall_event.h"
#include "dataplane/worker/hits.h"
#include "dataplane/worker/meter.h"
#include "dataplane/worker/notice.h"
#include "dataplane/worker/passage.h"
#include "dataplane/worker/recent_notices.h"
#include "dataplane/worker/trace.h"

struct rte_mbuf;
struct rte_mempool;

namespace ringfence {

// Frames to transmit on one port, in order.
struct Outbox {
    static constexpr uint16_t capacity = 64;
    uint16_t count = 0;
    std::array<uint16_t, capacity> origins; // PortId that each frame came from
    std::array<rte_mbuf*, capacity> frames;

    bool is_empty_or_full() const { return static_cast<uint16_t>(count - 1) >= capacity - 1; }
    void add(rte_mbuf* frame, PortId origin) { // not full
        origins[count] = static_cast<uint16_t>(origin.value());
        frames[count++] = frame;
    }
};

// What a worker meters of each port.
enum class Metered : uint8_t {
    bytes_in,     // of frames that it gets
    bytes_out,    // of frames that it sends
    packets_out,  // that it sends; of them those
    broadcast,    // that are flooded
    slow_path,    // that are decided
    slow_path_to, // the same of what comes for the port from elsewhere
    errors,       // that are answered with an error
    errors_to,    // the same of what comes for the port from elsewhere
    dhcp,         // that ask for an address, or a router
    notices,      // that the agent is told of
    logged,       // about which firewalls log
};
inline constexpr size_t metered_count = static_cast<size_t>(Metered::logged) + 1;

// Tells the logical port that a local port is from others that it was or will be: none of them gets
// the other's connections.
inline constexpr uint32_t no_owner = 1;
uint32_t owner_of(const LocalPort* port);
// Whose connections the port's are, and how many it may have.
void claim(Connections& connections, const Fabric& fabric, PortId port);

class Worker {
public:
    // copies: the pool of which copies of flooded frames are made, and what routers say; must
    // outlive the worker. ticks_per_second: of the clock that now() counts in (rte_get_tsc_hz()).
    Worker(unsigned index, rte_mempool* copies, uint64_t ticks_per_second,
           std::unique_ptr<Connections> connections);
    // With connections of its own, in memory of the process: for labs.
    Worker(unsigned index, rte_mempool* copies, uint64_t ticks_per_second);
    ~Worker(); // frees what lies in the outboxes, and what has not gone on
    Worker(const Worker&) = delete;

    unsigned index() const { return index_; }

    // --- a control thread
    // Makes room for the port, with all counters 0 and meters full. Call it before a Fabric that
    // names the port is published, and before any worker's packet can be from or for it. Room is
    // never taken away: a port that closed keeps its counters until its id is opened again.
    void open_port(PortId port);
    bool is_open(PortId port) const { return state(port) != nullptr; }
    CounterSums counters(PortId port) const; // any thread
    CounterSums total() const;               // of all ports; any thread
    Trace& trace() { return trace_; }
    // One control thread takes them: visit(const Notice&).
    template <class Visit> void take_notices(Visit visit) {
        while (auto notice = notices_.pop())
            visit(*notice);
    }
    // Makes room to count the rule's hits: call it before a Fabric that has the rule is published.
    void open_rule(RuleId rule) { hits_.open(rule); }
    uint64_t hits(RuleId rule) const { return hits_.of(rule); } // any thread
    // One control thread takes what firewalls log: visit(const FirewallEvent&).
    template <class Visit> void take_firewall_events(Visit visit) {
        while (auto event = firewall_events_.pop())
            visit(*event);
    }
    uint64_t suppressed_events() const { return suppressed_.load(std::memory_order_relaxed); }
    // Ticks that each stage took, and the packets that it saw, while timing was on.
    struct StageTime {
        uint64_t ticks, packets;
    };
    StageTime stage_time(Stage stage) const; // any thread
    void set_timing(bool on) { timing_.store(on, std::memory_order_relaxed); }

    // Whether what comes by tunnel is put together to large packets (stages/merge.h). Before it
    // runs.
    void set_merging(bool on) { merges_ = on; }
    bool merges() const { return merges_; }

    // --- the worker's thread: the loop
    // Called with a full outbox from inside process(); it must empty it with transmitted() or
    // handed_over(). Without one, what does not fit is dropped as `tx.full`.
    using Flush = void (*)(void* context, Worker& worker, PortId to, Outbox& outbox);
    void set_flush(Flush flush, void* context);
    // Called with what goes on at another worker's port; false: that one's ring is full. Where
    // there is none, the worker is the only one.
    using HandOver = bool (*)(void* context, unsigned worker, const Arrival& arrival);
    void set_hand_over(HandOver function, void* context);
    bool is_alone() const { return hand_over_ == nullptr; }
    // send(PortId to, Outbox&) for every port with frames waiting; it must empty the outbox.
    // What it sends to a mirror's output is sent, too.
    template <class Send> void drain(Send send) {
        for (size_t i = 0; i < pending_.size(); ++i) {
            const PortId to = pending_[i];
            State& s = *state(to);
            s.pending = false;
            if (s.outbox.count)
                send(to, s.outbox);
        }
        pending_.clear();
    }
    // Before they are transmitted on a port of this worker: drops those of the outbox's frames that
    // exceed what the port may get a second; mirrors get their copies of the others.
    void before_transmission(const Fabric& fabric, PortId to, Outbox& outbox) {
        const LocalPort* port = fabric.port(to);
        if (port && port->limits.bandwidth_in) [[unlikely]]
            keep_within(to, outbox, *port->limits.bandwidth_in);
        if (port && !port->sent_to.empty()) [[unlikely]]
            mirror_sent(fabric, *port, outbox);
    }
    // A copy of the frame, which came from the port `cause`, into the outbox of a mirror's output;
    // counted as `replicated`, or, where there is no buffer for it, as a loss, too.
    void send_copy(const rte_mbuf* frame, PortId cause, PortId output);
    // The driver took the first `accepted` frames: counted as tx. The rest is dropped as `tx.full`.
    void transmitted(Outbox& outbox, uint16_t accepted);
    // Another worker's ring took the first `accepted`. The rest is dropped as `tx.handover_full`.
    void handed_over(Outbox& outbox, uint16_t accepted);
    // Puts a frame in the port's outbox, at the end. origin: the port that it came from, which
    // mbuf->port holds too: the one that a frame from a ring comes with.
    void enqueue(PortId to, rte_mbuf* frame, PortId origin) {
        State* s = state(to);
        if (!s || s->outbox.is_empty_or_full()) [[unlikely]]
            return enqueue_slowly(s, to, frame, origin);
        s->outbox.add(frame, origin);
    }
    void enqueue(PortId to, rte_mbuf* frame); // the same, origin from mbuf->port
    // Counts the end of a frame on the port that it came from, and frees it.
    void drop(rte_mbuf* frame, Verdict why);

    // --- the worker's thread: pipeline and stages
    void set_now(uint64_t ticks) { // once a burst
        now_ = ticks;
        connections_->set_now(Moment{static_cast<uint32_t>(ticks / ticks_per_ms_)});
    }
    uint64_t now() const { return now_; }
    static constexpr size_t burst = 32; // packets, at most
    Connections& connections() { return *connections_; }
    Fragments& fragments() { return fragments_; }
    // Where known connections are decided once more (stages/recheck.h): of one packet of so many.
    void recheck_every(unsigned packets) { recheck_every_ = packets; }
    bool rechecks() { return ++rechecked_ % recheck_every_ == 0; }
    // Once a burst, before its packets: what has changed since the Fabric that was seen last makes
    // decisions stale.
    void see(const Fabric& fabric) {
        passages_used_ = 0;
        if (fabric.serial() != seen_serial_) [[unlikely]]
            adopt(fabric);
        fragments_.expire(now_);
    }
    // One for a packet of the burst.
    Passage& take_passage() { return passages_[passages_used_++]; }
    // A frame made by this host because of one that came from `cause`, where it is counted as
    // `generated`: into the outbox of a port, or, as from a router in the segment, on after the
    // burst. What finds no buffer is not made.
    void generate(std::span<const uint8_t> frame, PortId cause, PortId to);
    void generate(std::span<const uint8_t> frame, PortId cause, SegmentId in);
    // True where routers may answer one more packet because of the port with an error: of these
    // (errors, errors_to) it has not had that limit a second, nor have all ports together theirs.
    bool may_answer(PortId port, Metered what, const Rate& limit);
    // Goes on after the burst; a full queue drops it: false.
    bool queue(const Arrival& arrival);
    // The same, at the worker that has the port for which it is.
    void hand_over(unsigned worker, const Arrival& arrival);
    std::optional<Arrival> next_arrival() { return arrivals_.pop(); }
    void count(PortId port, Verdict verdict, uint64_t packets = 1) {
        if (State* s = state(port)) [[likely]]
            s->counters.add(verdict, packets);
        else
            nobody_.add(verdict, packets);
    }
    // True where so many more of these stay within the port's rate.
    bool may(PortId port, Metered what, const Rate& rate, uint64_t units = 1);
    void notice(const Notice& notice);
    // The same of what each of many packets may say: at most once in so many milliseconds, as long
    // as the Fabric is the same.
    void notice_once(const Notice& notice, uint32_t period);
    // The rule because of which the packet at hand is denied, for its trace.
    void set_denied_by(std::optional<RuleId> rule) { denied_by_ = rule; }
    std::optional<RuleId> denied_by() const { return denied_by_; }
    // A rule has decided about a connection; or also about a packet that begins one and is denied.
    void count(RuleId rule) { hits_.count(rule); }
    // What a rule that is logged has decided: kept, as far as the port's and the worker's limits
    // go.
    void log(FirewallEvent event);
    rte_mempool* copies() const { return copies_; }
    bool timing() const { return timing_.load(std::memory_order_relaxed); }
    void timed(Stage stage, uint64_t ticks, uint64_t packets);

private:
    // All that a worker keeps for one port; one allocation, made by open_port().
    struct State {
        Counters counters;
        Outbox outbox;
        std::array<Meter, metered_count> meters;
        uint32_t not_logged = 0; // events since the last one that was
        bool pending = false;    // in pending_, as is all that is not empty

        // What is of the port's former NIC goes, but for what lies in the outbox.
        void begin_anew() {
            counters.clear();
            meters = {};
            not_logged = 0;
        }
    };
    State* state(PortId port) const {
        return port.value() < states_.size() ? states_[port.value()].load(std::memory_order_acquire)
                                             : nullptr;
    }
    void enqueue_slowly(State* to_state, PortId to, rte_mbuf* frame, PortId origin);
    void count_origins(const Outbox& outbox, uint16_t count, Verdict verdict);
    void drop_from(Outbox& outbox, uint16_t first, Verdict why);
    void keep_within(PortId to, Outbox& outbox, const Rate& bandwidth);
    void mirror_sent(const Fabric& fabric, const LocalPort& port, const Outbox& outbox);
    void adopt(const Fabric& fabric);
    static bool let_go(void* worker, const Arrival& fragment, Verdict why);
    rte_mbuf* make(std::span<const uint8_t> frame, PortId cause, size_t size);

    const unsigned index_;
    rte_mempool* const copies_;
    const uint64_t ticks_per_second_, ticks_per_ms_;
    uint64_t now_ = 0;
    const std::unique_ptr<Connections> connections_;
    uint64_t seen_serial_ = 0; // of the Fabric
    bool merges_ = true;
    unsigned recheck_every_ = 64, rechecked_ = 0;
    std::vector<Passage> passages_;
    size_t passages_used_ = 0; // of this burst
    SpscRing<Arrival> arrivals_{256};
    Fragments fragments_;
    Meter answers_; // of all ports together
    Flush flush_ = nullptr;
    void* flush_context_ = nullptr;
    HandOver hand_over_ = nullptr;
    void* hand_over_context_ = nullptr;
    std::vector<PortId> pending_; // ports whose outbox was used since the last drain()
    std::array<std::atomic<State*>, Destination::max_ports> states_{};
    Counters nobody_; // packets of ports that are not open here; stays 0
    Trace trace_;
    SpscRing<Notice> notices_{1024};
    RecentNotices noticed_;
    std::optional<RuleId> denied_by_;
    Hits hits_;
    SpscRing<FirewallEvent> firewall_events_{1024};
    Meter logged_; // of all ports together
    std::atomic<uint64_t> suppressed_{0};
    std::atomic<bool> timing_{false};
    std::array<std::atomic<uint64_t>, stage_count> stage_ticks_{}, stage_packets_{};
};

} // namespace ringfence
