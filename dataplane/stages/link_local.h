// What the stages tell the agent about link-local addresses (LinkLocalClaims).
#pragma once

#include "core/packet/packet.h"
#include "core/types/addresses.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"
#include "core/wire/neighbour.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

inline Notice notice_of(const Packet& packet, Notice::Kind kind, const IpAddr& address) {
    Notice notice;
    notice.kind = kind;
    notice.port = packet.port->id;
    notice.segment = packet.segment->id();
    notice.mac = MacAddr::from_u64(packet.source);
    notice.address = address;
    return notice;
}

inline void tell(Worker& worker, const Packet& packet, Notice::Kind kind, const IpAddr& address) {
    worker.notice(notice_of(packet, kind, address));
}

// Every packet from it says so until the agent has learned it: once is enough, so that a port which
// brings many at once tells of as many as it may.
inline void tell_learned(Worker& worker, const Packet& packet) {
    constexpr uint32_t until_learned = 250; // ms
    worker.notice_once(notice_of(packet, Notice::Kind::learned_mac, {}), until_learned);
}

// A neighbour advertisement, or a probe, for a link-local address shows that the address is taken,
// or about to be. Nothing else that the packet may be is told.
inline void tell_in_use(Worker& worker, const Packet& packet) {
    if (packet.protocol != ip_protocol::icmp6 || packet.ether_type != ether_type::ip6 ||
        !packet.has_l4)
        return;
    const auto* message = packet.at<NeighbourMessage>(packet.l4);
    if (!message || !message->target().is_link_local())
        return;
    bool probe = message->type() == nd_type::neighbour_solicitation &&
                 packet.at<Ipv6Header>(packet.l3)->source().is_unspecified();
    if (probe || message->type() == nd_type::neighbour_advertisement)
        tell(worker, packet, Notice::Kind::in_use, message->target());
}

} // namespace ringfence
