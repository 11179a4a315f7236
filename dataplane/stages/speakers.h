// What the stages tell the agent about who speaks for an address: who claims another's, and, where
// not all addresses are known, who claims which (agent/duplicates.h).
#pragma once

#include "core/packet/packet.h"
#include "core/types/addresses.h"
#include "core/wire/ethernet.h"
#include "core/wire/l4.h"
#include "core/wire/neighbour.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/stages/link_local.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

constexpr uint32_t speaker_period = 2'000; // ms

inline void tell_speaker(Worker& worker, const Packet& packet, const IpAddr& address) {
    const Segment& segment = *packet.segment;
    if (!segment.has_unknown_addresses() || packet.tagged || segment.neighbour(address) ||
        segment.virtual_address(address))
        return;
    Notice notice;
    notice.kind = Notice::Kind::speaks;
    notice.port = packet.port->id;
    notice.segment = segment.id();
    notice.mac = MacAddr::from_u64(packet.source);
    notice.address = address;
    worker.notice_once(notice, speaker_period);
}

// The same of what came by tunnel, whose form nobody has checked.
inline void tell_speaker(Worker& worker, const Packet& packet) {
    if (packet.ether_type == ether_type::arp) {
        const auto* arp = packet.at<ArpHeader>(packet.l3);
        if (arp && arp->is_valid() && arp->sender_ip() != Ipv4Addr{})
            tell_speaker(worker, packet, arp->sender_ip());
    } else if (packet.ether_type == ether_type::ip6 && packet.protocol == ip_protocol::icmp6 &&
               packet.has_l4) {
        const auto* message = packet.at<NeighbourMessage>(packet.l4);
        if (message && message->type() == nd_type::neighbour_advertisement)
            tell_speaker(worker, packet, message->target());
    }
}

} // namespace ringfence
