// limit: what one port may ask of the host. Of bytes and packets what it sends is looked at here,
// what it gets where it is transmitted (Worker::before_transmission).
//
// What no connection knows costs a thousand times what a known packet costs, and each port has its
// share of that.
#include "core/packet/large.h"
#include "dataplane/stages/receiver.h"
#include "dataplane/stages/stages.h"

namespace ringfence {

Verdict limit_sent(const Fabric&, Worker& worker, Packet& packet) {
    const PortId port = packet.port->id;
    const PortLimits& limits = packet.port->limits;
    if (limits.packets_out &&
        !worker.may(port, Metered::packets_out, *limits.packets_out, frames_of(*packet.mbuf)))
        return Verdict::limit_packets_out;
    if (limits.bandwidth_out &&
        !worker.may(port, Metered::bytes_out, *limits.bandwidth_out, packet.length))
        return Verdict::limit_bandwidth_out;
    return Verdict::next;
}

Verdict limit_slow_path(const Fabric& fabric, Worker& worker, Packet& packet) {
    auto [port, is_receiver] = charged_for(fabric, packet);
    if (worker.may(port.id, is_receiver ? Metered::slow_path_to : Metered::slow_path,
                   port.limits.slow_path))
        return Verdict::next;
    if (is_receiver)
        worker.count(port.id, Verdict::limited_slow_path);
    return Verdict::limit_slow_path;
}

} // namespace ringfence
