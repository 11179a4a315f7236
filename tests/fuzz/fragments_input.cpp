#include <vector>

#include <rte_mbuf.h>

#include "dataplane/connection/fragments.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/one_input.h"
#include "tests/packet/lab.h"

namespace ringfence::fuzz {

namespace {

// Limits that a short script reaches.
constexpr FragmentLimits limits{.datagrams = 6,
                                .pieces = 12,
                                .held = 6,
                                .datagrams_each = 4,
                                .held_each = 4,
                                .pieces_of_one = 5,
                                .seconds = 3,
                                .seconds6 = 6};

test::Lab& buffers() {
    static auto* lab = new test::Lab; // lives as long as the process
    return *lab;
}

// Counts what the table still has.
struct Holder {
    unsigned held = 0, released = 0;

    static bool leave(void* context, const Arrival& arrival, Verdict why) {
        auto& holder = *static_cast<Holder*>(context);
        --holder.held;
        holder.released += why == Verdict::next;
        rte_pktmbuf_free(arrival.frame);
        return why == Verdict::next;
    }
};

// Four bytes of a script: which datagram, where in it, how much, what else.
struct Step {
    uint8_t id, offset, length, flags;

    bool more() const { return flags & 1; }
    bool six() const { return flags & 2; }
    PortId port() const { return PortId(flags >> 2 & 3); }
    uint8_t content() const { return flags >> 4 & 1; }
    unsigned pause() const { return flags >> 6; } // seconds

    Fragment fragment() const {
        Fragment made{{Place::sent_by(port()), {}, {}, uint32_t(id & 7), NextHopId(0), 17, six()},
                      (offset & 15) * 8u,
                      (length & 31) * 4u,
                      more(),
                      0,
                      {}};
        if (made.offset == 0)
            made.upper = UpperLayer{17, 1, 2};
        return made;
    }
};

} // namespace

void fragments(const uint8_t* data, size_t size) {
    Holder holder;
    {
        Fragments table(limits, 1, Holder::leave, &holder);
        uint64_t now = 0;
        for (size_t i = 0; i + sizeof(Step) <= size; i += sizeof(Step)) {
            Step step{data[i], data[i + 1], data[i + 2], data[i + 3]};
            now += step.pause();
            Fragment fragment = step.fragment();
            rte_mbuf* frame =
                buffers().buffer(std::vector<uint8_t>(fragment.length, step.content()));
            ++holder.held; // already: the table may release it before take() returns
            auto fate = table.take(fragment, {frame, SegmentId(1)}, {step.port(), false, 1}, now);
            if (step.pause() % 2)
                table.vouch(fate.ticket);
            if (fate.kind != Fragments::Fate::Kind::held) {
                --holder.held;
                rte_pktmbuf_free(frame);
            }
            check(table.held() == holder.held, "a fragment is not accounted for");
            check(table.held() <= limits.held, "more is held than may be");
            check(table.datagrams() <= limits.datagrams, "more datagrams than there may be");
            check(buffers().buffers_in_use() == holder.held, "a buffer leaked");
        }
        if (size % 2)
            table.forget_port(PortId(0));
    }
    check(holder.held == 0 && buffers().buffers_in_use() == 0, "a fragment was left behind");
}

} // namespace ringfence::fuzz
