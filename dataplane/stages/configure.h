// How a NIC learns its configuration, at its own host: DHCP, DHCPv6, router solicitations. For the
// stages admit and answer.
#pragma once

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "core/wire/ip.h"
#include "dataplane/fabric/local_port.h"
#include "dataplane/worker/worker.h"
#include "edge-router/dhcp/answer.h"

namespace ringfence {

// A message to a DHCP server, and this host is it: to everybody, or to the port's own server. One
// to another server goes where it is sent.
bool is_to_dhcp4(const Packet& packet);
bool is_to_dhcp6(const Packet& packet);
inline bool asks_dhcp4(const Packet& packet) {
    return packet.destination_port == 67 && packet.protocol == ip_protocol::udp &&
           packet.port->dhcp4 && is_to_dhcp4(packet);
}
inline bool asks_dhcp6(const Packet& packet) {
    return packet.destination_port == 547 && packet.protocol == ip_protocol::udp &&
           packet.port->dhcp6 && is_to_dhcp6(packet);
}

// What asks_dhcp4() or asks_dhcp6() is true of.
Verdict answer_dhcp(Worker& worker, Packet& packet);
// A router solicitation that admit has found well-formed, of a port that has a binding for it.
Verdict answer_solicitation(Worker& worker, Packet& packet);

} // namespace ringfence
