// route: the slow path begins. Through every router of this host that the packet meets (Walk); then
// it is in the next segment, with the last router's MACs. Its bytes stay as they are: connect
// changes them all at once.
#include "dataplane/stages/stages.h"

#include "dataplane/stages/tuple.h"

namespace ringfence {

Verdict route(const Fabric& fabric, Worker&, Packet& packet) {
    Walk& walk = packet.passage->walk;
    bool is_sent = !packet.from_tunnel && !packet.handed_over;
    if (is_sent)
        walk = Walk(header_of(packet), Walk::From::port, packet.port->id);
    if (Verdict verdict = walk.route(fabric); verdict != Verdict::next)
        return verdict;
    if (walk.end() == Walk::End::router)
        return is_sent ? Verdict::route_unreachable : Verdict::bridge_not_here;
    packet.segment = walk.now().segment;
    return Verdict::next;
}

} // namespace ringfence
