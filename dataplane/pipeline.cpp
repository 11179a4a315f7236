// The screen: every stage, in order. Bursts of up to 32; each (each.h) is the loop over one.
#include "dataplane/pipeline.h"

#include <algorithm>

#include "core/wire/ip.h"
#include "dataplane/each.h"
#include "dataplane/stages/flood.h"
#include "dataplane/stages/large.h"
#include "dataplane/stages/merge.h"
#include "dataplane/stages/split.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

namespace {

constexpr auto asks = [](const Packet& packet) { return packet.asks; };
constexpr auto is_undecided = [](const Packet& packet) {
    return packet.out.kind == Out::Kind::undecided;
};
constexpr auto is_new = [](const Packet& packet) {
    return packet.passage && packet.out.kind == Out::Kind::undecided;
};
constexpr auto is_fragment = [](const Packet& packet) {
    return packet.is_fragment && packet.passage;
};
constexpr auto is_too_large = [](const Packet& packet) { return packet.largest != 0; };
constexpr auto claims_to_be_large = [](const Packet& packet) { return is_large(*packet.mbuf); };
constexpr auto is_tcp = [](const Packet& packet) {
    return packet.protocol == ip_protocol::tcp && is_undecided(packet);
};
constexpr auto is_flooded = [](const Packet& packet) {
    return packet.out.kind == Out::Kind::flood;
};
constexpr auto goes_to_vtep = [](const Packet& packet) {
    return packet.out.kind == Out::Kind::vtep;
};

[[gnu::cold, gnu::noinline]] void encapsulate_some_large(const Each& each, Burst& burst) {
    each(Stage::encapsulate, encapsulate_large, burst, goes_to_vtep);
}

void transmit(const Each& each, Burst& burst) {
    if (burst.has(Mark::vtep)) {
        if (burst.has(Mark::large)) [[unlikely]]
            encapsulate_some_large(each, burst);
        else
            each(Stage::encapsulate, encapsulate, burst, goes_to_vtep);
    }
    each(Stage::send, send, burst);
}

// To ports of a bridge without a fabric.
void transmit_bridged(const Each& each, Burst& burst) {
    each(Stage::send, retag, burst);
    each(Stage::send, send, burst);
}

// Copies go out before the packet that they were made of is changed.
template <class Transmit> void replicate(const Each& each, Burst& burst, Transmit transmit) {
    Burst copies;
    auto flood_one = [&](const Fabric& fabric, Worker& worker, Packet& packet) {
        return flood(fabric, worker, packet, copies, [&] {
            transmit(each, copies);
            copies.clear();
        });
    };
    each(Stage::flood, flood_one, burst, is_flooded);
    transmit(each, copies);
}

// What is too large for its way goes in pieces, as the packet that it has become.
void split_up(const Each& each, Burst& burst) {
    Burst pieces;
    auto split_one = [&](const Fabric&, Worker& worker, Packet& packet) {
        return split(worker, packet, pieces, [&] {
            transmit(each, pieces);
            pieces.clear();
        });
    };
    each(Stage::split, split_one, burst, is_too_large);
    transmit(each, pieces);
}

void deliver(const Each& each, Burst& burst) {
    if (burst.has(Mark::fragments))
        each(Stage::connection, vouch, burst, is_fragment);
    if (burst.has(Mark::too_large))
        split_up(each, burst);
    if (burst.has(Mark::flood))
        replicate(each, burst, transmit);
    transmit(each, burst);
}

// The fast path: three steps, each for the whole burst. The slow one has a limit.
void follow_connections(const Each& each, Burst& burst) {
    each(Stage::connection, aim, burst, is_undecided);
    if (!burst.has(Mark::connections))
        return;
    each(Stage::connection, pick, burst, is_new);
    each(Stage::connection, connection, burst, is_new);
    if (burst.has(Mark::undecided))
        each(Stage::limit, limit_slow_path, burst, is_new);
}

// Where to. What meets connections and is of none begins one, by the slow path.
void decide(const Each& each, Burst& burst) {
    if (burst.has(Mark::undecided))
        each.in_turn({{Stage::relate, relate},
                      {Stage::route, route},
                      {Stage::bridge, bridge},
                      {Stage::judge, judge},
                      {Stage::connect, connect}},
                     burst, is_new);
    each(Stage::bridge, bridge, burst, is_undecided);
}

void from_nic(const Each& each, Burst& burst) {
    each(Stage::parse, parse, burst);
    each(Stage::admit, admit, burst);
    if (burst.has(Mark::asks))
        each(Stage::answer, answer, burst, asks);
    if (burst.has(Mark::routers))
        follow_connections(each, burst);
    decide(each, burst);
    deliver(each, burst);
}

void from_vtep(const Each& each, Burst& burst) {
    if (burst.has(Mark::routers))
        follow_connections(each, burst);
    each(Stage::check_sender, check_sender, burst, is_undecided);
    decide(each, burst);
    deliver(each, burst);
}

// Held until now, when it had been admitted.
void from_sender(const Each& each, Burst& burst) {
    each(Stage::parse, parse, burst);
    follow_connections(each, burst);
    decide(each, burst);
    deliver(each, burst);
}

[[gnu::cold, gnu::noinline]] void put_together(const Each& each, Burst& burst) {
    Merge merge;
    auto one = [&](const Fabric& fabric, Worker& worker, Packet& packet) {
        return merge(fabric, worker, packet);
    };
    each(Stage::decapsulate, one, burst, is_tcp);
}

void from_uplink(const Each& each, Burst& burst) {
    each(Stage::decapsulate, decapsulate, burst);
    each(Stage::parse, parse, burst, is_undecided);
    if (each.worker().merges() && Merge::is_worthwhile(burst)) [[unlikely]]
        put_together(each, burst);
    if (burst.has(Mark::routers) && !each.worker().is_alone())
        each(Stage::connection, find_worker, burst, is_undecided);
    from_vtep(each, burst);
}

// Handed over by another local port, in the segment between the two.
void from_port(const Each& each, Burst& burst) {
    each(Stage::parse, parse, burst);
    follow_connections(each, burst);
    each(Stage::check_sender, trace_back, burst, is_new);
    decide(each, burst);
    deliver(each, burst);
}

// Made by a router of this host.
void from_router(const Each& each, Burst& burst) {
    each(Stage::parse, parse, burst);
    each(Stage::route, enrol, burst);
    each(Stage::route, route, burst);
    each(Stage::bridge, bridge, burst, is_new);
    each(Stage::route, pass_on, burst, is_new);
    deliver(each, burst);
}

// Into the burst, as a frame that its own port has sent; not where that or the segment is gone, or
// the port has been given another NIC since.
void arrive(const Fabric& fabric, Worker& worker, const Arrival& arrival, Burst& burst) {
    const LocalPort* port = fabric.port(PortId(arrival.frame->port));
    const Segment* segment = fabric.segment(arrival.segment);
    bool was_held = arrival.from == Arrival::From::sender;
    if (!port || !segment || (was_held && port->segment != arrival.segment))
        return worker.drop(arrival.frame, Verdict::tx_no_port);
    Packet& packet = burst.add(arrival.frame);
    packet.port = port;
    packet.segment = segment;
    packet.from_tunnel = arrival.from == Arrival::From::vtep;
    packet.peer = arrival.peer;
    packet.outer_ecn = arrival.outer_ecn;
    packet.handed_over = arrival.from == Arrival::From::port;
    packet.generated = arrival.from == Arrival::From::router;
    if (is_large(*arrival.frame)) [[unlikely]]
        packet.mark(Mark::large);
    if (worker.trace().armed()) [[unlikely]]
        packet.traced = worker.trace().begin();
}

[[gnu::cold, gnu::noinline]] void check_claims(const Each& each, Burst& burst) {
    burst.mark(Mark::large);
    each(Stage::admit, check_large, burst, claims_to_be_large);
}

void from_shadow(const Each& each, Burst& burst) {
    each(Stage::bridge, pass_to_uplink, burst);
    each(Stage::send, send, burst);
}

// A bridge without a fabric: nothing but layer 2, and none of it leaves this host in a tunnel.
void from_bridged(const Each& each, Burst& burst) {
    each(Stage::admit, admit_bridged, burst);
    each(Stage::bridge, bridge, burst);
    if (burst.has(Mark::flood))
        replicate(each, burst, transmit_bridged);
    transmit_bridged(each, burst);
}

void from_nobody(const Each& each, Burst& burst) { each(Stage::admit, refuse_unbound, burst); }

void run(const Each& each, const LocalPort* port, Burst& burst) {
    switch (port ? port->kind : PortKind::unbound) {
    case PortKind::nic:
        return from_nic(each, burst);
    case PortKind::bridged:
        return from_bridged(each, burst);
    case PortKind::uplink:
        return from_uplink(each, burst);
    case PortKind::shadow:
        return from_shadow(each, burst);
    case PortKind::unbound:
        return from_nobody(each, burst);
    }
}

void run(const Each& each, Arrival::From from, Burst& burst) {
    switch (from) {
    case Arrival::From::port:
        return from_port(each, burst);
    case Arrival::From::vtep:
        each(Stage::parse, parse, burst);
        return from_vtep(each, burst);
    case Arrival::From::router:
        return from_router(each, burst);
    case Arrival::From::sender:
        return from_sender(each, burst);
    }
}

} // namespace

// Neighbours of one kind are a burst; they may bring more.
void process_arrivals(const Fabric& fabric, Worker& worker) {
    for (auto next = worker.next_arrival(); next; next = next ? next : worker.next_arrival()) {
        Burst burst;
        worker.see(fabric);
        const Arrival::From from = next->from;
        for (; next && next->from == from && !burst.full(); next = worker.next_arrival())
            arrive(fabric, worker, *next, burst);
        burst.mark(Mark::routers);
        run(Each(fabric, worker), from, burst);
    }
}

void process(const Fabric& fabric, Worker& worker, PortId from, rte_mbuf** frames, uint16_t n,
             Frames kind) {
    const LocalPort* port = fabric.port(from);
    const Segment* segment = port && port->segment ? fabric.segment(*port->segment) : nullptr;
    worker.set_now(rte_rdtsc());
    worker.count(from, Verdict::rx, n);
    for (uint16_t done = 0; done < n;) {
        Burst burst;
        uint16_t size = std::min<uint16_t>(Burst::capacity, static_cast<uint16_t>(n - done));
        const bool tracing = worker.trace().armed();
        burst.fill(frames + done, size, [&](Packet& packet) {
            packet.mbuf->port = static_cast<uint16_t>(from.value());
            packet.port = port;
            packet.segment = segment;
            if (tracing) [[unlikely]]
                packet.traced = worker.trace().begin();
        });
        if (segment && (segment->has_routers() || !port->policies.empty()))
            burst.mark(Mark::routers);
        worker.see(fabric);
        Each each(fabric, worker);
        if (kind == Frames::some_large) [[unlikely]]
            check_claims(each, burst);
        if (port && !port->received_to.empty()) [[unlikely]]
            each(Stage::admit, mirror, burst);
        if (port && port->limits.limit_all_sent()) [[unlikely]]
            each(Stage::limit, limit_sent, burst);
        run(each, port, burst);
        process_arrivals(fabric, worker);
        done = static_cast<uint16_t>(done + size);
    }
}

} // namespace ringfence
