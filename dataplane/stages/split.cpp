#include "dataplane/stages/split.h"

#include <cstring>

#include "core/wire/ip.h"

namespace ringfence {

namespace {

constexpr uint32_t ip_header = sizeof(Ipv4Header);

// What lies before the payload: Ethernet, tags, and IPv4 without options.
uint32_t headers_of(const Packet& packet) { return packet.l3 + ip_header; }

// The header of a whole, or of a fragment, becomes that of a piece.
void describe(uint8_t* l3, PayloadRange range) {
    Ipv4Header ip;
    std::memcpy(&ip, l3, sizeof ip);
    bool is_last = range.to == ip.total_length() - sizeof ip;
    ip.set_fragment(ip.fragment_offset() + range.from, !is_last || ip.more_fragments());
    ip.set_total_length(static_cast<uint16_t>(sizeof ip + range.to - range.from));
    ip.set_checksum(0);
    ip.set_checksum(checksum(reinterpret_cast<const uint8_t*>(&ip), sizeof ip));
    std::memcpy(l3, &ip, sizeof ip);
}

void note_piece(Packet& packet, PayloadRange range) {
    packet.reload();
    packet.largest = 0;
    packet.is_fragment = true;
    packet.has_l4 = packet.has_l4 && range.from == 0;
}

} // namespace

Pieces::Pieces(const Packet& packet)
    : length_(packet.at<Ipv4Header>(packet.l3)->total_length() - ip_header),
      each_((packet.largest - ip_header) / 8 * 8) {}

bool copy_piece(Worker& worker, const Packet& packet, PayloadRange range, Burst& pieces) {
    const uint32_t headers = headers_of(packet), length = range.to - range.from;
    rte_mbuf* mbuf = rte_pktmbuf_alloc(worker.copies());
    auto* room = mbuf ? reinterpret_cast<uint8_t*>(
                            rte_pktmbuf_append(mbuf, static_cast<uint16_t>(headers + length)))
                      : nullptr;
    if (!room) {
        rte_pktmbuf_free(mbuf);
        return false;
    }
    std::memcpy(room, packet.data, headers);
    std::memcpy(room + headers, packet.data + headers + range.from, length);
    describe(room + packet.l3, range);
    mbuf->port = packet.mbuf->port;
    worker.count(packet.port->id, Verdict::segmented);
    Packet& piece = pieces.add(mbuf);
    piece.become_copy_of(packet);
    note_piece(piece, range);
    piece.send_to(packet.out);
    return true;
}

// The headers move up to the piece's bytes.
void become_piece(Packet& packet, PayloadRange range) {
    describe(packet.data + packet.l3, range);
    const uint32_t headers = headers_of(packet);
    std::memmove(packet.data + range.from, packet.data, headers);
    rte_pktmbuf_adj(packet.mbuf, static_cast<uint16_t>(range.from));
    rte_pktmbuf_trim(packet.mbuf, static_cast<uint16_t>(packet.mbuf->pkt_len - headers -
                                                        (range.to - range.from)));
    note_piece(packet, range);
}

} // namespace ringfence
