#include "edge-router/icmp/announcement.h"

#include "core/wire/checksum.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/neighbour.h"
#include "edge-router/icmp/writer.h"

namespace ringfence {

namespace {

constexpr Ipv6Addr all_nodes{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
constexpr uint64_t all_nodes_mac = 0x333300000001; // RFC 2464, 7

size_t build4(std::span<uint8_t> room, const MacAddr& mac, Ipv4Addr address) {
    if (room.size() < sizeof(EthernetHeader) + sizeof(ArpHeader))
        return 0;
    Writer writer(room);
    writer.put(EthernetHeader::make(mac, MacAddr::broadcast(), ether_type::arp));
    writer.put(ArpHeader::make_announcement(mac, address));
    return writer.size();
}

// As the message lies on the wire.
struct Advertisement {
    NeighbourMessage message;
    LinkAddressOption link_address;
};

size_t build6(std::span<uint8_t> room, const MacAddr& mac, const Ipv6Addr& address, bool router) {
    static_assert(max_announcement_frame ==
                  sizeof(EthernetHeader) + sizeof(Ipv6Header) + sizeof(Advertisement));
    if (room.size() < max_announcement_frame)
        return 0;
    uint32_t flags = NeighbourMessage::override_ | (router ? NeighbourMessage::router : 0);
    Advertisement advertisement{NeighbourMessage::make_advertisement(address, flags),
                                {LinkAddressOption::target, 1, mac}};
    auto ip = Ipv6Header::make(address, all_nodes, ip_protocol::icmp6, 255);
    ip.set_payload_length(sizeof advertisement);
    auto sum =
        ipv6_pseudo_header(ip.source(), ip.destination(), ip_protocol::icmp6, sizeof advertisement);
    sum.add(reinterpret_cast<const uint8_t*>(&advertisement), sizeof advertisement);
    advertisement.message.set_checksum(sum.checksum());

    Writer writer(room);
    writer.put(EthernetHeader::make(mac, MacAddr::from_u64(all_nodes_mac), ether_type::ip6));
    writer.put(ip);
    writer.put(advertisement);
    return writer.size();
}

} // namespace

size_t build_announcement(std::span<uint8_t> room, const MacAddr& mac, const IpAddr& address,
                          bool router) {
    return address.is_v4() ? build4(room, mac, *address.v4())
                           : build6(room, mac, *address.v6(), router);
}

} // namespace ringfence
