// encapsulate: the outer headers of RFC 7348, from the next hop's prepared ones. TTL 64, DF set,
// UDP checksum 0; ECN as RFC 6040's normal mode has it (copied), DSCP by TunnelSettings.
//
// The source port (clause 5: 49152-65535) spreads the underlay's paths and receive queues: it comes
// from a hash of the inner flow that is the same in both directions. Fragments have no ports, and
// must not part from each other: theirs comes from the addresses alone, the first one's too.
#include "core/tables/hash.h"
#include "core/wire/vxlan.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

namespace {

// The product is the same in both orders; the seed keeps a 0 from swallowing the other end.
uint64_t symmetric(uint64_t one, uint64_t other, uint64_t seed) {
    constexpr uint64_t key = 0xa0761d6478bd642f;
    auto product = static_cast<Uint128>(one ^ key) * (other ^ key);
    return mix(static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64), seed);
}

uint64_t folded(const Ipv6Addr& address) {
    uint64_t high, low;
    std::memcpy(&high, address.bytes.data(), 8);
    std::memcpy(&low, address.bytes.data() + 8, 8);
    return mix(high) ^ low;
}

struct Ports {
    uint64_t source = 0, destination = 0;
};

Ports ports_of(const Packet& packet) {
    return packet.is_fragment ? Ports{} : Ports{packet.source_port, packet.destination_port};
}

[[gnu::noinline]] uint64_t flow_hash_of_others(const Packet& packet) {
    if (packet.ether_type != ether_type::ip6)
        return symmetric(packet.source, packet.destination, packet.ether_type);
    const auto* ip = packet.at<Ipv6Header>(packet.l3);
    Ports ports = ports_of(packet);
    return symmetric(folded(ip->source()) + ports.source,
                     folded(ip->destination()) + ports.destination, packet.protocol);
}

uint64_t flow_hash(const Packet& packet) {
    if (packet.ether_type != ether_type::ip4) [[unlikely]]
        return flow_hash_of_others(packet);
    Ports ports = ports_of(packet);
    return symmetric(uint64_t{packet.ip4_source} << 16 | ports.source,
                     uint64_t{packet.ip4_destination} << 16 | ports.destination, packet.protocol);
}

L4Port source_port(const Packet& packet) {
    constexpr unsigned first = 49152, bits = 14;
    return L4Port(static_cast<uint16_t>(first + (flow_hash(packet) >> (64 - bits))));
}

// The sum of the words that are the same for each packet, and of the two that are not.
uint16_t header_checksum(uint32_t partial, uint16_t total_length, uint8_t traffic_class) {
    uint32_t sum = partial + total_length + traffic_class;
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~(sum + (sum >> 16)));
}

} // namespace

Verdict encapsulate(const Fabric& fabric, Worker&, Packet& packet) {
    const NextHop* hop = fabric.next_hop(packet.out.next_hop());
    if (!hop || !hop->resolved()) [[unlikely]]
        return Verdict::tunnel_no_neighbour;
    if (packet.length > hop->max_frame()) [[unlikely]]
        return Verdict::tunnel_too_big;
    L4Port port = source_port(packet);
    uint8_t traffic_class =
        fabric.tunnel().copy_dscp ? packet.traffic_class : packet.traffic_class & 3;
    auto udp_length =
        static_cast<uint16_t>(packet.length + sizeof(UdpHeader) + sizeof(VxlanHeader));
    auto total_length = static_cast<uint16_t>(udp_length + sizeof(Ipv4Header));

    if (!rte_pktmbuf_prepend(packet.mbuf, NextHop::overhead)) [[unlikely]]
        return Verdict::tunnel_no_headroom;
    packet.reload();
    std::memcpy(packet.data, hop->headers(), NextHop::overhead);
    auto* outer = packet.at<OuterHeaders>(0);
    outer->ip.set_traffic_class(traffic_class);
    outer->ip.set_total_length(total_length);
    outer->ip.set_checksum(header_checksum(hop->partial_checksum(), total_length, traffic_class));
    outer->udp.set_source(port);
    outer->udp.set_length(udp_length);
    outer->vxlan.set_vni(packet.segment->settings().vni);
    packet.send_to(hop->uplink());
    return Verdict::next;
}

} // namespace ringfence
