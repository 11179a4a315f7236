// The one loop of the pipeline: shows a stage every packet of a burst, and does for every stage
// what is the same for all: the time it takes, the trace, and the end of packets that it does not
// let on.
#pragma once

#include <algorithm>
#include <cstring>

#include <rte_cycles.h>

#include "core/packet/packet.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

class Each {
public:
    Each(const Fabric& fabric, Worker& worker) : fabric_(fabric), worker_(worker) {}

    // decide(const Fabric&, Worker&, Packet&) -> Verdict. Packets for which applies(packet) does
    // not hold go on without meeting it.
    template <class Decide, class Applies>
    void operator()(Stage stage, Decide decide, Burst& burst, Applies applies) const {
        if (burst.size() == 0)
            return;
        const Fabric& fabric = fabric_;
        Worker& worker = worker_;
        uint64_t began = worker.timing() ? rte_rdtsc() : 0;
        uint16_t met = burst.size();
        burst.keep([&](Packet& packet) {
            if (!applies(packet))
                return true;
            Verdict verdict = decide(fabric, worker, packet);
            if (packet.traced) [[unlikely]]
                trace(stage, packet, verdict);
            if (verdict == Verdict::next) [[likely]]
                return true;
            worker.drop(packet.mbuf, verdict);
            return false;
        });
        if (began) [[unlikely]]
            worker.timed(stage, rte_rdtsc() - began, met);
    }
    template <class Decide> void operator()(Stage stage, Decide decide, Burst& burst) const {
        (*this)(stage, decide, burst, [](const Packet&) { return true; });
    }

    const Fabric& fabric() const { return fabric_; }
    Worker& worker() const { return worker_; }

private:
    [[gnu::cold, gnu::noinline]] void trace(Stage stage, const Packet& packet,
                                            Verdict verdict) const {
        TraceRecord record{};
        record.packet = packet.traced;
        record.port = packet.mbuf->port;
        if (packet.segment)
            record.segment = packet.segment->id();
        record.stage = stage;
        record.verdict = verdict;
        record.length = static_cast<uint16_t>(packet.length);
        record.captured = static_cast<uint8_t>(std::min<size_t>(packet.linear, record.head.size()));
        std::memcpy(record.head.data(), packet.data, record.captured);
        worker_.trace().record(record);
    }

    const Fabric& fabric_;
    Worker& worker_;
};

} // namespace ringfence
