// What a sender leaves to its network device, as kernels and guests say it before a frame (virtio
// 1.1, 5.1.6; Linux: IFF_VNET_HDR, PACKET_VNET_HDR): checksums that are only begun, and TCP or UDP
// of one connection in a frame larger than the MTU. For ports between which and another stack such
// a header stands. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

struct rte_mbuf;

namespace ringfence::ports {

// The kernel's own header of it is not C++.
struct VirtioHeader {
    static constexpr uint8_t needs_checksum = 1;             // flags
    static constexpr uint8_t no_gso = 0, tcp4 = 1, tcp6 = 4, // gso_type
        udp = 5, with_ecn = 0x80;
    uint8_t flags = 0, gso_type = no_gso;
    uint16_t header_length = 0, gso_size = 0, checksum_start = 0, checksum_offset = 0;
};
static_assert(sizeof(VirtioHeader) == 10);

// A frame was received with that header. A large one is marked as that (core/packet/large.h); of
// any other a checksum that is only begun is finished. What makes no sense is marked as what the
// pipeline drops by name.
void take_offload(rte_mbuf& frame, const VirtioHeader& header);

// The header with which a frame is transmitted to who takes large ones. A large one's checksum is
// begun for it: its own, in the frame.
VirtioHeader give_offload(rte_mbuf& frame);
// Large, and can be said so: TCP that is in no tunnel.
bool can_give_large(const rte_mbuf& frame);

// The checksum over the bytes from `start` to the frame's end, with what stands in its field
// already, goes to `start` + `offset`. False where that lies outside of the frame.
[[nodiscard]] bool finish_checksum(std::span<uint8_t> frame, size_t start, size_t offset);

} // namespace ringfence::ports
