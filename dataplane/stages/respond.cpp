#include "dataplane/stages/respond.h"

#include <array>
#include <span>

#include "dataplane/stages/receiver.h"
#include "dataplane/stages/tuple.h"
#include "edge-router/icmp/echo.h"
#include "edge-router/icmp/error.h"

namespace ringfence {

namespace {

// Of a packet that a router on the way can't pass on.
std::optional<IcmpProblem> problem_of(const Packet& packet, const Walk& walk, Verdict why) {
    switch (why) {
    case Verdict::route_ttl:
        return IcmpProblem{IcmpProblem::Kind::time_exceeded};
    case Verdict::route_too_big:
        return IcmpProblem{IcmpProblem::Kind::too_big, walk.mtu()};
    case Verdict::route_no_route:
        return IcmpProblem{IcmpProblem::Kind::no_route};
    case Verdict::route_no_neighbour:
        return IcmpProblem{IcmpProblem::Kind::no_neighbour};
    case Verdict::route_unreachable: // to the router itself
        return IcmpProblem{packet.protocol == ip_protocol::tcp ||
                                   packet.protocol == ip_protocol::udp
                               ? IcmpProblem::Kind::no_port
                               : IcmpProblem::Kind::no_protocol};
    default:
        return std::nullopt;
    }
}

std::span<uint8_t> linear(const Packet& packet) { return {packet.data, packet.linear}; }

// From the IP header to the packet's end, less what is in further buffers.
std::span<const uint8_t> quoted(const Packet& packet) { return linear(packet).subspan(packet.l3); }

bool is_sent_here(const Packet& packet) { return !packet.from_tunnel && !packet.handed_over; }

// The whole frame, with the MACs turned around: where it came from, it goes back to.
size_t build(std::span<uint8_t> room, const Packet& packet, const IpAddr& own,
             const IcmpProblem& problem) {
    return build_icmp_error(
        room, {MacAddr::from_u64(packet.destination), MacAddr::from_u64(packet.source), own},
        problem, quoted(packet));
}

} // namespace

Verdict refuse(const Fabric& fabric, Worker& worker, const Packet& packet, Verdict why) {
    const Walk& walk = packet.passage->walk;
    auto problem = problem_of(packet, walk, why);
    if (!walk.at().router || !problem || packet.generated ||
        !may_answer_with_error(linear(packet), packet.l3))
        return why;
    const IpAddr* own = walk.at().router->own_address(walk.at().in, walk.begin().source.is_v4());
    if (!own)
        return why;
    if (!may_answer(worker, charged_for(fabric, packet)))
        return Verdict::limit_icmp;
    std::array<uint8_t, max_icmp_error_frame> room;
    std::span<const uint8_t> frame(room.data(), build(room, packet, *own, *problem));
    if (frame.empty())
        return why;
    worker.count(packet.port->id, Verdict::answered_icmp);
    if (is_sent_here(packet))
        worker.generate(frame, packet.port->id, packet.port->id);
    else
        worker.generate(frame, packet.port->id, packet.segment->id());
    return why;
}

Verdict answer_for_router(const Fabric& fabric, Worker& worker, Packet& packet) {
    if (!is_sent_here(packet))
        return Verdict::bridge_not_here;
    if (!turn_into_echo_reply(linear(packet), packet.l3))
        return refuse(fabric, worker, packet, Verdict::route_unreachable);
    worker.count(packet.port->id, Verdict::answered_echo);
    packet.send_to(packet.port->id);
    return Verdict::next;
}

} // namespace ringfence
