#include "dataplane/ports/spread.h"

#include <cstdint>
#include <cstring>

#include <rte_mbuf.h>

namespace ringfence::ports {

namespace {

constexpr uint32_t ethernet = 14;

// The bytes of the frame's first buffer, where it has so many.
class Bytes {
public:
    explicit Bytes(const rte_mbuf& frame)
        : start_(rte_pktmbuf_mtod(&frame, const uint8_t*)), length_(frame.data_len) {}
    bool has(uint32_t end) const { return end <= length_; }
    uint8_t at(uint32_t offset) const { return start_[offset]; }
    uint32_t word(uint32_t offset) const {
        uint32_t value;
        std::memcpy(&value, start_ + offset, sizeof value);
        return value;
    }
    uint32_t words(uint32_t offset, uint32_t count) const {
        uint32_t mixed = 0;
        for (uint32_t i = 0; i < count; ++i)
            mixed = (mixed ^ word(offset + 4 * i)) * 0x9e3779b1u;
        return mixed;
    }

private:
    const uint8_t* start_;
    uint32_t length_;
};

bool has_ports(uint8_t protocol) { return protocol == 6 || protocol == 17; }

uint32_t flow4(const Bytes& bytes) {
    constexpr uint32_t addresses = ethernet + 12;
    if (!bytes.has(ethernet + 20))
        return 0;
    const uint32_t flow = bytes.words(addresses, 2);
    const uint32_t ports = ethernet + 4u * (bytes.at(ethernet) & 0x0f);
    const bool is_fragment = (bytes.at(ethernet + 6) & 0x3f) || bytes.at(ethernet + 7);
    return has_ports(bytes.at(ethernet + 9)) && !is_fragment && bytes.has(ports + 4)
               ? flow ^ bytes.words(ports, 1)
               : flow;
}

uint32_t flow6(const Bytes& bytes) {
    constexpr uint32_t addresses = ethernet + 8, ports = ethernet + 40;
    if (!bytes.has(ports))
        return 0;
    const uint32_t flow = bytes.words(addresses, 8);
    return has_ports(bytes.at(ethernet + 6)) && bytes.has(ports + 4) ? flow ^ bytes.words(ports, 1)
                                                                     : flow;
}

} // namespace

unsigned queue_of(const rte_mbuf& frame, unsigned queues) {
    const Bytes bytes(frame);
    if (queues == 1 || !bytes.has(ethernet))
        return 0;
    const unsigned type = static_cast<unsigned>(bytes.at(12) << 8 | bytes.at(13));
    const uint64_t flow = type == 0x0800 ? flow4(bytes) : type == 0x86dd ? flow6(bytes) : 0;
    return static_cast<unsigned>(((flow * 0x9e3779b1u) & 0xffffffffu) * queues >> 32);
}

} // namespace ringfence::ports
