#include "dataplane/ports/offload.h"

#include <algorithm>
#include <cstring>

#include "core/wire/checksum.h"
#include "core/wire/cursor.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"

namespace ringfence::ports {

namespace {

constexpr size_t most_tags = 2;

template <class Header> Header& header_at(uint8_t* bytes) {
    return *Cursor(bytes, sizeof(Header)).peek<Header>();
}

// Past the Ethernet header and its tags; 0 where it ends before.
uint16_t type_behind_tags(Cursor& cursor) {
    const auto* ethernet = cursor.take<EthernetHeader>();
    uint16_t type = ethernet ? ethernet->type() : 0;
    for (size_t tags = 0; ether_type::is_tag(type) && tags < most_tags; ++tags) {
        const auto* tag = cursor.take<VlanTag>();
        type = tag ? tag->type() : 0;
    }
    return type;
}

// Past an IP header whose upper layer follows at once, and the bytes end with the packet. Its
// protocol, or none.
std::optional<uint8_t> protocol_behind_ip(Cursor& cursor, uint16_t type) {
    if (type == ether_type::ip4) {
        const auto* ip = cursor.peek<Ipv4Header>();
        if (!ip || ip->version() != 4 || ip->header_length() < sizeof *ip || ip->is_fragment() ||
            ip->total_length() > cursor.left() || !cursor.skip(ip->header_length()))
            return std::nullopt;
        cursor.limit(ip->total_length() -
                     std::min<size_t>(ip->total_length(), ip->header_length()));
        return ip->protocol();
    }
    if (type != ether_type::ip6)
        return std::nullopt;
    const auto* ip = cursor.take<Ipv6Header>();
    if (!ip || ip->version() != 6 || ip->payload_length() > cursor.left())
        return std::nullopt;
    cursor.limit(ip->payload_length());
    return ip->next_header();
}

} // namespace

bool finish_checksum(std::span<uint8_t> frame, size_t start, size_t offset) {
    if (start > frame.size() || offset > frame.size() - start ||
        frame.size() - start - offset < sizeof(Be16))
        return false;
    uint16_t sum = checksum(frame.data() + start, frame.size() - start);
    // UDP's 0 says that there is none (RFC 768); to every other protocol both are the same.
    header_at<Be16>(frame.data() + start + offset) = Be16(sum ? sum : 0xffff);
    return true;
}

std::optional<LargeFrame> LargeFrame::of(std::span<const uint8_t> frame, Kind kind, size_t size) {
    LargeFrame large;
    large.bytes_ = frame.data();
    large.kind_ = kind;
    large.size_ = size;
    Cursor cursor = Cursor::over(frame);
    const uint16_t type = type_behind_tags(cursor);
    large.is_ipv6_ = type == ether_type::ip6;
    large.ip_ = static_cast<size_t>(cursor.data() - frame.data());
    auto protocol = protocol_behind_ip(cursor, type);
    large.l4_ = static_cast<size_t>(cursor.data() - frame.data());
    if (size == 0 || protocol != (kind == Kind::tcp ? ip_protocol::tcp : ip_protocol::udp))
        return std::nullopt;
    const auto* tcp = cursor.peek<TcpHeader>();
    const size_t header = kind == Kind::udp ? sizeof(UdpHeader) : tcp ? tcp->header_length() : 0;
    if ((kind == Kind::tcp && header < sizeof(TcpHeader)) || !cursor.skip(header) ||
        cursor.left() == 0)
        return std::nullopt;
    large.headers_ = large.l4_ + header;
    large.payload_ = cursor.left();
    return large;
}

size_t LargeFrame::payload_of(size_t number) const {
    return std::min(size_, payload_ - number * size_);
}

void LargeFrame::write(size_t number, uint8_t* to) const {
    std::memcpy(to, bytes_, headers_);
    std::memcpy(to + headers_, bytes_ + headers_ + number * size_, payload_of(number));
    finish_ip(number, to);
    if (kind_ == Kind::tcp)
        finish_tcp(number, to);
    else
        finish_udp(number, to);
}

void LargeFrame::finish_ip(size_t number, uint8_t* to) const {
    const size_t end = length(number);
    if (is_ipv6_) {
        header_at<Ipv6Header>(to + ip_).set_payload_length(
            static_cast<uint16_t>(end - ip_ - sizeof(Ipv6Header)));
        return;
    }
    auto& ip = header_at<Ipv4Header>(to + ip_);
    ip.set_total_length(static_cast<uint16_t>(end - ip_));
    ip.set_id(static_cast<uint16_t>(ip.id() + number));
    ip.set_checksum(0);
    ip.set_checksum(checksum(to + ip_, l4_ - ip_));
}

// The sum of the pseudo-header and of the upper layer as it stands.
static uint16_t checksum_of(const uint8_t* ip, bool is_ipv6, uint8_t protocol, const uint8_t* l4,
                            size_t length) {
    ChecksumSum sum;
    if (is_ipv6) {
        const auto& header = *Cursor::over({ip, sizeof(Ipv6Header)}).peek<Ipv6Header>();
        sum = ipv6_pseudo_header(header.source(), header.destination(), protocol,
                                 static_cast<uint32_t>(length));
    } else {
        const auto& header = *Cursor::over({ip, sizeof(Ipv4Header)}).peek<Ipv4Header>();
        sum = ipv4_pseudo_header(header.source(), header.destination(), protocol,
                                 static_cast<uint16_t>(length));
    }
    sum.add(l4, length);
    return sum.checksum();
}

void LargeFrame::finish_tcp(size_t number, uint8_t* to) const {
    auto& tcp = header_at<TcpHeader>(to + l4_);
    tcp.set_sequence(static_cast<uint32_t>(tcp.sequence() + number * size_));
    uint8_t flags = tcp.flags();
    if (number + 1 != count())
        flags &= static_cast<uint8_t>(~(tcp_flag::fin | tcp_flag::psh));
    if (number != 0)
        flags &= static_cast<uint8_t>(~tcp_flag::cwr); // said once (RFC 3168, 6.1.2)
    tcp.set_flags(flags);
    tcp.set_checksum(0);
    tcp.set_checksum(
        checksum_of(to + ip_, is_ipv6_, ip_protocol::tcp, to + l4_, length(number) - l4_));
}

void LargeFrame::finish_udp(size_t number, uint8_t* to) const {
    auto& udp = header_at<UdpHeader>(to + l4_);
    udp.set_length(static_cast<uint16_t>(length(number) - l4_));
    udp.set_checksum(0);
    uint16_t sum =
        checksum_of(to + ip_, is_ipv6_, ip_protocol::udp, to + l4_, length(number) - l4_);
    udp.set_checksum(sum ? sum : 0xffff);
}

} // namespace ringfence::ports
