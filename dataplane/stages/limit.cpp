// limit: what no connection knows costs a thousand times what a known packet costs, and each port
// has its share of that. A NIC's own packets count against it, also where they go on at another
// port of this host; what comes by tunnel against the port that it is for, so that a flood from
// elsewhere takes nothing from anybody else, nor from what the port itself begins.
#include "dataplane/stages/receiver.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

Verdict limit_slow_path(const Fabric& fabric, Worker& worker, Packet& packet) {
    const LocalPort* to = packet.from_tunnel ? receiver_of(fabric, packet) : nullptr;
    const LocalPort& charged = to ? *to : *packet.port;
    if (worker.may(charged.id, to ? Metered::slow_path_to : Metered::slow_path,
                   charged.limits.slow_path))
        return Verdict::next;
    if (to)
        worker.count(to->id, Verdict::limited_slow_path);
    return Verdict::limit_slow_path;
}

} // namespace ringfence
