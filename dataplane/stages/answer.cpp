// answer: ARP and neighbour discovery from the flow tables, at the asker's own port, so that most
// requests never become a broadcast on the fabric. DHCP and router solicitations: configure.h.
//
//     asks for a known address of another port       answered, probes (DAD) too: a conflict shows
//     asks for its own address (probe, gratuitous)   not answered, flooded: another may claim it
//     probes for a virtual one that it may have      not answered, flooded: who has it defends it
//     asks for an address that nobody is known for   flooded
//     tagged                                         flooded: the tables know the untagged LAN
//
// A router's own addresses and those that it holds for NICs behind it are known addresses, on every
// host. Inside a fence, its router answers for what lies outside too, but no probe for that: there
// any address is free that no NIC inside has.
//
// A unicast request asks whether the neighbour itself is still there, and goes to it. To a router
// it goes here: the router is on this host as on any.
//
// Where no router stands for the port's DHCP server, this host does: it answers for the server's
// own address, at the server's MAC.
//
// A probe for a link-local address that nobody is known to have is a claim: the agent hears of it.
#include "dataplane/stages/stages.h"

#include "dataplane/stages/allowed.h"
#include "dataplane/stages/configure.h"
#include "dataplane/stages/link_local.h"
#include "dataplane/stages/reserved.h"

namespace ringfence {

namespace {

// Who answers for an address.
struct Owner {
    MacAddr mac;
    bool router = false;  // rather than a NIC
    bool proxied = false; // for a host beyond it
};

Verdict answer_arp(const Fabric& fabric, Worker& worker, Packet& packet);
Verdict answer_nd(const Fabric& fabric, Worker& worker, Packet& packet);
bool is_for_this_host(const Packet& packet);
bool is_solicitation(const Packet& packet);

} // namespace

Verdict answer(const Fabric& fabric, Worker& worker, Packet& packet) {
    if (packet.tagged)
        return Verdict::next;
    if (packet.protocol == ip_protocol::udp)
        return answer_dhcp(worker, packet);
    if (is_solicitation(packet))
        return answer_solicitation(worker, packet);
    if (!is_group(packet.destination) && !is_for_this_host(packet))
        return Verdict::next;
    return packet.ether_type == ether_type::arp ? answer_arp(fabric, worker, packet)
                                                : answer_nd(fabric, worker, packet);
}

namespace {

bool is_for_this_host(const Packet& packet) {
    Destination place = packet.segment->find(packet.destination, packet.destination_place);
    const LocalPort& port = *packet.port;
    auto mac = MacAddr::from_u64(packet.destination);
    return place.kind() == Destination::Kind::router ||
           (port.dhcp4 && port.dhcp4->server_mac == mac) ||
           (port.dhcp6 && port.dhcp6->server_mac == mac);
}

bool is_solicitation(const Packet& packet) {
    return packet.ether_type == ether_type::ip6 &&
           packet.at<IcmpHeader>(packet.l4)->type() == nd_type::router_solicitation;
}

bool is_router(const Segment& segment, const MacAddr& mac) {
    return segment.find(mac.to_u64()).kind() == Destination::Kind::router;
}

// What becomes of a request that is not answered: a group's goes on, to all; a router that was
// asked for what it does not have says nothing.
Verdict unanswered(const Packet& packet) {
    return is_group(packet.destination) ? Verdict::next : Verdict::route_not_ip;
}

// The port's own DHCP server, for its own address, where no router has its MAC.
std::optional<Owner> server_with(const Packet& packet, const IpAddr& target) {
    const LocalPort& port = *packet.port;
    std::optional<Owner> server;
    if (port.dhcp4 && IpAddr(port.dhcp4->server) == target)
        server = {port.dhcp4->server_mac};
    else if (port.dhcp6 && IpAddr(port.dhcp6->server) == target)
        server = {port.dhcp6->server_mac, port.dhcp6->router};
    return server && !is_router(*packet.segment, server->mac) ? server : std::nullopt;
}

// None where nobody is known to have it, or a router other than the one that the packet asks.
std::optional<Owner> owner_of(const Fabric& fabric, const Packet& packet, const IpAddr& target,
                              bool probe) {
    const Segment& segment = *packet.segment;
    std::optional<Owner> owner;
    if (probe && allowed(*packet.port, target)) // who has it defends it, if that one still lives
        return std::nullopt;
    if (auto mac = fabric.neighbour(segment, target))
        owner = {*mac, is_router(segment, *mac), false};
    else if (auto server = server_with(packet, target))
        owner = server;
    else if (auto fence = probe ? std::nullopt : fabric.proxy(segment, target))
        owner = {*fence, true, true};
    bool is_asked = is_group(packet.destination) ||
                    (owner && owner->mac == MacAddr::from_u64(packet.destination));
    return is_asked ? owner : std::nullopt;
}

void turn_around(Packet& packet, EthernetHeader& ethernet, const MacAddr& owner) {
    ethernet.destination = ethernet.source;
    ethernet.source = owner;
    packet.send_to(packet.port->id);
}

Verdict answer_arp(const Fabric& fabric, Worker& worker, Packet& packet) {
    auto* ethernet = packet.at<EthernetHeader>(0);
    auto* arp = packet.at<ArpHeader>(packet.l3);
    bool probe = arp->sender_ip() == Ipv4Addr{};
    auto owner = owner_of(fabric, packet, arp->target_ip(), probe);
    if (!owner || owner->mac == ethernet->source || arp->sender_ip() == arp->target_ip())
        return unanswered(packet);
    arp->turn_into_reply(owner->mac);
    turn_around(packet, *ethernet, owner->mac);
    worker.count(packet.port->id, Verdict::answered_arp);
    return Verdict::next;
}

// Who probes for the link-local address that follows from a logical port's MAC hears of that port,
// whether it uses the address or not.
std::optional<Owner> owner_by_mac(const Segment& segment, const Ipv6Addr& target) {
    auto mac = mac_of_eui64(target);
    if (!mac)
        return std::nullopt;
    Destination place = segment.find(mac->to_u64());
    bool given = place.kind() != Destination::Kind::unknown && !place.learned();
    return given ? std::optional(Owner{*mac}) : std::nullopt;
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

// To a probe there is nobody to solicit it. R says that the sender routes: a host that hears its
// gateway without it stops using it (RFC 4861, 7.2.5). A proxy overrides nobody (7.2.8).
uint32_t advertised_flags(const Owner& owner, bool probe) {
    return (owner.router ? NeighbourMessage::router : 0) |
           (probe ? 0 : NeighbourMessage::solicited) |
           (owner.proxied ? 0 : NeighbourMessage::override_);
}

void write_advertisement(Advertisement& reply, const Owner& owner, bool probe) {
    constexpr Ipv6Addr all_nodes{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    const Ipv6Addr target = reply.message.target(), asker = reply.ip.source();
    reply.message.turn_into_advertisement(advertised_flags(owner, probe));
    reply.link_address = {LinkAddressOption::target, 1, owner.mac};
    reply.ip.set_destination(probe ? all_nodes : asker); // RFC 4861, 7.2.4
    reply.ip.set_source(target);

    constexpr uint16_t payload = sizeof(NeighbourMessage) + sizeof(LinkAddressOption);
    reply.ip.set_payload_length(payload);
    auto sum =
        ipv6_pseudo_header(reply.ip.source(), reply.ip.destination(), ip_protocol::icmp6, payload);
    sum.add(reinterpret_cast<const uint8_t*>(&reply.message), payload);
    reply.message.set_checksum(sum.checksum());
}

Verdict answer_nd(const Fabric& fabric, Worker& worker, Packet& packet) {
    const auto* ip = packet.at<Ipv6Header>(packet.l3);
    const Ipv6Addr target = packet.at<NeighbourMessage>(packet.l4)->target();
    bool probe = ip->source().is_unspecified(), own = ip->source() == target;
    auto owner = owner_of(fabric, packet, target, probe);
    bool may_have = allowed(*packet.port, target);
    if (!owner && probe && !may_have)
        owner = owner_by_mac(*packet.segment, target);
    if (!owner && probe && !may_have)
        claim(worker, packet, target);
    bool plain = packet.l4 == packet.l3 + sizeof(Ipv6Header); // no extension headers
    if (!owner || own || owner->mac == packet.at<EthernetHeader>(0)->source || !plain ||
        !resize(packet))
        return unanswered(packet);
    auto* reply = packet.at<Advertisement>(0);
    write_advertisement(*reply, *owner, probe);
    turn_around(packet, reply->ethernet, owner->mac);
    if (probe)
        reply->ethernet.destination = MacAddr::from_u64(0x333300000001);
    worker.count(packet.port->id, Verdict::answered_nd);
    return Verdict::next;
}

} // namespace

} // namespace ringfence
