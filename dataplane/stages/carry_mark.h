// The congestion mark of a tunnel's outer header, carried into the inner one (RFC 6040, 4.2). Every
// packet from a tunnel meets it once: with the sender check, or as a known connection's.
#pragma once

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// Not `next` where it is marked outside and its ends know no marks.
[[nodiscard]] Verdict carry_outer_mark(Worker& worker, Packet& packet);

[[nodiscard]] inline Verdict carry_mark(Worker& worker, Packet& packet) {
    return packet.outer_ecn == 0 ? Verdict::next : carry_outer_mark(worker, packet);
}

} // namespace ringfence
