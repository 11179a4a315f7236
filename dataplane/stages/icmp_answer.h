// ICMP's answers: to a question that nobody here has asked there is none, and no rule speaks of it.
#pragma once

#include "core/packet/icmp_ports.h"
#include "core/packet/packet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"

namespace ringfence {

inline bool is_answer(const Packet& packet) {
    return is_icmp(packet.protocol) && packet.has_l4 &&
           icmp_question(packet.protocol, packet.at<IcmpHeader>(packet.l4)->type());
}

} // namespace ringfence
