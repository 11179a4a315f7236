// The loops of the pipeline. One shows a stage every packet of a burst; the other, for the slow
// path, takes each packet through several stages before the next one, which may be of the
// connection that this one begins. Both do what is the same for all stages: the time it takes, the
// trace, and the end of packets that a stage does not let on.
#pragma once

#include <algorithm>
#include <cstring>
#include <initializer_list>

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
            return goes_on(stage, decide(fabric, worker, packet), packet);
        });
        if (began) [[unlikely]]
            worker.timed(stage, rte_rdtsc() - began, met);
    }
    template <class Decide> void operator()(Stage stage, Decide decide, Burst& burst) const {
        (*this)(stage, decide, burst, [](const Packet&) { return true; });
    }

    // A stage and its decision, for in_turn().
    struct Step {
        Stage stage;
        Verdict (*decide)(const Fabric&, Worker&, Packet&);
    };
    template <class Applies>
    void in_turn(std::initializer_list<Step> steps, Burst& burst, Applies applies) const {
        burst.keep([&](Packet& packet) {
            for (const Step& step : steps)
                if (applies(packet) && !take(step, packet))
                    return false;
            return true;
        });
    }

    const Fabric& fabric() const { return fabric_; }
    Worker& worker() const { return worker_; }

private:
    bool take(const Step& step, Packet& packet) const {
        uint64_t began = worker_.timing() ? rte_rdtsc() : 0;
        bool on = goes_on(step.stage, step.decide(fabric_, worker_, packet), packet);
        if (began) [[unlikely]]
            worker_.timed(step.stage, rte_rdtsc() - began, 1);
        return on;
    }
    bool goes_on(Stage stage, Verdict verdict, Packet& packet) const {
        if (packet.traced) [[unlikely]]
            trace(stage, packet, verdict);
        if (verdict == Verdict::next) [[likely]]
            return true;
        if (verdict != Verdict::held)
            worker_.drop(packet.mbuf, verdict);
        return false;
    }
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
