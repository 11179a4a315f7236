// Neighbour discovery is of its link, and of no connection (RFC 4861). IPv4 that gives itself
// ICMPv6's number is none.
#pragma once

#include "core/packet/packet.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"
#include "core/wire/neighbour.h"

namespace ringfence {

inline bool is_discovery(const Packet& packet) {
    return packet.ether_type == ether_type::ip6 && packet.protocol == ip_protocol::icmp6 &&
           packet.has_l4 && nd_type::is_nd(packet.at<IcmpHeader>(packet.l4)->type());
}

} // namespace ringfence
