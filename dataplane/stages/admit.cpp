// admit: port security (DESIGN §6). What a NIC sends must be its own: its MAC, its addresses, also
// inside ARP and neighbour discovery; it is no DHCP server and no router (unless the provider says
// so). The modes:
//
//     strict    all of that
//     mac       the MAC; an address in ARP or ND only must not be another logical port's
//     trusted   any MAC that is not another logical port's; nothing above it
//
// A virtual address may be sent from by every port that may have it, with the MAC that goes with
// it, too. Who announces one takes it over: the agent hears of it. Nobody else may announce it.
//
// Link-local addresses of a strict port are the EUI-64 one of its MAC, and at most two that it
// claimed: see LinkLocalClaims.
#include "dataplane/stages/stages.h"

#include "dataplane/stages/allowed.h"
#include "dataplane/stages/configure.h"
#include "dataplane/stages/large.h"
#include "dataplane/stages/link_local.h"
#include "dataplane/stages/reserved.h"
#include "dataplane/stages/speakers.h"

namespace ringfence {

namespace {

Verdict check_source_mac(Worker& worker, const Packet& packet);
Verdict check_contents(Worker& worker, Packet& packet);
Verdict check_ip4(Packet& packet);
Verdict check_ip6(Packet& packet);
Verdict check_arp(Worker& worker, Packet& packet);
Verdict check_nd(Worker& worker, Packet& packet);

bool is_trusted(const Packet& packet) { return packet.port->security == PortSecurity::trusted; }
bool is_strict(const Packet& packet) { return packet.port->security == PortSecurity::strict; }

// Of all but IPv4.
[[gnu::noinline]] Verdict check_others(Worker& worker, Packet& packet) {
    switch (packet.ether_type) {
    case ether_type::ip6: {
        Verdict verdict = check_ip6(packet);
        return verdict == Verdict::next ? check_nd(worker, packet) : verdict;
    }
    case ether_type::arp:
        return check_arp(worker, packet);
    case ether_type::vlan:
    case ether_type::service_vlan: // a third tag: what is in it can't be checked
        return Verdict::admit_vlan;
    default:
        return Verdict::next;
    }
}

// Longer than the MTU, as large frames may be.
[[gnu::cold, gnu::noinline]] Verdict check_long(Worker& worker, Packet& packet) {
    return exceeds(packet, packet.segment->mtu()) ? Verdict::admit_oversize
                                                  : check_contents(worker, packet);
}

[[gnu::noinline]] Verdict refuse_not_ready(Worker& worker, const Packet& packet) {
    const LocalPort& port = *packet.port;
    MacAddr source = MacAddr::from_u64(packet.source);
    if (port.is_elsewhere && (source == port.mac || port.security == PortSecurity::trusted)) {
        Notice notice;
        notice.kind = Notice::Kind::sends;
        notice.port = port.id;
        notice.mac = port.mac;
        worker.notice(notice);
    }
    return Verdict::admit_not_ready;
}

} // namespace

Verdict admit(const Fabric&, Worker& worker, Packet& packet) {
    const LocalPort& port = *packet.port;
    if (port.dead_vlan) [[unlikely]]
        return Verdict::admit_dead_vlan;
    if (!packet.segment) [[unlikely]]
        return refuse_not_ready(worker, packet);
    const Segment& segment = *packet.segment;
    if (packet.tagged && !segment.settings().vlan_transparent)
        return Verdict::admit_vlan;
    if (Verdict verdict = check_source_mac(worker, packet); verdict != Verdict::next)
        return verdict;
    if (is_reserved(packet.destination)) [[unlikely]]
        return Verdict::l2_reserved;
    if (packet.length - packet.l3 > segment.mtu()) [[unlikely]]
        return check_long(worker, packet);
    return check_contents(worker, packet);
}

namespace {

inline Verdict check_contents(Worker& worker, Packet& packet) {
    Verdict verdict =
        packet.ether_type == ether_type::ip4 ? check_ip4(packet) : check_others(worker, packet);
    if (packet.protocol == ip_protocol::icmp6 && verdict == Verdict::next)
        tell_in_use(worker, packet);
    return is_trusted(packet) ? Verdict::next
                              : verdict; // of a trusted port only what it asks counts
}

// A trusted port's MACs are learned by the agent; one that is given to a logical port is its alone.
Verdict check_trusted_mac(Worker& worker, const Packet& packet) {
    Destination known = packet.segment->find(packet.source, packet.source_place);
    Destination here = *Destination::local(packet.port->id, true);
    if (known == here || known == *Destination::local(packet.port->id) ||
        may_send_from(*packet.port, MacAddr::from_u64(packet.source)))
        return Verdict::next;
    if (known.kind() != Destination::Kind::unknown && !known.learned())
        return Verdict::admit_src_mac;
    tell_learned(worker, packet);
    return Verdict::next;
}

Verdict check_source_mac(Worker& worker, const Packet& packet) {
    if (is_group(packet.source) || packet.source == 0) [[unlikely]]
        return Verdict::admit_src_mac;
    if (is_trusted(packet))
        return check_trusted_mac(worker, packet);
    if (packet.source == packet.port->mac.to_u64()) [[likely]]
        return Verdict::next;
    if (may_send_from(*packet.port, MacAddr::from_u64(packet.source)))
        return Verdict::next;
    Destination owner = packet.segment->find(packet.source);
    if (owner.kind() != Destination::Kind::unknown && !owner.learned())
        tell(worker, packet, Notice::Kind::foreign_mac, {});
    return Verdict::admit_src_mac;
}

template <class Address> bool holds(const std::vector<Address>& addresses, const Address& address) {
    for (const Address& one : addresses) // one or two, mostly
        if (one == address)
            return true;
    return false;
}

bool is_given_to(const LocalPort& port, const Ipv4Addr& address) {
    return holds(port.ip4, address) || allowed(port, address);
}
bool is_given_to(const LocalPort& port, const Ipv6Addr& address) {
    return holds(port.ip6, address) || holds(port.link_local, address) ||
           address == eui64_link_local(port.mac) || allowed(port, address);
}

// True where the address is not for this port to speak for: of the modes that know no addresses,
// another NIC's or a router's.
template <class Address> bool is_foreign(const Packet& packet, const Address& address) {
    if (is_strict(packet))
        return !is_given_to(*packet.port, address);
    const Segment& segment = *packet.segment;
    const MacAddr* nic = segment.neighbour(address);
    return nic ? *nic != packet.port->mac : segment.router_with(address) || segment.held(address);
}

// Who announces an address says that it is at that MAC from now on. `refused`: what becomes of one
// that is no virtual address, and not for this port to speak for.
template <class Address>
Verdict check_speaker(Worker& worker, const Packet& packet, const Address& address, MacAddr mac,
                      bool announces, Verdict refused) {
    const VirtualAddress* shared = packet.segment->virtual_address(address);
    const AllowedAddress* own = shared ? allowed(*packet.port, address) : nullptr;
    bool foreign = shared ? !own || (announces && own->mac != mac) : is_foreign(packet, address);
    if (foreign) {
        tell(worker, packet, Notice::Kind::foreign_address, address);
        if (!is_trusted(packet))
            return shared ? Verdict::virtual_not_allowed : refused;
    }
    if (!own) {
        if (!is_strict(packet))
            tell_speaker(worker, packet, address);
        return Verdict::next;
    }
    bool has = shared->holder && shared->holder->nic == packet.port->mac;
    if (announces && !has && !foreign && !packet.tagged)
        tell(worker, packet, Notice::Kind::takes_over, address);
    return Verdict::next;
}

bool is_udp(const Packet& packet) { return packet.protocol == ip_protocol::udp; }

// A client that has no address yet (RFC 2131, 4.1).
bool is_dhcp_request(const Packet& packet) {
    return is_udp(packet) && packet.source_port == 68 && packet.destination_port == 67;
}

// A server and a relay send from the server's port; clients never do. Clients listen on theirs, and
// many look at nothing but that: what goes there from any other port would be a server's word too.
bool is_from_dhcp_server(const Packet& packet, uint16_t server, uint16_t client) {
    return (packet.source_port == server || packet.destination_port == client) && is_udp(packet) &&
           !packet.port->dhcp_server;
}

// From the server's port, but to one: of a relay that the provider trusts.
bool is_trusted_relay(const Packet& packet) {
    return packet.port->trusted_relay && packet.destination_port == 67;
}

// One of DHCP's two ports: a comparison each for the packets that have neither.
bool has_dhcp_port(const Packet& packet, uint16_t first) {
    return static_cast<uint16_t>(packet.destination_port - first) <= 1 ||
           static_cast<uint16_t>(packet.source_port - first) <= 1;
}

[[gnu::cold, gnu::noinline]] Verdict check_dhcp4(Packet& packet) {
    if (is_from_dhcp_server(packet, 67, 68) && !is_trusted_relay(packet))
        return Verdict::dhcp_rogue_server; // RFC 2131, 4.1
    if (asks_dhcp4(packet))
        packet.set_asks();
    return Verdict::next;
}

[[gnu::cold, gnu::noinline]] Verdict check_dhcp6(Packet& packet) {
    if (is_from_dhcp_server(packet, 547, 546)) // RFC 8415, 7.2
        return Verdict::dhcp_rogue_server6;
    if (asks_dhcp6(packet))
        packet.set_asks();
    return Verdict::next;
}

bool is_redirect(const Packet& packet) {
    return packet.has_l4 && packet.at<IcmpHeader>(packet.l4)->type() == icmp_type::redirect;
}

Verdict check_ip4(Packet& packet) {
    Ipv4Addr source{packet.ip4_source};
    if (is_strict(packet) && !is_given_to(*packet.port, source) &&
        !(source == Ipv4Addr{} && is_dhcp_request(packet))) [[unlikely]]
        return Verdict::admit_src_ip;
    if (packet.protocol == ip_protocol::icmp) [[unlikely]]
        return is_redirect(packet) ? Verdict::icmp_redirect : Verdict::next;
    return has_dhcp_port(packet, 67) ? check_dhcp4(packet) : Verdict::next;
}

// What a host may send before it has an address: a probe or a router solicitation (RFC 4861, 4.1,
// 4.3), and reports of the groups that these need (RFC 3590, 4).
bool may_be_unspecified(const Packet& packet) {
    constexpr uint8_t mld_report = 131, mld_done = 132, mld2_report = 143;
    if (packet.protocol != ip_protocol::icmp6 || !packet.has_l4)
        return false;
    switch (packet.at<IcmpHeader>(packet.l4)->type()) {
    case nd_type::router_solicitation:
    case nd_type::neighbour_solicitation:
    case mld_report:
    case mld_done:
    case mld2_report:
        return true;
    default:
        return false;
    }
}

Verdict check_ip6(Packet& packet) {
    const auto* ip = packet.at<Ipv6Header>(packet.l3);
    if (is_strict(packet) && !is_given_to(*packet.port, ip->source()) &&
        !(ip->source().is_unspecified() && may_be_unspecified(packet)))
        return Verdict::admit_src_ip;
    return has_dhcp_port(packet, 546) ? check_dhcp6(packet) : Verdict::next;
}

Verdict check_arp(Worker& worker, Packet& packet) {
    const auto* arp = packet.at<ArpHeader>(packet.l3);
    if (!arp)
        return Verdict::arp_truncated;
    if (!arp->is_valid())
        return Verdict::arp_malformed;
    if (arp->operation() != ArpHeader::request && arp->operation() != ArpHeader::reply)
        return Verdict::arp_operation;
    if (!is_trusted(packet) && arp->sender_mac() != packet.at<EthernetHeader>(0)->source)
        return Verdict::arp_sender_mac;
    // 0 is a probe's (RFC 5227, 1.1).
    bool probe = arp->sender_ip() == Ipv4Addr{} && arp->operation() == ArpHeader::request;
    bool announces = arp->sender_ip() == arp->target_ip();
    Verdict verdict = probe ? Verdict::next
                            : check_speaker(worker, packet, arp->sender_ip(), arp->sender_mac(),
                                            announces, Verdict::arp_sender_ip);
    if (verdict != Verdict::next)
        return verdict;
    if (arp->operation() == ArpHeader::request)
        packet.set_asks();
    return Verdict::next;
}

Verdict check_nd_sender(Worker& worker, const Packet& packet, const Ipv6Header& ip,
                        const IcmpHeader& icmp, const NeighbourOptions& options);

// The whole message, from its ICMPv6 header to the packet's end, or none where not all of it lies
// in the first buffer.
Cursor nd_message(const Packet& packet, const Ipv6Header& ip) {
    size_t end = packet.l3 + sizeof(Ipv6Header) + ip.payload_length();
    if (end > packet.linear)
        return Cursor(packet.data, 0);
    return Cursor(packet.data + packet.l4, end - packet.l4);
}

bool is_bad_checksum(const Packet& packet, const Ipv6Header& ip, const Cursor& message) {
    uint64_t flag = packet.mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
    if (flag == RTE_MBUF_F_RX_L4_CKSUM_GOOD || flag == RTE_MBUF_F_RX_L4_CKSUM_NONE)
        return false; // verified, or from a guest on this host that left it out
    auto sum = ipv6_pseudo_header(ip.source(), ip.destination(), ip_protocol::icmp6,
                                  static_cast<uint32_t>(message.left()));
    sum.add(message.data(), message.left());
    return sum.checksum() != 0;
}

Verdict check_nd(Worker& worker, Packet& packet) {
    if (packet.protocol != ip_protocol::icmp6 || !packet.has_l4)
        return Verdict::next;
    const auto* icmp = packet.at<IcmpHeader>(packet.l4);
    if (!nd_type::is_nd(icmp->type()))
        return Verdict::next;
    if (icmp->type() == nd_type::router_advertisement)
        return packet.port->dhcp_server ? Verdict::next : Verdict::nd_rogue_ra;
    if (icmp->type() == nd_type::redirect)
        return Verdict::nd_redirect;
    if (packet.is_fragment)
        return Verdict::nd_fragment;

    const auto* ip = packet.at<Ipv6Header>(packet.l3);
    Cursor message = nd_message(packet, *ip);
    if (ip->hop_limit() != 255)
        return Verdict::nd_hop_limit;
    if (icmp->code() != 0)
        return Verdict::nd_code;
    bool router = icmp->type() == nd_type::router_solicitation;
    size_t fixed = router ? sizeof(IcmpHeader) : sizeof(NeighbourMessage);
    Cursor rest = message;
    if (!rest.skip(fixed))
        return Verdict::nd_truncated;
    if (is_bad_checksum(packet, *ip, message))
        return Verdict::nd_checksum;
    NeighbourOptions options = read_options(rest);
    if (!options.valid)
        return Verdict::nd_option;
    if (!router && message.peek<NeighbourMessage>()->target().is_multicast())
        return Verdict::nd_target;
    if (Verdict verdict = check_nd_sender(worker, packet, *ip, *icmp, options);
        verdict != Verdict::next)
        return verdict;
    if (icmp->type() == nd_type::neighbour_solicitation || (router && packet.port->dhcp6))
        packet.set_asks();
    return Verdict::next;
}

// The link addresses and the target are the port's; a probe has the form of one (RFC
// 4861, 4.3, 7.1.1).
Verdict check_nd_sender(Worker& worker, const Packet& packet, const Ipv6Header& ip,
                        const IcmpHeader& icmp, const NeighbourOptions& options) {
    const MacAddr& mac = packet.at<EthernetHeader>(0)->source;
    bool foreign =
        (options.source && *options.source != mac) || (options.target && *options.target != mac);
    if (foreign && !is_trusted(packet))
        return Verdict::nd_link_address;
    if (icmp.type() == nd_type::router_solicitation) {
        bool contrary = ip.source().is_unspecified() && options.source;
        return contrary && !is_trusted(packet) ? Verdict::nd_source : Verdict::next;
    }
    const auto& message = *packet.at<NeighbourMessage>(packet.l4);
    const Ipv6Addr& target = message.target();
    if (icmp.type() == nd_type::neighbour_advertisement)
        return check_speaker(worker, packet, target, mac, !message.is_solicited(),
                             Verdict::nd_target);
    if (is_trusted(packet))
        return Verdict::next;
    bool probe = ip.source().is_unspecified();
    if (probe && (options.source || ip.destination() != solicited_node(target)))
        return Verdict::nd_source;
    return Verdict::next;
}

} // namespace

} // namespace ringfence
