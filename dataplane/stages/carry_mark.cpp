#include "dataplane/stages/carry_mark.h"

#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "dataplane/stages/ecn.h"

namespace ringfence {

// Inner packets that are not IP have no such bits: what happened outside is lost with the header.
Verdict carry_outer_mark(Worker& worker, Packet& packet) {
    auto* ip4 = packet.ether_type == ether_type::ip4 ? packet.at<Ipv4Header>(packet.l3) : nullptr;
    auto* ip6 = packet.ether_type == ether_type::ip6 ? packet.at<Ipv6Header>(packet.l3) : nullptr;
    if (!ip4 && !ip6)
        return Verdict::next;
    Ecn inner = ip4 ? ip4->ecn() : ip6->ecn();
    EcnResult result = decapsulated_ecn(static_cast<Ecn>(packet.outer_ecn), inner);
    packet.outer_ecn = 0;
    if (result.anomaly)
        worker.count(packet.port->id, Verdict::tunnel_ecn_anomaly);
    if (!result.ecn)
        return Verdict::tunnel_ecn;
    if (*result.ecn != inner) {
        if (ip4)
            ip4->set_ecn(*result.ecn);
        else
            ip6->set_ecn(*result.ecn);
    }
    return Verdict::next;
}

} // namespace ringfence
