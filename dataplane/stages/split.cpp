#include "dataplane/stages/split.h"

#include <array>
#include <cstring>
#include <span>

#include "core/wire/ip.h"
#include "dataplane/stages/datagram.h"
#include "dataplane/stages/tuple.h"

namespace ringfence {

namespace {

constexpr size_t most_pieces = 64; // a jumbo frame on the way to the smallest MTU has 8

// Bytes of the datagram that one of the pieces carries.
struct Range {
    size_t from, to;
};

void make_fragment(uint8_t* l3, Range range, bool more) {
    Ipv4Header ip;
    std::memcpy(&ip, l3, sizeof ip);
    ip.set_total_length(static_cast<uint16_t>(sizeof ip + range.to - range.from));
    ip.set_fragment(range.from, more);
    ip.set_checksum(0);
    ip.set_checksum(checksum(reinterpret_cast<const uint8_t*>(&ip), sizeof ip));
    std::memcpy(l3, &ip, sizeof ip);
}

// nullptr: no buffer.
rte_mbuf* copy_of(Worker& worker, const Packet& packet, Range range, bool more) {
    size_t headers = packet.l3 + sizeof(Ipv4Header), length = range.to - range.from;
    rte_mbuf* mbuf = rte_pktmbuf_alloc(worker.copies());
    auto* room = mbuf ? reinterpret_cast<uint8_t*>(
                            rte_pktmbuf_append(mbuf, static_cast<uint16_t>(headers + length)))
                      : nullptr;
    if (!room) {
        rte_pktmbuf_free(mbuf);
        return nullptr;
    }
    std::memcpy(room, packet.data, headers);
    std::memcpy(room + headers, packet.data + headers + range.from, length);
    make_fragment(room + packet.l3, range, more);
    mbuf->port = packet.mbuf->port;
    return mbuf;
}

// All but the first, which the packet itself becomes. False, and none is left, without buffers.
bool copy_rest(Worker& worker, const Packet& packet, size_t each, size_t length,
               std::span<rte_mbuf*> rest) {
    for (size_t i = 0; i < rest.size(); ++i) {
        Range range{(i + 1) * each, std::min((i + 2) * each, length)};
        rest[i] = copy_of(worker, packet, range, range.to < length);
        if (!rest[i]) {
            rte_pktmbuf_free_bulk(rest.data(), static_cast<unsigned>(i));
            return false;
        }
    }
    return true;
}

} // namespace

bool may_split(const Packet& packet) {
    const auto* ip =
        packet.ether_type == ether_type::ip4 ? packet.at<Ipv4Header>(packet.l3) : nullptr;
    return ip && ip->is_plain() && !ip->dont_fragment() && !packet.is_fragment &&
           packet.mbuf->nb_segs == 1;
}

Verdict split(Worker& worker, const Packet& packet, uint16_t mtu) {
    size_t length = packet.at<Ipv4Header>(packet.l3)->total_length() - sizeof(Ipv4Header);
    size_t each = (mtu - sizeof(Ipv4Header)) / 8 * 8;
    size_t pieces = (length + each - 1) / each;
    std::array<rte_mbuf*, most_pieces> room;
    if (pieces < 2 || pieces - 1 > room.size())
        return Verdict::route_too_big;
    auto rest = std::span(room).first(pieces - 1);
    if (!copy_rest(worker, packet, each, length, rest))
        return Verdict::bridge_no_buffer;

    make_fragment(packet.data + packet.l3, {0, each}, true);
    auto kept = static_cast<uint32_t>(packet.l3 + sizeof(Ipv4Header) + each);
    rte_pktmbuf_trim(packet.mbuf, static_cast<uint16_t>(packet.length - kept));
    Arrival arrival = arrival_of(packet);
    worker.count(PortId(packet.mbuf->port), Verdict::segmented, rest.size());
    worker.queue(arrival);
    for (rte_mbuf* piece : rest) {
        arrival.frame = piece;
        worker.queue(arrival);
    }
    return Verdict::held;
}

} // namespace ringfence
