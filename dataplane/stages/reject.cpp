#include "dataplane/stages/reject.h"

#include <array>
#include <optional>
#include <span>

#include "dataplane/stages/receiver.h"
#include "dataplane/stages/reset.h"
#include "dataplane/stages/tuple.h"
#include "edge-router/icmp/error.h"

namespace ringfence {

namespace {

struct Speaker {
    MacAddr mac;
    IpAddr address;
};

// The router that the segment's NICs have as their gateway. Looks at all of the segment's.
std::optional<Speaker> gateway_of(const Fabric& fabric, const Segment& segment, bool is_v4) {
    std::optional<Speaker> gateway;
    segment.routers().for_each([&](const MacAddr& mac, const RouterPlace& place) {
        const Router* router = place.outside ? nullptr : fabric.router(place.router);
        const IpAddr* own = router ? router->own_address(place.interface, is_v4) : nullptr;
        if (own)
            gateway = {mac, *own};
    });
    return gateway;
}

// The router whose firewall it is; of a port's own the gateway, else whom it is for.
Speaker speaker(const Fabric& fabric, const Packet& packet, const IpAddr* routers_own) {
    const Header& came = packet.passage->walk.begin();
    const MacAddr addressed = MacAddr::from_u64(packet.destination);
    if (routers_own)
        return {addressed, *routers_own};
    return gateway_of(fabric, *came.segment, came.source.is_v4())
        .value_or(Speaker{addressed, came.destination});
}

void send_error(Worker& worker, const Packet& packet, const Speaker& from) {
    std::array<uint8_t, max_icmp_error_frame> room;
    std::span<const uint8_t> about(packet.data, packet.linear);
    size_t size = build_icmp_error(room, {from.mac, MacAddr::from_u64(packet.source), from.address},
                                   {IcmpProblem::Kind::prohibited}, about.subspan(packet.l3));
    if (size == 0)
        return;
    auto frame = std::span(room).first(size);
    worker.count(packet.port->id, Verdict::answered_icmp);
    if (is_sent(packet))
        worker.generate(frame, packet.port->id, packet.port->id);
    else
        worker.generate(frame, packet.port->id, packet.passage->walk.begin().segment->id());
}

} // namespace

void reject(const Fabric& fabric, Worker& worker, const Packet& packet, const Ruling& ruling) {
    const Header& came = packet.passage->walk.begin();
    const Charged charged = charged_for(packet, fabric.port(packet.passage->landing.port));
    if (packet.protocol == ip_protocol::tcp)
        return reset_sender(worker, packet, came.segment->id(), charged);
    const Crossing* at = ruling.crossing;
    const IpAddr* own = at ? at->router->own_address(at->in, came.source.is_v4()) : nullptr;
    if (at && !own)
        return;
    if (may_answer_with_error({packet.data, packet.linear}, packet.l3) &&
        may_answer(worker, charged))
        send_error(worker, packet, speaker(fabric, packet, own));
}

} // namespace ringfence
