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
        uint64_t began = worker_.timing() ? rte_rdtsc() : 0;
        uint16_t met = burst.size();
        burst.keep([&](Packet& packet) {
            if (!applies(packet))
                return true;
            return goes_on(decided(stage, decide, packet), packet);
        });
        if (began) [[unlikely]]
            worker_.timed(stage, rte_rdtsc() - began, met);
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
        bool on = goes_on(decided(step.stage, step.decide, packet), packet);
        if (began) [[unlikely]]
            worker_.timed(step.stage, rte_rdtsc() - began, 1);
        return on;
    }
    template <class Decide> Verdict decided(Stage stage, Decide& decide, Packet& packet) const {
        if (packet.traced) [[unlikely]]
            return traced(stage, decide, packet);
        return decide(fabric_, worker_, packet);
    }
    bool goes_on(Verdict verdict, Packet& packet) const {
        if (verdict == Verdict::next) [[likely]]
            return true;
        if (verdict != Verdict::held)
            worker_.drop(packet.mbuf, verdict);
        return false;
    }
    // Records the frame as the stage left it; as it found it where it gave it away, to others who
    // may have changed or freed it since. The decision by value: one whose address is taken would
    // be called by a pointer, untraced too.
    template <class Decide>
    [[gnu::cold, gnu::noinline]] Verdict traced(Stage stage, Decide decide, Packet& packet) const {
        TraceRecord record = record_of(stage, packet);
        Verdict verdict = decide(fabric_, worker_, packet);
        if (verdict != Verdict::held && stage != Stage::send)
            record = record_of(stage, packet);
        record.verdict = verdict;
        if (verdict == Verdict::fw_denied || verdict == Verdict::fw_rejected)
            record.rule = worker_.denied_by();
        worker_.trace().record(record);
        return verdict;
    }
    static TraceRecord record_of(Stage stage, const Packet& packet) {
        TraceRecord record{};
        record.packet = packet.traced;
        record.port = packet.mbuf->port;
        if (packet.segment)
            record.segment = packet.segment->id();
        record.stage = stage;
        record.length = static_cast<uint16_t>(std::min(packet.length, uint32_t{UINT16_MAX}));
        record.captured = static_cast<uint8_t>(std::min<size_t>(packet.linear, record.head.size()));
        std::memcpy(record.head.data(), packet.data, record.captured);
        return record;
    }

    const Fabric& fabric_;
    Worker& worker_;
};

} // namespace ringfence
