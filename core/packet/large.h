// A large packet: TCP (or UDP) of one connection that is many frames on a wire. Its sender left it
// to its device to cut it up (TSO; virtio 1.1, 5.1.6; Linux, GSO), or it came as many frames and
// was put together here. It goes its whole way as one packet, with one look-up and one rewrite, and
// is cut up where it leaves by a port whose device doesn't take it so (worker/segments.h).
//
// The mark lies in its mbuf, as DPDK has it for devices that segment: what it is, how long its
// headers are, and how much payload a segment has. Its upper layer's checksum means nothing on the
// way, and may be changed as any other: who sends it computes it anew, from the headers as they are
// then.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

namespace ringfence {

inline constexpr uint64_t large_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG;

inline bool is_large(const rte_mbuf& frame) { return frame.ol_flags & large_flags; }

// Payload of a segment of TCP, bytes: none that is in use sends less, whatever its peer asks for,
// and each costs what a packet costs.
inline constexpr uint16_t smallest_segment = 48;

enum class LargeKind : uint8_t { tcp, udp };

// Claims that the frame is large: check_large() looks whether that is true. segment: bytes of
// payload; 0: of a frame that is to be dropped, because what its sender left to us makes no sense.
inline void claim_large(rte_mbuf& frame, LargeKind kind, uint16_t segment) {
    frame.ol_flags |= kind == LargeKind::tcp ? RTE_MBUF_F_TX_TCP_SEG : RTE_MBUF_F_TX_UDP_SEG;
    frame.tso_segsz = segment;
}

// Of a large frame: bytes of the IP header and the upper layer's.
inline uint32_t ip_headers(const rte_mbuf& frame) {
    return static_cast<uint32_t>(frame.l3_len + frame.l4_len);
}

// Of a large frame that is in no tunnel: bytes of its longest segment from the IP header on.
inline uint32_t longest_ip(const rte_mbuf& frame) {
    const uint32_t headers = ip_headers(frame), segment = frame.tso_segsz;
    const uint32_t payload = frame.pkt_len - static_cast<uint32_t>(frame.l2_len) - headers;
    return headers + (payload < segment ? payload : segment);
}

// Frames on a wire that a frame which is in no tunnel stands for.
inline uint32_t frames_of(const rte_mbuf& frame) {
    if (!is_large(frame)) [[likely]]
        return 1;
    const uint32_t headers = static_cast<uint32_t>(frame.l2_len) + ip_headers(frame);
    return (frame.pkt_len - headers + frame.tso_segsz - 1) / frame.tso_segsz;
}

} // namespace ringfence
