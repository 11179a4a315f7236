// A frame shorter than Ethernet's minimum, 60 bytes without its checksum (IEEE 802.3, 4.2.3.3), is
// padded with zeros before it goes out: what was in the buffer before must not leak.
#pragma once

#include <cstdint>
#include <cstring>

#include <rte_mbuf.h>

#include "core/packet/large.h"

namespace ringfence {

inline constexpr uint32_t min_frame = 60;

// Of a frame below the minimum. A buffer without room at its end is left to the driver, which pads
// too. A large frame's end is payload: its segments are padded, each when it is made.
inline void pad(rte_mbuf* frame) {
    if (is_large(*frame))
        return;
    auto missing = static_cast<uint16_t>(min_frame - frame->pkt_len);
    if (char* padding = rte_pktmbuf_append(frame, missing))
        std::memset(padding, 0, missing);
}

} // namespace ringfence
