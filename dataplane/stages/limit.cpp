// limit: what one port may ask of the host. Of bytes and packets what it sends is looked at here,
// what it gets where it is transmitted (Worker::keep_within_limits).
//
// What no connection knows costs a thousand times what a known packet costs, and each port has its
// share of that. A NIC's own packets count against it, also where they go on at another
// port of this host; what comes by tunnel against the port that it is for, so that a flood from
// elsewhere takes nothing from anybody else, nor from what the port itself begins.
#include "dataplane/stages/receiver.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

Verdict limit_sent(const Fabric&, Worker& worker, Packet& packet) {
    const PortId port = packet.port->id;
    const PortLimits& limits = packet.port->limits;
    if (limits.packets_out && !worker.may(port, Metered::packets_out, *limits.packets_out))
        return Verdict::limit_packets_out;
    if (limits.bandwidth_out &&
        !worker.may(port, Metered::bytes_out, *limits.bandwidth_out, packet.length))
        return Verdict::limit_bandwidth_out;
    return Verdict::next;
}

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
