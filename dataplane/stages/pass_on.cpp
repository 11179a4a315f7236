// pass_on: what a router of this host has made itself. It goes where its destination is, like any
// packet, but it is of no connection and meets no firewall (DESIGN §5, rule 7).
#include "dataplane/stages/decide.h"
#include "dataplane/stages/stages.h"
#include "dataplane/stages/tuple.h"

namespace ringfence {

Verdict enrol(const Fabric&, Worker& worker, Packet& packet) {
    if (!is_ip(packet))
        return Verdict::route_not_ip;
    packet.passage = &worker.take_passage();
    return Verdict::next;
}

Verdict pass_on(const Fabric&, Worker&, Packet& packet) {
    const Walk& walk = packet.passage->walk;
    by_family(packet, [&]<class Address>() {
        auto rewrite =
            Rewrite<Address>::make(tuple_of<Address>(walk.begin()), tuple_of<Address>(walk.now()));
        rewrite.apply(static_cast<uint8_t>(walk.hops()), packet.data + packet.l3,
                      packet.has_l4 ? packet.data + packet.l4 : nullptr, packet.protocol);
    });
    put_macs(packet, walk.now());
    packet.send_to(packet.passage->landing.out);
    return packet.out.kind == Out::Kind::undecided ? Verdict::bridge_not_bound : Verdict::next;
}

} // namespace ringfence
