#include "dataplane/worker/worker.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <rte_mbuf.h>

#include "dataplane/worker/runt.h"

namespace ringfence {

namespace {

// Notices a second that one port can cause: a guest must not crowd out the others' in the queue.
constexpr Rate notice_limit = Rate::each_second(64);

// Decisions of firewalls a second that one port, and all of a worker's, can have logged.
constexpr Rate log_limit = Rate::each_second(100), worker_log_limit = Rate::each_second(1'000);

// Packets a second, of all ports, that routers answer with an error.
constexpr Rate answer_limit = Rate::each_second(10'000);

std::unique_ptr<Connections> own_connections() {
    auto made = Connections::create({}, {});
    if (!made)
        throw std::runtime_error(made.error().text);
    return std::move(*made);
}

} // namespace

Worker::Worker(unsigned index, rte_mempool* copies, uint64_t ticks_per_second,
               std::unique_ptr<Connections> connections)
    : index_(index), copies_(copies), ticks_per_second_(ticks_per_second),
      ticks_per_ms_(ticks_per_second / 1'000), connections_(std::move(connections)),
      passages_(burst), fragments_({}, ticks_per_second, let_go, this) {
    pending_.reserve(Destination::max_ports);
}

Worker::Worker(unsigned index, rte_mempool* copies, uint64_t ticks_per_second)
    : Worker(index, copies, ticks_per_second, own_connections()) {}

Worker::~Worker() {
    fragments_.clear();
    while (auto arrival = next_arrival())
        rte_pktmbuf_free(arrival->frame);
    for (auto& slot : states_) {
        std::unique_ptr<State> state(slot.load());
        if (state && state->outbox.count)
            rte_pktmbuf_free_bulk(state->outbox.frames.data(), state->outbox.count);
    }
}

void Worker::open_port(PortId port) {
    auto& slot = states_[port.value()];
    if (State* old = slot.load())
        old->begin_anew();
    else
        slot.store(new State, std::memory_order_release);
}

CounterSums Worker::counters(PortId port) const {
    CounterSums sums;
    if (const State* s = state(port))
        sums += s->counters;
    return sums;
}

CounterSums Worker::total() const {
    CounterSums sums;
    for (const auto& slot : states_)
        if (const State* s = slot.load(std::memory_order_acquire))
            sums += s->counters;
    sums += nobody_;
    return sums;
}

void Worker::set_flush(Flush flush, void* context) {
    flush_ = flush;
    flush_context_ = context;
}

void Worker::enqueue(PortId to, rte_mbuf* frame) { enqueue(to, frame, PortId(frame->port)); }

// The port is closed, its outbox full, or this the first frame since the last drain().
void Worker::enqueue_slowly(State* to_state, PortId to, rte_mbuf* frame, PortId origin) {
    if (!to_state) {
        drop(frame, Verdict::tx_no_port);
        return;
    }
    Outbox& outbox = to_state->outbox;
    if (outbox.count == Outbox::capacity && flush_)
        flush_(flush_context_, *this, to, outbox);
    if (outbox.count == Outbox::capacity) {
        drop(frame, Verdict::tx_full);
        return;
    }
    if (!to_state->pending) {
        to_state->pending = true;
        pending_.push_back(to);
    }
    outbox.add(frame, origin);
}

void Worker::transmitted(Outbox& outbox, uint16_t accepted) {
    count_origins(outbox, accepted, Verdict::tx);
    drop_from(outbox, accepted, Verdict::tx_full);
}

void Worker::handed_over(Outbox& outbox, uint16_t accepted) {
    drop_from(outbox, accepted, Verdict::tx_handover_full);
}

// Neighbours in an outbox mostly came from the same port: they are counted in runs.
void Worker::count_origins(const Outbox& outbox, uint16_t count_, Verdict verdict) {
    for (uint16_t i = 0, run = 1; i < count_; i = static_cast<uint16_t>(i + run), run = 1) {
        while (i + run < count_ && outbox.origins[i + run] == outbox.origins[i])
            ++run;
        count(PortId(outbox.origins[i]), verdict, run);
    }
}

void Worker::drop_from(Outbox& outbox, uint16_t first, Verdict why) {
    for (uint16_t i = first; i < outbox.count; ++i)
        drop(outbox.frames[i], why);
    outbox.count = 0;
}

void Worker::drop(rte_mbuf* frame, Verdict why) {
    count(PortId(frame->port), why);
    rte_pktmbuf_free(frame);
}

void Worker::generate(std::span<const uint8_t> frame, PortId cause, PortId to) {
    if (rte_mbuf* mbuf = make(frame, cause, std::max<size_t>(frame.size(), min_frame)))
        enqueue(to, mbuf, cause);
}

void Worker::generate(std::span<const uint8_t> frame, PortId cause, SegmentId in) {
    if (rte_mbuf* mbuf = make(frame, cause, frame.size()))
        queue({mbuf, in, Arrival::From::router});
}

// The frame, and zeros behind it up to that size.
rte_mbuf* Worker::make(std::span<const uint8_t> frame, PortId cause, size_t size) {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(copies_);
    char* room = mbuf ? rte_pktmbuf_append(mbuf, static_cast<uint16_t>(size)) : nullptr;
    if (!room) {
        rte_pktmbuf_free(mbuf);
        return nullptr;
    }
    std::memset(std::copy(frame.begin(), frame.end(), room), 0, size - frame.size());
    mbuf->port = static_cast<uint16_t>(cause.value());
    count(cause, Verdict::generated);
    return mbuf;
}

bool Worker::may(PortId port, Metered what, const Rate& rate, uint64_t units) {
    State* s = state(port);
    return s && s->meters[static_cast<size_t>(what)].take(now_, ticks_per_second_, rate, units);
}

void Worker::keep_within(PortId to, Outbox& outbox, const Rate& bandwidth) {
    uint16_t kept = 0;
    for (uint16_t i = 0; i < outbox.count; ++i) {
        if (may(to, Metered::bytes_in, bandwidth, outbox.frames[i]->pkt_len)) {
            outbox.frames[kept] = outbox.frames[i];
            outbox.origins[kept++] = outbox.origins[i];
        } else {
            drop(outbox.frames[i], Verdict::limit_bandwidth_in);
            count(to, Verdict::limited_bandwidth_in);
        }
    }
    outbox.count = kept;
}

void Worker::send_copy(const rte_mbuf* frame, PortId cause, PortId output) {
    count(cause, Verdict::replicated);
    rte_mbuf* twin = rte_pktmbuf_copy(frame, copies_, 0, UINT32_MAX);
    if (!twin)
        return count(cause, Verdict::bridge_no_buffer);
    twin->port = static_cast<uint16_t>(cause.value());
    if (twin->pkt_len < min_frame)
        pad(twin);
    enqueue(output, twin, cause);
}

// Not of what its output got already when it was received. What goes back to where it is from was
// made here for it: an answer.
void Worker::mirror_sent(const Fabric& fabric, const LocalPort& port, const Outbox& outbox) {
    for (uint16_t i = 0; i < outbox.count; ++i) {
        const PortId origin(outbox.origins[i]);
        const LocalPort* from = fabric.port(origin);
        for (PortId output : port.sent_to)
            if (!from || origin == port.id || std::ranges::count(from->received_to, output) == 0)
                send_copy(outbox.frames[i], origin, output);
    }
}

bool Worker::may_answer(PortId port, Metered what, const Rate& limit) {
    return may(port, what, limit) && answers_.take(now_, ticks_per_second_, answer_limit);
}

bool Worker::queue(const Arrival& arrival) {
    bool queued = arrivals_.push(arrival);
    if (!queued)
        drop(arrival.frame, Verdict::tx_handover_full);
    return queued;
}

void Worker::set_hand_over(HandOver function, void* context) {
    hand_over_ = function;
    hand_over_context_ = context;
}

void Worker::hand_over(unsigned worker, const Arrival& arrival) {
    if (worker == index_ || !hand_over_)
        queue(arrival);
    else if (!hand_over_(hand_over_context_, worker, arrival))
        drop(arrival.frame, Verdict::tx_handover_full);
}

void Worker::adopt(const Fabric& fabric) {
    auto raise = [&](PortId port) {
        claim(*connections_, fabric, port);
        connections_->raise(port);
    };
    connections_->share_among(fabric.nics_of(index_));
    bool known = fabric.changes_since(seen_serial_, [&](const Change& change) {
        if (change.effect != Change::Effect::widens)
            connections_->for_each_port_that_noted(change.object, raise);
        if (change.effect != Change::Effect::raises)
            connections_->widen_object(change.object);
    });
    for (uint32_t port = 0; !known && port < Destination::max_ports; ++port) {
        raise(PortId(port));
        connections_->widen(PortId(port));
    }
    seen_serial_ = fabric.serial();
}

uint32_t owner_of(const LocalPort* port) {
    if (!port || !port->segment)
        return no_owner;
    return static_cast<uint32_t>(mix(port->mac.to_u64(), port->segment->value()) >> 16) | 2;
}

void claim(Connections& connections, const Fabric& fabric, PortId id) {
    const LocalPort* port = fabric.port(id);
    connections.claim(id, owner_of(port), port ? port->limits.connections : 0);
}

bool Worker::let_go(void* worker, const Arrival& fragment, Verdict why) {
    auto& self = *static_cast<Worker*>(worker);
    if (why == Verdict::next)
        return self.queue(fragment);
    self.drop(fragment.frame, why);
    return false;
}

void Worker::notice(const Notice& notice) {
    if (may(notice.port, Metered::notices, notice_limit))
        notices_.push(notice);
}

void Worker::notice_once(const Notice& it, uint32_t period) {
    if (noticed_.is_news(it, seen_serial_, now_, period * ticks_per_second_ / 1'000))
        notice(it);
}

void Worker::log(FirewallEvent event) {
    State* s = state(event.port);
    if (!s)
        return;
    event.suppressed = s->not_logged;
    bool kept = may(event.port, Metered::logged, log_limit) &&
                logged_.take(now_, ticks_per_second_, worker_log_limit) &&
                firewall_events_.push(event);
    s->not_logged = kept ? 0 : s->not_logged + 1;
    if (!kept)
        suppressed_.store(suppressed_.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
}

void Worker::timed(Stage stage, uint64_t ticks, uint64_t packets) {
    auto add = [](std::atomic<uint64_t>& sum, uint64_t more) {
        sum.store(sum.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    };
    add(stage_ticks_[static_cast<size_t>(stage)], ticks);
    add(stage_packets_[static_cast<size_t>(stage)], packets);
}

Worker::StageTime Worker::stage_time(Stage stage) const {
    return {stage_ticks_[static_cast<size_t>(stage)].load(std::memory_order_relaxed),
            stage_packets_[static_cast<size_t>(stage)].load(std::memory_order_relaxed)};
}

} // namespace ringfence
