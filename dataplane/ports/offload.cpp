#include "dataplane/ports/offload.h"

#include <rte_mbuf.h>

#include "core/packet/large.h"
#include "core/wire/checksum.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"

namespace ringfence::ports {

namespace {

constexpr uint16_t tcp_checksum = 16; // where TCP's lies in its header

template <class Header> Header& header_at(uint8_t* bytes) {
    return *Cursor(bytes, sizeof(Header)).peek<Header>();
}

void claim_nonsense(rte_mbuf& frame) { claim_large(frame, LargeKind::tcp, 0); }

void take_large(rte_mbuf& frame, const VirtioHeader& header) {
    switch (header.gso_type & ~VirtioHeader::with_ecn) {
    case VirtioHeader::tcp4:
    case VirtioHeader::tcp6:
        return claim_large(frame, LargeKind::tcp, header.gso_size);
    case VirtioHeader::udp:
        return claim_large(frame, LargeKind::udp, header.gso_size);
    default: // fragments of UDP: nobody offers that any more
        return claim_nonsense(frame);
    }
}

// What a checksum begins with, where the device finishes it: the pseudo-header's, not inverted.
uint16_t begun_checksum(uint8_t* ip, bool is_ip6, uint32_t l4_length) {
    if (is_ip6) {
        const auto& header = header_at<Ipv6Header>(ip);
        return ipv6_pseudo_header(header.source(), header.destination(), ip_protocol::tcp,
                                  l4_length)
            .folded();
    }
    const auto& header = header_at<Ipv4Header>(ip);
    return ipv4_pseudo_header(header.source(), header.destination(), ip_protocol::tcp,
                              static_cast<uint16_t>(l4_length))
        .folded();
}

} // namespace

// An ordinary frame lies in one buffer: the port sees to that.
void take_offload(rte_mbuf& frame, const VirtioHeader& header) {
    if (header.gso_type != VirtioHeader::no_gso)
        return take_large(frame, header);
    std::span<uint8_t> bytes(rte_pktmbuf_mtod(&frame, uint8_t*), frame.data_len);
    if (header.flags & VirtioHeader::needs_checksum &&
        !finish_checksum(bytes, header.checksum_start, header.checksum_offset))
        claim_nonsense(frame);
}

bool can_give_large(const rte_mbuf& frame) {
    return frame.ol_flags & RTE_MBUF_F_TX_TCP_SEG && !(frame.ol_flags & RTE_MBUF_F_TX_TUNNEL_VXLAN);
}

VirtioHeader give_offload(rte_mbuf& frame) {
    if (!is_large(frame))
        return {};
    const bool is_ip6 = frame.ol_flags & RTE_MBUF_F_TX_IPV6;
    const auto l4 = static_cast<uint16_t>(frame.l2_len + frame.l3_len);
    auto* bytes = rte_pktmbuf_mtod(&frame, uint8_t*);
    auto& tcp = header_at<TcpHeader>(bytes + l4);
    tcp.set_checksum(begun_checksum(bytes + frame.l2_len, is_ip6, frame.pkt_len - l4));
    VirtioHeader header;
    header.flags = VirtioHeader::needs_checksum;
    header.gso_type = is_ip6 ? VirtioHeader::tcp6 : VirtioHeader::tcp4;
    if (tcp.flags() & tcp_flag::cwr)
        header.gso_type |= VirtioHeader::with_ecn;
    header.header_length = static_cast<uint16_t>(l4 + frame.l4_len);
    header.gso_size = frame.tso_segsz;
    header.checksum_start = l4;
    header.checksum_offset = tcp_checksum;
    return header;
}

bool finish_checksum(std::span<uint8_t> frame, size_t start, size_t offset) {
    if (start > frame.size() || offset > frame.size() - start ||
        frame.size() - start - offset < sizeof(Be16))
        return false;
    uint16_t sum = checksum(frame.data() + start, frame.size() - start);
    // UDP's 0 says that there is none (RFC 768); to every other protocol both are the same.
    header_at<Be16>(frame.data() + start + offset) = Be16(sum ? sum : 0xffff);
    return true;
}

} // namespace ringfence::ports
