// split: IPv4 without DF that is too large for a segment on its way goes there in pieces (RFC 1812,
// 4.2.2.7; BEHAVIOUR N13), a fragment in smaller ones. Its connection has been found, and its
// headers are rewritten: only the sizes are wrong yet.
#pragma once

#include <cstdint>

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// Bytes of a packet's IP payload.
struct PayloadRange {
    uint32_t from, to;
};

// In what pieces a packet of may_split() goes on that has a packet.largest.
class Pieces {
public:
    explicit Pieces(const Packet& packet);
    uint32_t count() const { return (length_ + each_ - 1) / each_; }
    PayloadRange operator[](uint32_t i) const {
        return {i * each_, i + 1 < count() ? (i + 1) * each_ : length_};
    }

private:
    uint32_t length_, each_;
};

// A copy of a piece, at the end of `pieces` (not full), or no buffer for it.
bool copy_piece(Worker& worker, const Packet& packet, PayloadRange range, Burst& pieces);
// The packet becomes its last piece.
void become_piece(Packet& packet, PayloadRange range);

// Adds all but the last piece to `pieces`, which it finds not full; flush() empties it. Without a
// buffer for one the rest is dropped: no receiver has use for it.
template <class Flush> Verdict split(Worker& worker, Packet& packet, Burst& pieces, Flush flush) {
    const Pieces all(packet);
    const uint32_t last = all.count() - 1;
    for (uint32_t i = 0; i < last; ++i) {
        if (!copy_piece(worker, packet, all[i], pieces))
            return Verdict::bridge_no_buffer;
        if (pieces.full())
            flush();
    }
    become_piece(packet, all[last]);
    return Verdict::next;
}

} // namespace ringfence
