// answer: ARP and neighbour discovery from the flow tables, at the asker's own port, so that most
// requests never become a broadcast on the fabric. Only groups are answered: a unicast request asks
// whether the neighbour itself is still there, and goes to it.
//
//     asks for a known address of another port       answered, probes (DAD) too: a conflict shows
//     asks for its own address (probe, gratuitous)   not answered, flooded: another may claim it
//     asks for an address that nobody is known for   flooded
//     tagged                                         flooded: the tables know the untagged LAN
//
// A probe for a link-local address that nobody is known to have is a claim: the agent hears of it.
#include "dataplane/stages/stages.h"

#include "dataplane/stages/link_local.h"
#include "dataplane/stages/reserved.h"

namespace ringfence {

namespace {

Verdict answer_arp(Worker& worker, Packet& packet);
Verdict answer_nd(Worker& worker, Packet& packet);

} // namespace

Verdict answer(const Fabric&, Worker& worker, Packet& packet) {
    if (packet.tagged || !is_group(packet.destination))
        return Verdict::next;
    return packet.ether_type == ether_type::arp ? answer_arp(worker, packet)
                                                : answer_nd(worker, packet);
}

namespace {

void turn_around(Packet& packet, EthernetHeader& ethernet, const MacAddr& owner) {
    ethernet.destination = ethernet.source;
    ethernet.source = owner;
    packet.send_to(packet.port->id);
}

Verdict answer_arp(Worker& worker, Packet& packet) {
    auto* ethernet = packet.at<EthernetHeader>(0);
    auto* arp = packet.at<ArpHeader>(packet.l3);
    const MacAddr* owner = packet.segment->neighbour(arp->target_ip());
    if (!owner || *owner == ethernet->source || arp->sender_ip() == arp->target_ip())
        return Verdict::next;
    arp->turn_into_reply(*owner);
    turn_around(packet, *ethernet, *owner);
    worker.count(packet.port->id, Verdict::answered_arp);
    return Verdict::next;
}

// The MAC that the target is known to be at. Who probes for the link-local address that follows
// from a logical port's MAC hears of that port, whether it uses the address or not.
std::optional<MacAddr> known_owner(const Segment& segment, const Ipv6Addr& target, bool probe) {
    if (const MacAddr* owner = segment.neighbour(target))
        return *owner;
    auto mac = probe ? mac_of_eui64(target) : std::nullopt;
    if (!mac)
        return std::nullopt;
    Destination place = segment.find(mac->to_u64());
    bool given = place.kind() != Destination::Kind::unknown && !place.learned();
    return given ? mac : std::nullopt;
}

void claim(Worker& worker, const Packet& packet, const Ipv6Addr& target) {
    if (packet.port->security != PortSecurity::strict || !target.is_link_local() ||
        target == eui64_link_local(packet.port->mac))
        return;
    tell(worker, packet, Notice::Kind::claim, target);
}

// As the reply lies on the wire.
struct Advertisement {
    EthernetHeader ethernet;
    Ipv6Header ip;
    NeighbourMessage message;
    LinkAddressOption link_address;
};

// Cuts the frame to that size, or lengthens it; false where there is no room.
bool resize(Packet& packet) {
    constexpr uint16_t size = sizeof(Advertisement);
    rte_mbuf* mbuf = packet.mbuf;
    bool fits =
        mbuf->nb_segs == 1 &&
        (packet.length >= size
             ? rte_pktmbuf_trim(mbuf, static_cast<uint16_t>(packet.length - size)) == 0
             : rte_pktmbuf_append(mbuf, static_cast<uint16_t>(size - packet.length)) != nullptr);
    packet.reload();
    return fits;
}

void write_advertisement(Advertisement& reply, const MacAddr& owner, bool probe) {
    constexpr Ipv6Addr all_nodes{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    const Ipv6Addr target = reply.message.target(), asker = reply.ip.source();
    // To a probe there is nobody to solicit it, and it goes to all (RFC 4861, 7.2.4).
    reply.message.turn_into_advertisement(NeighbourMessage::override_ |
                                          (probe ? 0 : NeighbourMessage::solicited));
    reply.link_address = {LinkAddressOption::target, 1, owner};
    reply.ip.set_destination(probe ? all_nodes : asker);
    reply.ip.set_source(target);

    constexpr uint16_t payload = sizeof(NeighbourMessage) + sizeof(LinkAddressOption);
    reply.ip.set_payload_length(payload);
    auto sum =
        ipv6_pseudo_header(reply.ip.source(), reply.ip.destination(), ip_protocol::icmp6, payload);
    sum.add(reinterpret_cast<const uint8_t*>(&reply.message), payload);
    reply.message.set_checksum(sum.checksum());
}

Verdict answer_nd(Worker& worker, Packet& packet) {
    const auto* ip = packet.at<Ipv6Header>(packet.l3);
    const Ipv6Addr target = packet.at<NeighbourMessage>(packet.l4)->target();
    bool probe = ip->source().is_unspecified();
    auto owner = known_owner(*packet.segment, target, probe);
    bool plain = packet.l4 == packet.l3 + sizeof(Ipv6Header); // no extension headers
    if (!owner || *owner == packet.at<EthernetHeader>(0)->source || !plain || !resize(packet)) {
        if (probe && !owner)
            claim(worker, packet, target);
        return Verdict::next;
    }
    auto* reply = packet.at<Advertisement>(0);
    write_advertisement(*reply, *owner, probe);
    turn_around(packet, reply->ethernet, *owner);
    if (probe)
        reply->ethernet.destination = MacAddr::from_u64(0x333300000001);
    worker.count(packet.port->id, Verdict::answered_nd);
    return Verdict::next;
}

} // namespace

} // namespace ringfence
