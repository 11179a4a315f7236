// The tuple that a packet's connection is known by, and the header that routers see of it.
#pragma once

#include <cstdint>

#include "core/packet/icmp_ports.h"
#include "core/packet/large.h"
#include "core/packet/packet.h"
#include "core/packet/tuple.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"
#include "dataplane/walk/header.h"

namespace ringfence {

struct PortPair {
    uint16_t source = 0, destination = 0;
};

// A local port has sent it just now.
inline bool is_sent(const Packet& packet) {
    return !packet.from_tunnel && !packet.handed_over && !packet.generated;
}

inline PortPair icmp_ports(const Packet& packet) {
    auto ports = icmp_ports(packet.protocol, *packet.at<IcmpHeader>(packet.l4));
    return {ports.source, ports.destination};
}

inline PortPair ports_of(const Packet& packet) {
    if (is_icmp(packet.protocol) && packet.has_l4) [[unlikely]]
        return icmp_ports(packet);
    return {packet.source_port, packet.destination_port};
}

template <class Address> Tuple<Address> tuple_of(const Packet& packet);

template <> inline Tuple4 tuple_of(const Packet& packet) {
    PortPair ports = ports_of(packet);
    return {Ipv4Addr{packet.ip4_source}, Ipv4Addr{packet.ip4_destination}, ports.source,
            ports.destination, packet.protocol};
}

template <> inline Tuple6 tuple_of(const Packet& packet) {
    PortPair ports = ports_of(packet);
    const auto* ip = packet.at<Ipv6Header>(packet.l3);
    return {ip->source(), ip->destination(), ports.source, ports.destination, packet.protocol};
}

// Calls work.operator()<Ipv4Addr>() or <Ipv6Addr>(), by what the packet is: IP of either version.
template <class Work> auto by_family(const Packet& packet, Work work) {
    return packet.ether_type == ether_type::ip4 ? work.template operator()<Ipv4Addr>()
                                                : work.template operator()<Ipv6Addr>();
}

inline bool is_ip(const Packet& packet) {
    return packet.ether_type == ether_type::ip4 || packet.ether_type == ether_type::ip6;
}

// TTL or hop limit.
inline uint8_t ttl_of(const Packet& packet) {
    return packet.ether_type == ether_type::ip4 ? packet.at<Ipv4Header>(packet.l3)->ttl()
                                                : packet.at<Ipv6Header>(packet.l3)->hop_limit();
}

// What is behind the IP header and its extensions, by the IP header; bytes.
template <class Address> size_t l4_length(const Packet& packet) {
    size_t before = packet.l4 - packet.l3;
    if constexpr (std::is_same_v<Address, Ipv4Addr>)
        return packet.at<Ipv4Header>(packet.l3)->total_length() - before;
    else
        return packet.at<Ipv6Header>(packet.l3)->payload_length() + sizeof(Ipv6Header) - before;
}

// The frame gets the header's MACs.
inline void put_macs(const Packet& packet, const Header& header) {
    auto* ethernet = packet.at<EthernetHeader>(0);
    ethernet->destination = MacAddr::from_u64(header.destination_mac);
    ethernet->source = MacAddr::from_u64(header.source_mac);
}

// IPv4 that routers split where it is too large (RFC 791, 2.3; RFC 1812, 4.2.2.7); not what has
// options, or lies in several buffers.
inline bool may_split(const Packet& packet) {
    const auto* ip =
        packet.ether_type == ether_type::ip4 ? packet.at<Ipv4Header>(packet.l3) : nullptr;
    return ip && ip->is_plain() && !ip->dont_fragment() && packet.mbuf->nb_segs == 1;
}

// A large packet whose segments may be made shorter: of TCP, where routers might split them.
inline bool may_shorten(const Packet& packet) {
    const auto* ip =
        packet.ether_type == ether_type::ip4 ? packet.at<Ipv4Header>(packet.l3) : nullptr;
    return ip && !ip->dont_fragment() && packet.protocol == ip_protocol::tcp;
}

// Bytes of IP that must pass in one piece; 0: as many as will.
inline uint16_t whole_length(const Packet& packet) {
    if (is_large(*packet.mbuf)) [[unlikely]]
        return may_shorten(packet) ? uint16_t{0} : static_cast<uint16_t>(longest_ip(*packet.mbuf));
    return may_split(packet) ? uint16_t{0} : static_cast<uint16_t>(packet.length - packet.l3);
}

inline Header header_of(const Packet& packet) {
    return by_family(packet, [&]<class Address>() {
        Tuple<Address> tuple = tuple_of<Address>(packet);
        return Header{packet.segment,         packet.source,     packet.destination,
                      tuple.source,           tuple.destination, tuple.source_port,
                      tuple.destination_port, tuple.protocol,    ttl_of(packet),
                      whole_length(packet)};
    });
}

} // namespace ringfence
