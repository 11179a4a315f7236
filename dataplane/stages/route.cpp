// route: the slow path begins. Through every router of this host that the packet meets (Walk); then
// it is in the next segment, with the last router's MACs. Its bytes stay as they are: connect
// changes them all at once.
#include "dataplane/stages/respond.h"
#include "dataplane/stages/stages.h"
#include "dataplane/stages/tuple.h"

namespace ringfence {

Verdict route(const Fabric& fabric, Worker& worker, Packet& packet) {
    Walk& walk = packet.passage->walk;
    if (!packet.from_tunnel && !packet.handed_over)
        walk = Walk(header_of(packet), packet.generated ? Walk::From::router : Walk::From::port,
                    packet.port->id);
    Verdict verdict = walk.route(fabric);
    if (verdict != Verdict::next)
        return refuse(fabric, worker, packet, verdict);
    if (walk.end() == Walk::End::router)
        return answer_for_router(fabric, worker, packet);
    packet.segment = walk.now().segment;
    return Verdict::next;
}

} // namespace ringfence
