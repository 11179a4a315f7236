// merge: neighbours of one TCP connection that came by tunnel in one burst become a large packet
// (core/packet/large.h; Linux, GRO): one look-up, one rewrite, one system call for all. Each has
// been looked at as any packet until then: its tunnel, its segment, its layers. They go together
// where nothing that a later stage or the receiver looks at tells them apart: outer sender and
// congestion mark, segment, MACs, tags, IP and TCP headers and options, but for lengths, numbers in
// sequence, and PSH, which ends it. Each one's checksum is verified first, so that none that is
// wrong is made right. Nobody waits for a packet that may come, and none overtakes another of its
// connection.
#pragma once

#include <array>

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// Of one burst: shown its packets in order.
class Merge {
public:
    // `held`: the packet is a part of an earlier one now, and counted as `merged`.
    Verdict operator()(const Fabric&, Worker&, Packet&);

    // True where the burst's ends say that it may be worth it: others are not looked at.
    static bool is_worthwhile(const Burst& burst);

private:
    // What later ones may join.
    struct Run {
        Packet* head;
        rte_mbuf* tail;
        uint32_t next_sequence;
        uint32_t segment; // payload of each, bytes
        bool is_verified; // the head
    };
    static constexpr size_t most_runs = 4;

    void begin(Packet& packet);
    bool join(Run& run, Packet& packet);
    void close(size_t run) { runs_[run] = runs_[--used_]; }

    std::array<Run, most_runs> runs_;
    size_t used_ = 0;
};

} // namespace ringfence
