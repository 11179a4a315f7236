#include "dataplane/fabric/next_hop.h"

#include <cstring>

#include "core/wire/vxlan.h"

namespace ringfence {

namespace {

static_assert(sizeof(OuterHeaders) == NextHop::overhead);

constexpr uint8_t outer_ttl = 64;

} // namespace

NextHop::NextHop(NextHopId id, NextHopSettings settings, uint16_t udp_port)
    : id_(id), settings_(std::move(settings)) {
    if (!settings_.path || settings_.addresses.empty())
        return;
    const UnderlayPath& path = *settings_.path;
    OuterHeaders headers{};
    headers.ethernet.destination = path.destination_mac;
    headers.ethernet.source = path.source_mac;
    headers.ethernet.set_type(ether_type::ip4);
    headers.ip =
        Ipv4Header::make(path.source, settings_.addresses.front(), ip_protocol::udp, outer_ttl);
    headers.udp = UdpHeader(L4Port(0), L4Port(udp_port), 0);
    headers.vxlan = VxlanHeader::without_vni();
    std::memcpy(headers_.data(), &headers, sizeof headers);

    ChecksumSum sum;
    sum.add(headers_.data() + sizeof(EthernetHeader), sizeof(Ipv4Header));
    partial_checksum_ = sum.folded();
    uplink_ = static_cast<uint16_t>(path.uplink.value());
    constexpr size_t inside_mtu = overhead - sizeof(EthernetHeader);
    max_frame_ = path.mtu > inside_mtu ? static_cast<uint32_t>(path.mtu - inside_mtu) : 0;
}

} // namespace ringfence
