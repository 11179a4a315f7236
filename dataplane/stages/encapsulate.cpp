// encapsulate: the outer headers of RFC 7348, from the next hop's prepared ones. TTL 64, DF set,
// UDP checksum 0 over IPv4, over IPv6 by TunnelSettings; ECN as RFC 6040's normal mode has it
// (copied), DSCP by TunnelSettings.
//
// The source port (clause 5: 49152-65535) spreads the underlay's paths and receive queues: it comes
// from a hash of the inner flow that is the same in both directions. Fragments have no ports, and
// must not part from each other: theirs comes from the addresses alone, the first one's too.
#include "core/tables/hash.h"
#include "core/wire/vxlan.h"
#include "dataplane/stages/large.h"
#include "dataplane/stages/outer_checksum.h"
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

L4Port source_port(uint64_t flow) {
    constexpr unsigned first = 49152, bits = 14;
    return L4Port(static_cast<uint16_t>(first + (flow >> (64 - bits))));
}

uint8_t outer_traffic_class(const Fabric& fabric, const Packet& packet) {
    return fabric.tunnel().copy_dscp ? packet.traffic_class : packet.traffic_class & 3;
}

// The sum of the words that are the same for each packet, and of the two that are not.
uint16_t header_checksum(uint32_t partial, uint16_t total_length, uint8_t traffic_class) {
    uint32_t sum = partial + total_length + traffic_class;
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~(sum + (sum >> 16)));
}

// nullptr: no room before the frame.
template <class Headers>
[[gnu::always_inline]] inline Headers* prepend(Packet& packet, const OuterTemplate& way,
                                               L4Port port, uint16_t udp_length) {
    if (!rte_pktmbuf_prepend(packet.mbuf, sizeof(Headers))) [[unlikely]]
        return nullptr;
    packet.reload();
    std::memcpy(packet.data, way.headers.data(), sizeof(Headers));
    auto* outer = packet.at<Headers>(0);
    outer->udp.set_source(port);
    outer->udp.set_length(udp_length);
    outer->vxlan.set_vni(*packet.segment->settings().vni);
    packet.send_to(PortId(way.uplink));
    return outer;
}

uint16_t udp_length_of(const Packet& packet) {
    return static_cast<uint16_t>(packet.length + sizeof(UdpHeader) + sizeof(VxlanHeader));
}

[[gnu::always_inline]] inline Verdict over_ip4(const Fabric& fabric, Packet& packet,
                                               const OuterTemplate& way, uint64_t flow) {
    uint8_t traffic_class = outer_traffic_class(fabric, packet);
    uint16_t udp_length = udp_length_of(packet);
    auto total_length = static_cast<uint16_t>(udp_length + sizeof(Ipv4Header));
    auto* outer = prepend<OuterHeaders>(packet, way, source_port(flow), udp_length);
    if (!outer) [[unlikely]]
        return Verdict::tunnel_no_headroom;
    outer->ip.set_traffic_class(traffic_class);
    outer->ip.set_total_length(total_length);
    outer->ip.set_checksum(header_checksum(way.partial_checksum, total_length, traffic_class));
    return Verdict::next;
}

Verdict over_ip6(const Fabric& fabric, Packet& packet, const OuterTemplate& way, uint64_t flow) {
    uint8_t traffic_class = outer_traffic_class(fabric, packet);
    uint16_t length = udp_length_of(packet);
    auto* outer = prepend<OuterHeaders6>(packet, way, source_port(flow), length);
    if (!outer)
        return Verdict::tunnel_no_headroom;
    outer->ip.set_traffic_class(traffic_class);
    outer->ip.set_payload_length(length);
    if (fabric.tunnel().zero_checksum6)
        return Verdict::next;
    if (is_large(*packet.mbuf)) { // each segment gets its own
        outer->udp.set_checksum(0xffff);
        return Verdict::next;
    }
    auto checksum = static_cast<uint16_t>(
        ~sum_over_udp6(*packet.mbuf, OuterHeaders6::udp_offset, length, way.partial_checksum));
    outer->udp.set_checksum(checksum ? checksum : 0xffff); // 0 says that there is none (RFC 768)
    return Verdict::next;
}

// Over IPv6, or by one way of several.
[[gnu::noinline]] Verdict by_other_ways(const Fabric& fabric, Packet& packet, const NextHop* hop) {
    if (!hop || !hop->resolved())
        return Verdict::tunnel_no_neighbour;
    uint64_t flow = flow_hash(packet);
    const OuterTemplate& way = hop->way(flow);
    if (packet.length > way.max_frame && frame_exceeds(packet, way.max_frame))
        return Verdict::tunnel_too_big;
    return way.is_v6 ? over_ip6(fabric, packet, way, flow) : over_ip4(fabric, packet, way, flow);
}

} // namespace

Verdict encapsulate(const Fabric& fabric, Worker&, Packet& packet) {
    const NextHop* hop = fabric.next_hop(packet.out.next_hop());
    if (!hop || !hop->has_one_way()) [[unlikely]]
        return by_other_ways(fabric, packet, hop);
    const OuterTemplate& way = hop->only_way();
    if (packet.length > way.max_frame && frame_exceeds(packet, way.max_frame)) [[unlikely]]
        return Verdict::tunnel_too_big;
    return over_ip4(fabric, packet, way, flow_hash(packet));
}

} // namespace ringfence
