// Where frames from a descriptor are read to: buffers for one of any size that a kernel's stack
// hands on in one piece, of which an ordinary one fills the first alone. For ports that read with a
// system call a frame; lives as long as one receive().
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <sys/uio.h>

struct rte_mbuf;
struct rte_mempool;

namespace ringfence::ports {

class Room {
public:
    // Before each frame stands a header of that many bytes, read to `header`; 0: none does. large:
    // for frames that are marked as that, too; else for what one buffer holds.
    Room(rte_mempool* pool, bool large, void* header, size_t header_size);
    ~Room();
    Room(const Room&) = delete;

    // What the next frame is to be read into, or nothing where there is no buffer. Where there are
    // few it holds ordinary frames alone. A byte more than fits shows a frame that doesn't.
    std::span<iovec> parts();
    // Of a frame that did not fit: for want of buffers?
    bool is_short() const { return missing_ > 0; }
    // The frame that was read, `length` bytes with its header, at least one more than that has; or
    // nullptr where it did not fit.
    rte_mbuf* take(size_t length);

private:
    void fill();

    static constexpr size_t largest = 65535 + 14 + 2 * 4; // bytes of a frame
    static constexpr size_t most_buffers = 33;            // of 2 KiB, that it takes

    rte_mempool* pool_;
    const size_t header_size_, wanted_; // buffers
    size_t missing_;                    // of those the first ones; a frame begins behind them
    uint32_t each_;                     // bytes that one holds
    std::array<rte_mbuf*, most_buffers> buffers_;
    std::array<iovec, 1 + most_buffers + 1> parts_;
    uint8_t excess_;
};

} // namespace ringfence::ports
