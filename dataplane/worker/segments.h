// The frames that a large packet (core/packet/large.h) stands for, each whole, with right lengths
// and checksums: of TCP or UDP, in VXLAN where that is before it. For whoever transmits on a port
// whose device doesn't take large packets.
//
// DPDK has a library for this (rte_gso); in 22.11 it knows no IPv6, leaves all checksums to the
// device, and makes chains of two buffers, which our drivers would copy once more.
#pragma once

#include <cstdint>

#include <rte_mbuf.h>

#include "core/packet/large.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

class Segments {
public:
    // Of a packet that check_large() has let through, or that was put together here; it stays as it
    // is, and outlives this.
    explicit Segments(const rte_mbuf& packet);

    // 0: its marks don't fit it, which is a fault of ours; there is no next.
    uint32_t count() const { return size_ ? (payload_ + size_ - 1) / size_ : 0; }
    // The next one, from the first to the last; nullptr where there is no buffer for it. It came
    // from the packet's port.
    rte_mbuf* next(rte_mempool* pool);

private:
    void finish_outer(uint8_t* frame, uint32_t length) const;
    void finish_ip(uint8_t* frame, uint32_t length) const;
    void finish_tcp(uint8_t* frame, uint32_t length) const;
    void finish_udp(uint8_t* frame, uint32_t length) const;
    uint16_t checksum_of(const uint8_t* frame, uint32_t length) const;
    void copy_payload(uint8_t* to, uint32_t length);

    const rte_mbuf& packet_;
    bool is_tcp_, is_ip6_;
    uint32_t ip_, l4_, headers_; // where they begin, and what stands before the payload
    uint32_t payload_, size_;    // bytes in all, and of a segment
    uint32_t number_ = 0;        // of the next one
    const rte_mbuf* at_;         // its payload begins in this buffer,
    uint32_t offset_;            // at this byte
};

bool has_large(const Outbox& outbox);

// Transmits an outbox in portions: transmit(Outbox&), which empties it, of frames in order. In the
// place of each that is large, and of which takes(const rte_mbuf&) is false, its segments.
template <class Takes, class Transmit> class InSegments {
public:
    InSegments(Worker& worker, Takes takes, Transmit transmit)
        : worker_(worker), takes_(takes), transmit_(transmit) {}

    void operator()(Outbox& outbox) {
        for (uint16_t i = 0; i < outbox.count; ++i) {
            const PortId origin(outbox.origins[i]);
            if (!is_large(*outbox.frames[i]) || takes_(*outbox.frames[i]))
                add(outbox.frames[i], origin);
            else
                cut(outbox.frames[i], origin);
        }
        outbox.count = 0;
        if (portion_.count)
            transmit_(portion_);
    }

private:
    void add(rte_mbuf* frame, PortId origin) {
        portion_.add(frame, origin);
        if (portion_.count == Outbox::capacity)
            transmit_(portion_);
    }
    // Where there is no buffer for one the rest is lost: no receiver has use for it.
    void cut(rte_mbuf* packet, PortId origin) {
        Segments segments(*packet);
        const uint32_t count = segments.count();
        if (count == 0)
            return worker_.drop(packet, Verdict::admit_bad_offload);
        uint32_t made = 0;
        for (; made < count; ++made) {
            rte_mbuf* segment = segments.next(worker_.copies());
            if (!segment)
                break;
            add(segment, origin);
        }
        const bool all = made == count;
        worker_.count(origin, Verdict::segmented, all ? made - 1 : made);
        if (all)
            rte_pktmbuf_free(packet);
        else
            worker_.drop(packet, Verdict::bridge_no_buffer);
    }

    Worker& worker_;
    Takes takes_;
    Transmit transmit_;
    Outbox portion_;
};

} // namespace ringfence
