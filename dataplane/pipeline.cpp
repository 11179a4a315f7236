// The screen: every stage, in order. Bursts of up to 32; each (each.h) is the loop over one.
#include "dataplane/pipeline.h"

#include <algorithm>

#include "dataplane/each.h"
#include "dataplane/stages/flood.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

namespace {

constexpr auto asks = [](const Packet& packet) { return packet.asks; };
constexpr auto is_undecided = [](const Packet& packet) {
    return packet.out.kind == Out::Kind::undecided;
};
constexpr auto is_flooded = [](const Packet& packet) {
    return packet.out.kind == Out::Kind::flood;
};
constexpr auto goes_to_vtep = [](const Packet& packet) {
    return packet.out.kind == Out::Kind::vtep;
};

void transmit(const Each& each, Burst& burst) {
    if (burst.has(Mark::vtep))
        each(Stage::encapsulate, encapsulate, burst, goes_to_vtep);
    each(Stage::send, send, burst);
}

// Copies go out before the packet that they were made of is changed.
void replicate(const Each& each, Burst& burst) {
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

void deliver(const Each& each, Burst& burst) {
    if (burst.has(Mark::flood))
        replicate(each, burst);
    transmit(each, burst);
}

void from_nic(const Each& each, Burst& burst) {
    each(Stage::parse, parse, burst);
    each(Stage::admit, admit, burst);
    if (burst.has(Mark::asks))
        each(Stage::answer, answer, burst, asks);
    each(Stage::bridge, bridge, burst, is_undecided);
    deliver(each, burst);
}

void from_uplink(const Each& each, Burst& burst) {
    each(Stage::decapsulate, decapsulate, burst);
    each(Stage::parse, parse, burst, is_undecided);
    each(Stage::check_sender, check_sender, burst, is_undecided);
    each(Stage::bridge, bridge, burst, is_undecided);
    deliver(each, burst);
}

void from_shadow(const Each& each, Burst& burst) {
    each(Stage::bridge, pass_to_uplink, burst);
    each(Stage::send, send, burst);
}

void from_nobody(const Each& each, Burst& burst) { each(Stage::admit, refuse_unbound, burst); }

void run(const Each& each, const LocalPort* port, Burst& burst) {
    switch (port ? port->kind : PortKind::unbound) {
    case PortKind::nic:
        return from_nic(each, burst);
    case PortKind::uplink:
        return from_uplink(each, burst);
    case PortKind::shadow:
        return from_shadow(each, burst);
    case PortKind::unbound:
        return from_nobody(each, burst);
    }
}

} // namespace

void process(const Fabric& fabric, Worker& worker, PortId from, rte_mbuf** frames, uint16_t n) {
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
        run(Each(fabric, worker), port, burst);
        done = static_cast<uint16_t>(done + size);
    }
}

} // namespace ringfence
