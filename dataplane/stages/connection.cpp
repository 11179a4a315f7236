// connection: nearly every packet that is routed, or whose port has a firewall of its own, ends
// here: its connection is known, and with it what becomes of the packet (DESIGN §5, rule 1). What
// the entry was decided for must be what the packet is: its sender and both MACs. All else is
// undecided, and goes on to the slow path.
//
// A burst goes three times through the table, so that its cache misses overlap: aim, pick,
// connection.
#include "core/wire/neighbour.h"
#include "dataplane/stages/carry_mark.h"
#include "dataplane/stages/datagram.h"
#include "dataplane/stages/decide.h"
#include "dataplane/stages/discovery.h"
#include "dataplane/stages/recheck.h"
#include "dataplane/stages/relate.h"
#include "dataplane/stages/reserved.h"
#include "dataplane/stages/reset.h"
#include "dataplane/stages/stages.h"
#include "dataplane/stages/way.h"
#include "edge-router/icmp/quote.h"

namespace ringfence {

namespace {

bool is_router(Destination place) { return place.kind() == Destination::Kind::router; }

bool is_guarded(const Fabric& fabric, Destination place) {
    if (place.kind() != Destination::Kind::local)
        return false;
    const LocalPort* port = fabric.port(place.port());
    return port && !port->policies.empty();
}

// Source or destination MAC is a router's: from a NIC only the destination can be.
bool is_routed(const Packet& packet, Destination to) {
    if (packet.from_tunnel)
        return is_router(to) || is_router(packet.segment->find(packet.source, packet.source_place));
    return is_router(to) || (packet.handed_over && is_router(packet.segment->find(packet.source)));
}

bool is_error(const Packet& packet) {
    return is_icmp(packet.protocol) && packet.has_l4 &&
           is_icmp_error(packet.protocol, packet.at<IcmpHeader>(packet.l4)->type());
}

template <class Address> Verdict look_up(const Fabric& fabric, Worker& worker, Packet& packet);

} // namespace

Verdict aim(const Fabric& fabric, Worker& worker, Packet& packet) {
    Destination to = packet.segment->find(packet.destination, packet.destination_place);
    bool routed = is_routed(packet, to);
    bool is_sent = !packet.from_tunnel && !packet.handed_over;
    if (!routed && !(is_sent ? !packet.port->policies.empty() : is_guarded(fabric, to)))
        return Verdict::next;
    if (packet.tagged && !routed)
        return Verdict::fw_no_policy; // rules don't look behind tags, and nothing goes around them
    if (!is_ip(packet) || packet.tagged || is_group(packet.destination) || is_discovery(packet))
        return routed ? Verdict::route_not_ip : Verdict::next;
    packet.passage = &worker.take_passage();
    if (packet.is_fragment) [[unlikely]]
        if (Verdict verdict = join_datagram(fabric, worker, packet); verdict != Verdict::next)
            return verdict;
    packet.mark(Mark::connections);
    packet.passage->is_error = is_error(packet);
    if (packet.passage->is_error) [[unlikely]]
        look_at_quote(worker, packet);
    by_family(packet, [&]<class Address>() {
        auto& probe = packet.passage->probe<Address>();
        probe.key = key_of<Address>(packet);
        worker.connections().table<Address>().aim(probe);
    });
    return Verdict::next;
}

Verdict find_worker(const Fabric& fabric, Worker& worker, Packet& packet) {
    Destination to = packet.segment->find(packet.destination, packet.destination_place);
    if (is_router(to) && is_ip(packet)) {
        const Held* held = packet.segment->held(header_of(packet).destination);
        to = held ? held->owner : Destination();
    } else if (!is_routed(packet, to) && !is_guarded(fabric, to)) {
        return Verdict::next; // it meets no connections
    }
    const LocalPort* port =
        to.kind() == Destination::Kind::local ? fabric.port(to.port()) : nullptr;
    if (port && port->worker != worker.index()) {
        packet.is_unseen = true;
        packet.hand_over_to(port->id);
    }
    return Verdict::next;
}

Verdict pick(const Fabric&, Worker& worker, Packet& packet) {
    by_family(packet, [&]<class Address>() {
        worker.connections().table<Address>().pick(packet.passage->probe<Address>());
    });
    return Verdict::next;
}

Verdict connection(const Fabric& fabric, Worker& worker, Packet& packet) {
    return by_family(packet,
                     [&]<class Address>() { return look_up<Address>(fabric, worker, packet); });
}

namespace {

template <class Address> using Hit = typename ConnectionTable<Address>::Hit;

Verdict undecided(Packet& packet) {
    packet.mark(Mark::undecided);
    return Verdict::next;
}

// No connection has it: was it denied a moment ago?
template <class Address> Verdict miss(Worker& worker, Packet& packet) {
    auto denied = worker.connections().denied<Address>(
        {packet.passage->probe<Address>().key, packet.destination, packet.source});
    if (denied.why == Verdict::next)
        return undecided(packet);
    worker.set_denied_by(denied.rule);
    return denied.why;
}

bool is_syn(const Packet& packet) {
    if (packet.protocol != ip_protocol::tcp || !packet.has_l4)
        return false;
    uint8_t flags = packet.at<TcpHeader>(packet.l4)->flags();
    return (flags & (tcp_flag::syn | tcp_flag::ack)) == tcp_flag::syn;
}

// The address that the entry was for is at another port now, which has entries of its own.
template <class Address> bool is_for_another(const Packet& packet, const Half<Address>& half) {
    if (half.key.place().kind() == Place::Kind::port)
        return false;
    Destination to = packet.segment->find(packet.destination, packet.destination_place);
    return to.kind() == Destination::Kind::local && to.port() != half.local_port();
}

// An entry that can't be followed as it stands: not decided in this direction, no longer, or cut.
template <class Address>
Verdict reconsider(const Fabric& fabric, Worker& worker, Hit<Address> hit, Packet& packet) {
    auto& table = worker.connections().table<Address>();
    if (table.is_former(hit.entry())) {
        table.close(hit.entry());
        return miss<Address>(worker, packet);
    }
    if (is_for_another(packet, *hit.half))
        return miss<Address>(worker, packet);
    bool was_stale = table.is_stale(hit.entry());
    if (was_stale && !decide_again<Address>(fabric, worker, hit.entry()))
        return miss<Address>(worker, packet);
    switch (table.validity(*hit.half)) {
    case Validity::live:
    case Validity::stale:
    case Validity::unwritten:
        return undecided(packet);
    case Validity::lapsed:
        table.close(hit.entry());
        return undecided(packet);
    case Validity::cut:
        if (is_syn(packet)) { // another connection, to be judged as one
            table.close(hit.entry());
            return undecided(packet);
        }
        table.count(hit, packet.length); // for as long as it goes on it stays denied
        break;
    }
    if (!was_stale) // when it was cut, both ends have been told
        reset_sender(worker, packet, packet.segment->id(), charged_for(fabric, packet));
    return Verdict::fw_cut;
}

template <class Address> Verdict look_up(const Fabric& fabric, Worker& worker, Packet& packet) {
    if (packet.passage->is_error) [[unlikely]]
        return undecided(packet);
    Connections& connections = worker.connections();
    auto& table = connections.table<Address>();
    auto hit = table.find(packet.passage->probe<Address>());
    if (!hit) [[unlikely]]
        return miss<Address>(worker, packet);
    if (table.validity(*hit.half) != Validity::live) [[unlikely]]
        return reconsider<Address>(fabric, worker, hit, packet);
    Way& way = connections.ways()[hit.half->way_id()];
    keep_up<Address>(fabric, way);
    if (!is_for(packet, way)) [[unlikely]]
        return undecided(packet);
    recheck_some<Address>(fabric, worker, hit, packet);
    if (Verdict verdict = carry_mark(worker, packet); verdict != Verdict::next) [[unlikely]]
        return verdict;
    if (auto verdict = follow<Address>(fabric, connections, hit, packet)) [[likely]]
        return *verdict;
    table.close(hit.entry());
    return undecided(packet);
}

} // namespace

} // namespace ringfence
