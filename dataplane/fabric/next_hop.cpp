#include "dataplane/fabric/next_hop.h"

#include <cstring>

#include "core/wire/vxlan.h"

namespace ringfence {

namespace {

static_assert(sizeof(OuterHeaders) == NextHop::overhead);
static_assert(sizeof(OuterHeaders6) == NextHop::overhead6);

constexpr uint8_t outer_ttl = 64;

template <class Headers>
void write(OuterTemplate& way, const UnderlayPath& path, uint16_t type, uint16_t udp_port,
           Headers& headers) {
    headers.ethernet.destination = path.destination_mac;
    headers.ethernet.source = path.source_mac;
    headers.ethernet.set_type(type);
    headers.udp = UdpHeader(L4Port(0), L4Port(udp_port), 0);
    headers.vxlan = VxlanHeader::without_vni();
    std::memcpy(way.headers.data(), &headers, sizeof headers);

    constexpr size_t inside_mtu = sizeof headers - sizeof(EthernetHeader);
    way.max_frame = path.mtu > inside_mtu ? static_cast<uint32_t>(path.mtu - inside_mtu) : 0;
    way.uplink = static_cast<uint16_t>(path.uplink.value());
}

OuterTemplate over_ip4(const UnderlayPath& path, Ipv4Addr source, Ipv4Addr destination,
                       uint16_t udp_port) {
    OuterTemplate way;
    OuterHeaders headers{};
    headers.ip = Ipv4Header::make(source, destination, ip_protocol::udp, outer_ttl);
    write(way, path, ether_type::ip4, udp_port, headers);
    ChecksumSum sum;
    sum.add(way.headers.data() + sizeof(EthernetHeader), sizeof(Ipv4Header));
    way.partial_checksum = sum.folded();
    return way;
}

OuterTemplate over_ip6(const UnderlayPath& path, const Ipv6Addr& source,
                       const Ipv6Addr& destination, uint16_t udp_port) {
    OuterTemplate way;
    way.is_v6 = true;
    OuterHeaders6 headers{};
    headers.ip = Ipv6Header::make(source, destination, ip_protocol::udp, outer_ttl);
    write(way, path, ether_type::ip6, udp_port, headers);
    way.partial_checksum = ipv6_pseudo_header(source, destination, ip_protocol::udp, 0).folded();
    return way;
}

// max_frame is 0 where it carries nothing.
OuterTemplate way_by(const UnderlayPath& path, const IpAddr& destination, uint16_t udp_port) {
    if (destination.is_v4() && path.source.is_v4())
        return over_ip4(path, *path.source.v4(), *destination.v4(), udp_port);
    if (!destination.is_v4() && !path.source.is_v4())
        return over_ip6(path, *path.source.v6(), *destination.v6(), udp_port);
    return {};
}

} // namespace

NextHop::NextHop(NextHopId id, NextHopSettings settings, uint16_t udp_port)
    : id_(id), settings_(std::move(settings)) {
    if (settings_.addresses.empty())
        return;
    for (const UnderlayPath& path : settings_.paths)
        if (auto way = way_by(path, settings_.addresses.front(), udp_port); way.max_frame != 0)
            ways_.push_back(way);
    if (ways_.size() == 1 && !ways_.front().is_v6) {
        only_ = ways_.front();
        ways_.clear();
    }
}

} // namespace ringfence
