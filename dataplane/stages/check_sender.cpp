// check_sender: the receiver checks the sender (DESIGN §6), because a VTEP is trusted to be a host
// and no more. An inner source MAC that a logical port owns must come from that port's VTEP, its
// candidate's, or for 2 s after a move its previous one; one that nobody owns, from a VTEP with a
// trusted port of that segment. A router's is every host's: there the source address, walked
// backwards router by router, names the port. Then the congestion mark of the way is carried on.
#include <algorithm>

#include "dataplane/stages/carry_mark.h"
#include "dataplane/stages/check_sender.h"
#include "dataplane/stages/large.h"
#include "dataplane/stages/link_local.h"
#include "dataplane/stages/reserved.h"
#include "dataplane/stages/speakers.h"
#include "dataplane/stages/stages.h"
#include "dataplane/stages/tuple.h"

namespace ringfence {

namespace {

// What a host says that it has learned is its own word: that gives it no right to send so. But what
// has moved is not where it was learned.
bool may_have_learned(Worker& worker, const Packet& packet, Destination owner) {
    if (!packet.segment->is_trusted(packet.peer))
        return false;
    if (owner.kind() == Destination::Kind::local)
        tell(worker, packet, Notice::Kind::moved_mac, {});
    return true;
}

bool may_have_sent(Worker& worker, const Packet& packet) {
    const Segment& segment = *packet.segment;
    Destination owner = segment.find(packet.source, packet.source_place);
    if (owner.kind() == Destination::Kind::unknown || owner.learned()) [[unlikely]]
        return may_have_learned(worker, packet, owner);
    if (owner.kind() == Destination::Kind::vtep && owner.next_hop() == packet.peer) [[likely]]
        return true;
    return segment.may_also_come_from(MacAddr::from_u64(packet.source), packet.peer);
}

} // namespace

Verdict trace_back(const Fabric& fabric, Worker&, Packet& packet) {
    return packet.passage ? find_sender(fabric, packet, packet.passage->walk) : Verdict::next;
}

Verdict check_sender(const Fabric& fabric, Worker& worker, Packet& packet) {
    const Segment& segment = *packet.segment;
    if (packet.tagged && !segment.settings().vlan_transparent)
        return Verdict::tunnel_vlan;
    if (is_group(packet.source) || packet.source == 0) [[unlikely]]
        return Verdict::tunnel_src_mac;
    if (packet.passage) {
        if (Verdict verdict = find_sender(fabric, packet, packet.passage->walk);
            verdict != Verdict::next)
            return verdict;
    } else if (!may_have_sent(worker, packet)) [[unlikely]] {
        return Verdict::tunnel_mac_spoof;
    }
    if (is_reserved(packet.destination)) [[unlikely]]
        return Verdict::l2_reserved;
    if (packet.length - packet.l3 > segment.mtu() && exceeds(packet, segment.mtu())) [[unlikely]]
        return Verdict::tunnel_oversize;
    if (packet.protocol == ip_protocol::icmp6)
        tell_in_use(worker, packet);
    if (segment.has_unknown_addresses()) [[unlikely]]
        tell_speaker(worker, packet);
    return carry_mark(worker, packet);
}

namespace {

// A host with a port inside of the router may speak for it.
bool has_port_inside(const Fabric& fabric, const Segment& segment, const RouterPlace& place,
                     NextHopId peer) {
    if (const Router* router = fabric.router(place.router))
        for (const RouterInterface& interface : router->interfaces())
            if (const Segment* inside = fabric.segment(interface.segment);
                inside && !interface.outside &&
                std::ranges::binary_search(inside->flood_vteps(), peer))
                return true;
    return segment.held().has_behind(place.router, peer);
}

bool may_have_sent(const Fabric& fabric, const Walk& walk, NextHopId peer) {
    const Walk::Origin& origin = walk.origin();
    if (origin.router)
        return has_port_inside(fabric, *origin.segment, *origin.router, peer);
    if (origin.sender == *Destination::vtep(peer))
        return true;
    if (!origin.mac)
        return origin.segment->may_also_come_from(walk.begin().source, peer);
    if (origin.sender.kind() == Destination::Kind::unknown || origin.sender.learned())
        return origin.segment->is_trusted(peer);
    return origin.segment->may_also_come_from(MacAddr::from_u64(origin.mac), peer);
}

} // namespace

Verdict find_sender(const Fabric& fabric, const Packet& packet, Walk& walk) {
    walk = Walk(header_of(packet), Walk::From::elsewhere);
    if (Verdict verdict = walk.find_origin(fabric); verdict != Verdict::next)
        return verdict;
    if (packet.from_tunnel && !may_have_sent(fabric, walk, packet.peer))
        return Verdict::tunnel_mac_spoof;
    return Verdict::next;
}

} // namespace ringfence
