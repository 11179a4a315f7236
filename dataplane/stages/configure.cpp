#include "dataplane/stages/configure.h"

#include <array>
#include <optional>
#include <span>

#include "core/wire/checksum.h"
#include "core/wire/l4.h"
#include "dataplane/stages/link_local.h"
#include "edge-router/dhcp/router_advertisement.h"

namespace ringfence {

namespace {

// All servers and relay agents (RFC 8415, 7.1).
constexpr Ipv6Addr all_servers{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2}};

// The IP payload's end, bytes from the frame's first.
size_t end_of(const Packet& packet) {
    if (packet.ether_type == ether_type::ip4)
        return packet.l3 + size_t{packet.at<Ipv4Header>(packet.l3)->total_length()};
    return packet.l3 + sizeof(Ipv6Header) + packet.at<Ipv6Header>(packet.l3)->payload_length();
}

ChecksumSum pseudo_header(const Packet& packet, uint16_t length) {
    if (packet.ether_type == ether_type::ip4)
        return ipv4_pseudo_header(Ipv4Addr{packet.ip4_source}, Ipv4Addr{packet.ip4_destination},
                                  ip_protocol::udp, length);
    const auto* ip = packet.at<Ipv6Header>(packet.l3);
    return ipv6_pseudo_header(ip->source(), ip->destination(), ip_protocol::udp, length);
}

bool adds_up(const Packet& packet, const UdpHeader& udp) {
    uint64_t flag = packet.mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
    if (flag == RTE_MBUF_F_RX_L4_CKSUM_GOOD || flag == RTE_MBUF_F_RX_L4_CKSUM_NONE)
        return true; // verified, or from a guest on this host that left it out
    if (udp.checksum() == 0)
        return packet.ether_type == ether_type::ip4; // RFC 768; RFC 8200, 8.1
    auto sum = pseudo_header(packet, udp.length());
    sum.add(packet.data + packet.l4, udp.length());
    return sum.checksum() == 0;
}

// None where length or checksum are wrong, or not all of it lies in the first buffer.
std::optional<std::span<const uint8_t>> udp_payload(const Packet& packet) {
    const auto* udp = packet.at<UdpHeader>(packet.l4);
    size_t end = packet.l4 + size_t{udp->length()};
    if (udp->length() < sizeof(UdpHeader) || end > end_of(packet) || end > packet.linear ||
        !adds_up(packet, *udp))
        return std::nullopt;
    size_t begin = packet.l4 + sizeof(UdpHeader);
    return std::span<const uint8_t>(packet.data + begin, end - begin);
}

DhcpClient client_of(const Packet& packet) {
    const LocalPort& port = *packet.port;
    DhcpClient client;
    client.mac = port.mac;
    client.mtu = packet.segment->mtu();
    client.trusted_relay = port.trusted_relay;
    if (packet.ether_type == ether_type::ip4) {
        client.source = Ipv4Addr{packet.ip4_source};
        client.declined = port.declined4;
        return client;
    }
    const auto* ip = packet.at<Ipv6Header>(packet.l3);
    client.source = ip->source();
    client.unicast = !ip->destination().is_multicast();
    client.declined = port.declined6;
    return client;
}

} // namespace

bool is_to_dhcp4(const Packet& packet) {
    constexpr uint32_t everybody = 0xffffffff;
    const Dhcp4Binding& binding = *packet.port->dhcp4;
    uint32_t to = packet.ip4_destination;
    return to == everybody || to == binding.server.value || to == binding.broadcast().value;
}

bool is_to_dhcp6(const Packet& packet) {
    const Ipv6Addr& to = packet.at<Ipv6Header>(packet.l3)->destination();
    return to == all_servers || to == packet.port->dhcp6->server;
}

Verdict answer_dhcp(Worker& worker, Packet& packet) {
    const LocalPort& port = *packet.port;
    if (!worker.may(port.id, Metered::dhcp, port.limits.dhcp))
        return Verdict::limit_dhcp;
    if (packet.source != port.mac.to_u64()) // of a trusted port: the binding is the NIC's alone
        return Verdict::dhcp_sender;
    if (packet.is_fragment)
        return Verdict::dhcp_fragment;
    auto message = udp_payload(packet);
    if (!message)
        return Verdict::dhcp_checksum;
    const bool four = packet.ether_type == ether_type::ip4;
    const DhcpClient client = client_of(packet);
    std::array<uint8_t, max_dhcp_frame> room;
    DhcpAnswer answer = four ? answer_dhcp4(room, *port.dhcp4, client, *message)
                             : answer_dhcp6(room, *port.dhcp6, client, *message);
    if (answer.size) {
        worker.generate(std::span(room).first(answer.size), port.id, port.id);
        worker.count(port.id, four ? Verdict::answered_dhcp : Verdict::answered_dhcp6);
    }
    if (answer.declined) {
        worker.count(port.id, Verdict::dhcp_conflict);
        tell(worker, packet, four ? Notice::Kind::declined4 : Notice::Kind::declined6, {});
    }
    return answer.verdict;
}

Verdict answer_solicitation(Worker& worker, Packet& packet) {
    const LocalPort& port = *packet.port;
    if (!worker.may(port.id, Metered::dhcp, port.limits.dhcp))
        return Verdict::limit_dhcp;
    const Ipv6Addr& asker = packet.at<Ipv6Header>(packet.l3)->source();
    const uint16_t mtu = packet.segment->mtu();
    std::array<uint8_t, max_dhcp_frame> room;
    size_t size = asker.is_unspecified()
                      ? build_router_advertisement(room, *port.dhcp6, mtu)
                      : build_router_advertisement(room, *port.dhcp6, mtu,
                                                   MacAddr::from_u64(packet.source), asker);
    worker.generate(std::span(room).first(size), port.id, port.id);
    worker.count(port.id, Verdict::answered_ra);
    return Verdict::consumed;
}

} // namespace ringfence
