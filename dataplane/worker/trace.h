// What the stages decided about the next N packets of a worker, for `ringfence/trace N`. Off, it
// costs one comparison a burst.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/packet/verdicts.h"
#include "core/tables/spsc_ring.h"
#include "core/types/ids.h"

namespace ringfence {

// The stages in the order of the pipeline; names as in `to_string`.
enum class Stage : uint8_t {
    decapsulate,
    parse,
    admit,
    answer,
    connection,
    limit,
    check_sender,
    relate,
    route,
    bridge,
    judge,
    connect,
    split,
    flood,
    encapsulate,
    send,
};
inline constexpr size_t stage_count = static_cast<size_t>(Stage::send) + 1;
const char* to_string(Stage stage);

// One stage's decision about one packet, with the frame as the stage left it.
struct TraceRecord {
    uint32_t packet; // number of the traced packet, counts from 1 since start; copies share it
    uint16_t port;   // PortId that it came from
    std::optional<SegmentId> segment; // that it is in, where that is known
    Stage stage;
    Verdict verdict;
    std::optional<RuleId> rule; // of a firewall, because of which the packet is denied
    uint16_t length;            // of the frame, bytes
    uint8_t captured;           // bytes of it in head
    std::array<uint8_t, 96> head;
};

// "#3 port 2 bridge: next, 98 bytes, 02:00:00:00:00:01 > 02:00:00:00:00:02 0x0800"
std::string to_string(const TraceRecord& record);

class Trace {
public:
    // --- any one control thread
    void arm(uint32_t packets) { wanted_.store(packets, std::memory_order_relaxed); }
    std::vector<TraceRecord> take(); // what was recorded since the last call, oldest first

    // --- the worker
    bool armed() const { return wanted_.load(std::memory_order_relaxed) != 0; }
    uint32_t begin(); // the number of a packet that is traced from here on; 0: enough are
    void record(const TraceRecord& record) { ring_.push(record); } // full: not recorded

private:
    std::atomic<uint32_t> wanted_{0};
    uint32_t last_ = 0;
    SpscRing<TraceRecord> ring_{1024};
};

} // namespace ringfence
