#include "dataplane/worker/capture.h"

#include <algorithm>
#include <cstring>

#include <rte_cycles.h>
#include <rte_mbuf.h>

namespace ringfence {

Capture::Capture(uint32_t bytes) : bytes_(std::clamp(bytes, 1u, most_bytes)), memory_(room) {}

void Capture::add(rte_mbuf* const* frames, uint16_t count, Direction direction) {
    const uint64_t now = rte_rdtsc();
    written_ = published_.load(std::memory_order_relaxed);
    added_ = static_cast<uint16_t>(std::min<size_t>(count, burst));
    for (uint16_t i = 0; i < added_; ++i) {
        if (!copy(frames[i], now, direction))
            missed_.fetch_add(1, std::memory_order_relaxed);
        ends_[i] = written_;
    }
}

void Capture::publish(uint16_t count) {
    if (const uint16_t whole = std::min(count, added_))
        published_.store(ends_[whole - 1], std::memory_order_release);
    added_ = 0;
}

// A frame lies in one piece: where it does not fit before the memory's end, that stays empty.
bool Capture::copy(const rte_mbuf* frame, uint64_t ticks, Direction direction) {
    const uint32_t length = rte_pktmbuf_pkt_len(frame), captured = std::min(length, bytes_);
    const size_t size = size_of(captured), at = written_ % room;
    const size_t skipped = at + size > room ? room - at : 0;
    if (captured == 0 || written_ + skipped + size - read_.load(std::memory_order_acquire) > room)
        return false;
    if (skipped >= sizeof(Header)) {
        const Header end{};
        std::memcpy(&memory_[at], &end, sizeof end);
    }
    written_ += skipped;
    uint8_t* place = &memory_[written_ % room];
    const Header header{ticks, length << 1 | static_cast<uint32_t>(direction), captured};
    std::memcpy(place, &header, sizeof header);
    const void* data = rte_pktmbuf_read(frame, 0, captured, place + sizeof header);
    if (data != place + sizeof header)
        std::memcpy(place + sizeof header, data, captured);
    written_ += size;
    return true;
}

// Empty where there is none.
Capture::Frame Capture::front() {
    const uint64_t published = published_.load(std::memory_order_acquire);
    for (uint64_t read = read_.load(std::memory_order_relaxed); read != published;) {
        const size_t at = read % room;
        Header header{};
        if (room - at >= sizeof header)
            std::memcpy(&header, &memory_[at], sizeof header);
        if (header.captured)
            return {header.ticks,
                    header.length_and_direction >> 1,
                    static_cast<Direction>(header.length_and_direction & 1),
                    {&memory_[at + sizeof header], header.captured}};
        read += room - at;
        read_.store(read, std::memory_order_release);
    }
    return {};
}

void Capture::drop_front(const Frame& frame) {
    const auto size = size_of(static_cast<uint32_t>(frame.bytes.size()));
    read_.store(read_.load(std::memory_order_relaxed) + size, std::memory_order_release);
}

} // namespace ringfence
