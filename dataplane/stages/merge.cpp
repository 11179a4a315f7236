#include "dataplane/stages/merge.h"

#include <cstring>

#include "core/packet/large.h"
#include "core/wire/checksum.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"

namespace ringfence {

namespace {

constexpr uint32_t worthwhile = 600; // bytes of a frame: nobody sends bulk in smaller ones
constexpr uint32_t most_ip = 65535;

bool is_ip4(const Packet& packet) { return packet.ether_type == ether_type::ip4; }

const TcpHeader& tcp_of(const Packet& packet) { return *packet.at<TcpHeader>(packet.l4); }

uint32_t all_headers(const Packet& packet) {
    return packet.l4 + static_cast<uint32_t>(tcp_of(packet).header_length());
}

uint32_t payload_of(const Packet& packet) { return packet.length - all_headers(packet); }

bool same_bytes(const Packet& one, const Packet& other, size_t from, size_t to) {
    return std::memcmp(one.data + from, other.data + from, to - from) == 0;
}

// Data alone, in one buffer, behind headers without options of IP, and nothing behind it.
bool may_be_part(const Packet& packet) {
    if (!packet.has_l4 || packet.is_fragment || packet.mbuf->nb_segs != 1)
        return false;
    const size_t header = packet.l4 - packet.l3, ip_length = packet.length - packet.l3;
    const bool is_plain =
        is_ip4(packet)
            ? header == sizeof(Ipv4Header) &&
                  packet.at<Ipv4Header>(packet.l3)->total_length() == ip_length
            : header == sizeof(Ipv6Header) &&
                  packet.at<Ipv6Header>(packet.l3)->payload_length() + header == ip_length;
    if (!is_plain)
        return false;
    const TcpHeader& tcp = tcp_of(packet);
    return tcp.header_length() >= sizeof tcp && all_headers(packet) < packet.length &&
           (tcp.flags() & ~tcp_flag::psh) == tcp_flag::ack;
}

bool same_connection(const Packet& one, const Packet& other) {
    if (one.segment != other.segment || one.peer != other.peer || one.l3 != other.l3 ||
        one.ether_type != other.ether_type || one.source_port != other.source_port ||
        one.destination_port != other.destination_port)
        return false;
    constexpr size_t addresses4 = 12, addresses6 = 8;
    return is_ip4(one) ? same_bytes(one, other, one.l3 + addresses4, one.l3 + addresses4 + 8)
                       : same_bytes(one, other, one.l3 + addresses6, one.l3 + addresses6 + 32);
}

// IPv4: all but length, number and checksum; a number means something to those that may be split
// (RFC 6864, 4.1), and goes on by one each.
bool same_ip4(const Packet& one, const Packet& other, uint32_t parts) {
    constexpr size_t length = 2, fragment = 6, sum = 10;
    const size_t ip = one.l3;
    const auto *first = one.at<Ipv4Header>(ip), *next = other.at<Ipv4Header>(ip);
    return same_bytes(one, other, ip, ip + length) &&
           same_bytes(one, other, ip + fragment, ip + sum) &&
           (first->dont_fragment() || next->id() == static_cast<uint16_t>(first->id() + parts));
}

// IPv6: all but length.
bool same_ip6(const Packet& one, const Packet& other) {
    constexpr size_t length = 4, next_header = 6, addresses = 8;
    const size_t ip = one.l3;
    return same_bytes(one, other, ip, ip + length) &&
           same_bytes(one, other, ip + next_header, ip + addresses);
}

// All but number, PSH and checksum.
bool same_tcp(const Packet& one, const Packet& other) {
    constexpr size_t acknowledgement = 8, flags = 13, window = 14, sum = 16, urgent = 18;
    const size_t tcp = one.l4;
    return all_headers(one) == all_headers(other) &&
           same_bytes(one, other, tcp + acknowledgement, tcp + flags) &&
           same_bytes(one, other, tcp + window, tcp + sum) &&
           same_bytes(one, other, tcp + urgent, all_headers(one));
}

bool same_headers(const Packet& one, const Packet& other) {
    return one.outer_ecn == other.outer_ecn && same_bytes(one, other, 0, one.l3) &&
           (is_ip4(one) ? same_ip4(one, other, one.mbuf->nb_segs) : same_ip6(one, other)) &&
           same_tcp(one, other);
}

bool has_right_checksum(const Packet& packet) {
    const uint32_t length = packet.length - packet.l4;
    ChecksumSum sum;
    if (is_ip4(packet)) {
        sum = ipv4_pseudo_header(Ipv4Addr{packet.ip4_source}, Ipv4Addr{packet.ip4_destination},
                                 ip_protocol::tcp, static_cast<uint16_t>(length));
    } else {
        const auto* ip = packet.at<Ipv6Header>(packet.l3);
        sum = ipv6_pseudo_header(ip->source(), ip->destination(), ip_protocol::tcp, length);
    }
    sum.add(packet.data + packet.l4, length);
    return sum.checksum() == 0;
}

void set_ip_length(const Packet& packet) {
    const auto length = static_cast<uint16_t>(packet.length - packet.l3);
    if (auto* ip6 = is_ip4(packet) ? nullptr : packet.at<Ipv6Header>(packet.l3)) {
        ip6->set_payload_length(static_cast<uint16_t>(length - sizeof(Ipv6Header)));
        return;
    }
    auto* ip = packet.at<Ipv4Header>(packet.l3);
    ip->set_total_length(length);
    ip->set_checksum(0);
    ip->set_checksum(checksum(packet.data + packet.l3, sizeof *ip));
}

void mark_as_large(Packet& packet, uint32_t segment) {
    rte_mbuf& frame = *packet.mbuf;
    claim_large(frame, LargeKind::tcp, static_cast<uint16_t>(segment));
    frame.l2_len = packet.l3 & 0x7f;
    frame.l3_len = (packet.l4 - packet.l3) & 0x1ff;
    frame.l4_len = (all_headers(packet) - packet.l4) & 0xff;
    frame.ol_flags |=
        is_ip4(packet) ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6;
    packet.mark(Mark::large);
}

bool is_bulk(const Packet& packet) {
    return packet.protocol == ip_protocol::tcp && packet.length >= worthwhile;
}

} // namespace

bool Merge::is_worthwhile(const Burst& burst) {
    return burst.size() > 1 && (is_bulk(burst.first()) || is_bulk(burst.last()));
}

Verdict Merge::operator()(const Fabric&, Worker& worker, Packet& packet) {
    if (packet.is_fragment) // of which connection only the first one says
        used_ = 0;
    size_t run = 0;
    while (run < used_ && !same_connection(*runs_[run].head, packet))
        ++run;
    const bool is_part = may_be_part(packet);
    if (run < used_ && is_part && join(runs_[run], packet)) {
        if (payload_of(*runs_[run].head) % runs_[run].segment != 0 ||
            tcp_of(*runs_[run].head).flags() & tcp_flag::psh)
            close(run);
        worker.count(packet.port->id, Verdict::merged);
        return Verdict::held;
    }
    if (run < used_)
        close(run); // what comes later must not overtake this one
    if (is_part && !(tcp_of(packet).flags() & tcp_flag::psh))
        begin(packet);
    return Verdict::next;
}

// Where there are too many at once the oldest ends.
void Merge::begin(Packet& packet) {
    if (used_ == most_runs)
        close(0);
    const uint32_t payload = payload_of(packet);
    runs_[used_++] = {&packet, packet.mbuf, tcp_of(packet).sequence() + payload, payload, false};
}

bool Merge::join(Run& run, Packet& packet) {
    Packet& head = *run.head;
    const uint32_t payload = payload_of(packet);
    if (tcp_of(packet).sequence() != run.next_sequence || payload > run.segment ||
        run.segment < smallest_segment || head.length - head.l3 + payload > most_ip ||
        !same_headers(head, packet) || !(run.is_verified || has_right_checksum(head)) ||
        !has_right_checksum(packet))
        return false;
    run.is_verified = true;
    auto* tcp = head.at<TcpHeader>(head.l4);
    tcp->set_flags(static_cast<uint8_t>(tcp->flags() | tcp_of(packet).flags()));
    rte_pktmbuf_adj(packet.mbuf, static_cast<uint16_t>(all_headers(packet)));
    run.tail->next = packet.mbuf;
    run.tail = packet.mbuf;
    run.next_sequence += payload;
    ++head.mbuf->nb_segs;
    head.mbuf->pkt_len += payload;
    head.length += payload;
    set_ip_length(head);
    mark_as_large(head, run.segment);
    return true;
}

} // namespace ringfence
