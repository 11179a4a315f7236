#include "dataplane/worker/segments.h"

#include <algorithm>
#include <cstring>

#include "core/wire/checksum.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"
#include "core/wire/vxlan.h"
#include "dataplane/worker/runt.h"

namespace ringfence {

namespace {

template <class Header> Header& header_at(uint8_t* bytes) {
    return *Cursor(bytes, sizeof(Header)).peek<Header>();
}
template <class Header> const Header& header_at(const uint8_t* bytes) {
    return header_at<Header>(const_cast<uint8_t*>(bytes));
}

bool is_in_tunnel(const rte_mbuf& packet) { return packet.ol_flags & RTE_MBUF_F_TX_TUNNEL_VXLAN; }

} // namespace

bool has_large(const Outbox& outbox) {
    uint64_t flags = 0;
    for (uint16_t i = 0; i < outbox.count; ++i)
        flags |= outbox.frames[i]->ol_flags;
    return flags & large_flags;
}

Segments::Segments(const rte_mbuf& packet)
    : packet_(packet), is_tcp_(packet.ol_flags & RTE_MBUF_F_TX_TCP_SEG),
      is_ip6_(packet.ol_flags & RTE_MBUF_F_TX_IPV6),
      ip_(packet.l2_len + (is_in_tunnel(packet) ? packet.outer_l2_len + packet.outer_l3_len : 0u)),
      l4_(ip_ + packet.l3_len), headers_(l4_ + packet.l4_len),
      payload_(headers_ <= packet.data_len ? packet.pkt_len - headers_ : 0),
      size_(packet.tso_segsz), at_(&packet), offset_(headers_) {}

rte_mbuf* Segments::next(rte_mempool* pool) {
    const uint32_t payload = std::min(size_, payload_ - number_ * size_);
    const uint32_t length = headers_ + payload;
    rte_mbuf* segment = rte_pktmbuf_alloc(pool);
    char* room = segment ? rte_pktmbuf_append(segment, static_cast<uint16_t>(length)) : nullptr;
    if (!room) {
        rte_pktmbuf_free(segment);
        return nullptr;
    }
    segment->port = packet_.port;
    auto* frame = reinterpret_cast<uint8_t*>(room);
    std::memcpy(frame, rte_pktmbuf_mtod(&packet_, const uint8_t*), headers_);
    copy_payload(frame + headers_, payload);
    finish_ip(frame, length);
    if (is_tcp_)
        finish_tcp(frame, length);
    else
        finish_udp(frame, length);
    if (is_in_tunnel(packet_))
        finish_outer(frame, length);
    if (length < min_frame)
        pad(segment);
    ++number_;
    return segment;
}

void Segments::copy_payload(uint8_t* to, uint32_t length) {
    while (length > 0) {
        const uint32_t here = std::min<uint32_t>(length, at_->data_len - offset_);
        std::memcpy(to, rte_pktmbuf_mtod_offset(at_, const uint8_t*, offset_), here);
        to += here;
        offset_ += here;
        length -= here;
        if (offset_ == at_->data_len && at_->next) {
            at_ = at_->next;
            offset_ = 0;
        }
    }
}

void Segments::finish_ip(uint8_t* frame, uint32_t length) const {
    if (is_ip6_) {
        header_at<Ipv6Header>(frame + ip_)
            .set_payload_length(static_cast<uint16_t>(length - ip_ - sizeof(Ipv6Header)));
        return;
    }
    auto& ip = header_at<Ipv4Header>(frame + ip_);
    ip.set_total_length(static_cast<uint16_t>(length - ip_));
    ip.set_id(static_cast<uint16_t>(ip.id() + number_));
    ip.set_checksum(0);
    ip.set_checksum(checksum(frame + ip_, l4_ - ip_));
}

// The sum of the pseudo-header and of the upper layer as it stands.
uint16_t Segments::checksum_of(const uint8_t* frame, uint32_t length) const {
    const uint8_t protocol = is_tcp_ ? ip_protocol::tcp : ip_protocol::udp;
    ChecksumSum sum;
    if (is_ip6_) {
        const auto& ip = header_at<Ipv6Header>(frame + ip_);
        sum = ipv6_pseudo_header(ip.source(), ip.destination(), protocol, length - l4_);
    } else {
        const auto& ip = header_at<Ipv4Header>(frame + ip_);
        sum = ipv4_pseudo_header(ip.source(), ip.destination(), protocol,
                                 static_cast<uint16_t>(length - l4_));
    }
    sum.add(frame + l4_, length - l4_);
    return sum.checksum();
}

void Segments::finish_tcp(uint8_t* frame, uint32_t length) const {
    auto& tcp = header_at<TcpHeader>(frame + l4_);
    tcp.set_sequence(tcp.sequence() + number_ * size_);
    uint8_t flags = tcp.flags();
    if (number_ + 1 != count())
        flags &= static_cast<uint8_t>(~(tcp_flag::fin | tcp_flag::psh));
    if (number_ != 0)
        flags &= static_cast<uint8_t>(~tcp_flag::cwr); // said once (RFC 3168, 6.1.2)
    tcp.set_flags(flags);
    tcp.set_checksum(0);
    tcp.set_checksum(checksum_of(frame, length));
}

void Segments::finish_udp(uint8_t* frame, uint32_t length) const {
    auto& udp = header_at<UdpHeader>(frame + l4_);
    udp.set_length(static_cast<uint16_t>(length - l4_));
    udp.set_checksum(0);
    const uint16_t sum = checksum_of(frame, length);
    udp.set_checksum(sum ? sum : 0xffff);
}

// Over IPv6 a checksum of 0 says that there is to be none (TunnelSettings).
void Segments::finish_outer(uint8_t* frame, uint32_t length) const {
    const uint32_t outer_ip = packet_.outer_l2_len, outer_udp = outer_ip + packet_.outer_l3_len;
    const auto udp_length = static_cast<uint16_t>(length - outer_udp);
    auto& udp = header_at<UdpHeader>(frame + outer_udp);
    udp.set_length(udp_length);
    if (packet_.outer_l3_len == sizeof(Ipv4Header)) {
        auto& ip = header_at<Ipv4Header>(frame + outer_ip);
        ip.set_total_length(static_cast<uint16_t>(length - outer_ip));
        ip.set_checksum(0);
        ip.set_checksum(checksum(frame + outer_ip, sizeof ip));
        return;
    }
    auto& ip = header_at<Ipv6Header>(frame + outer_ip);
    ip.set_payload_length(udp_length);
    if (udp.checksum() == 0)
        return;
    udp.set_checksum(0);
    ChecksumSum sum =
        ipv6_pseudo_header(ip.source(), ip.destination(), ip_protocol::udp, udp_length);
    sum.add(frame + outer_udp, udp_length);
    udp.set_checksum(sum.checksum() ? sum.checksum() : 0xffff);
}

} // namespace ringfence
