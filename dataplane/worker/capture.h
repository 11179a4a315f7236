// Copies of the frames that one port receives and is given, for whoever watches it. The worker that
// has the port writes, one control thread reads, and neither waits: what finds no room is counted
// as missed. A port that nobody watches has none of these.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

struct rte_mbuf;

namespace ringfence {

class Capture {
public:
    enum class Direction : uint32_t { from_port, to_port };
    static constexpr uint32_t most_bytes = 65535; // of a frame

    // bytes: that are kept of each frame, at most most_bytes.
    explicit Capture(uint32_t bytes);

    // --- the worker that has the port
    // Copies frames; nobody sees them before publish().
    void add(rte_mbuf* const* frames, uint16_t count, Direction direction);
    // The first `count` of those that were added last; the rest were not what it seemed.
    void publish(uint16_t count);

    // --- one control thread
    struct Frame {
        uint64_t ticks;  // of the time-stamp counter
        uint32_t length; // bytes; as many as `bytes` or more
        Direction direction;
        std::span<const uint8_t> bytes;
    };
    // visit(const Frame&) of frames until `most` bytes are seen, or there are no more.
    template <class Visit> void take(size_t most, Visit visit) {
        for (size_t seen = 0; seen < most;) {
            const auto frame = front();
            if (frame.bytes.empty())
                return;
            visit(frame);
            seen += frame.bytes.size();
            drop_front(frame);
        }
    }
    uint64_t missed() const { return missed_.load(std::memory_order_relaxed); }

private:
    static constexpr size_t room = size_t{4} << 20; // bytes; a power of two
    static constexpr size_t burst = 64;             // frames, at most, of one add()
    struct Header {
        uint64_t ticks;
        uint32_t length_and_direction; // the direction in the lowest bit
        uint32_t captured;             // 0: nothing more up to the end of the memory
    };
    static size_t size_of(uint32_t captured) { return sizeof(Header) + (captured + 7) / 8 * 8; }
    bool copy(const rte_mbuf* frame, uint64_t ticks, Direction direction);
    Frame front();
    void drop_front(const Frame& frame);

    const uint32_t bytes_;
    std::vector<uint8_t> memory_;
    // Positions only grow; memory_ is indexed by them modulo its size.
    uint64_t written_ = 0;
    uint64_t ends_[burst] = {}; // of the frames added last
    uint16_t added_ = 0;
    std::atomic<uint64_t> published_{0}, read_{0}, missed_{0};
};

} // namespace ringfence
