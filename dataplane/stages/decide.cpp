#include "dataplane/stages/decide.h"

#include "dataplane/stages/reset.h"
#include "dataplane/stages/way.h"

namespace ringfence {

namespace {

Verdict land_sent(const Walk& walk, Landing& landing);
Verdict land_arrived(const Fabric& fabric, const Walk& walk, Landing& landing);

std::array<uint8_t, 16> bytes_of(const IpAddr& address) {
    if (const Ipv6Addr* v6 = address.v6())
        return v6->bytes;
    std::array<uint8_t, 16> bytes{};
    Be32 wire(address.v4()->value);
    std::memcpy(bytes.data(), &wire, sizeof wire);
    return bytes;
}

Target held_target(const Header& header) {
    return {Target::Kind::held, header.segment->id(), bytes_of(header.destination)};
}

Out out_to(PortId port) { return {Out::Kind::port, static_cast<uint16_t>(port.value())}; }

Verdict check_receiver(const Fabric& fabric, PortId id) {
    const LocalPort* port = fabric.port(id);
    if (!port)
        return Verdict::bridge_not_bound;
    return port->dead_vlan ? Verdict::bridge_dead_vlan : Verdict::next;
}

} // namespace

Verdict land(const Fabric& fabric, const Walk& walk, Landing& landing) {
    return walk.from() == Walk::From::elsewhere ? land_arrived(fabric, walk, landing)
                                                : land_sent(walk, landing);
}

namespace {

Verdict land_sent(const Walk& walk, Landing& landing) {
    const Header& now = walk.now();
    bool is_held = walk.end() == Walk::End::held;
    Destination place = is_held ? walk.place() : now.segment->find(now.destination_mac);
    if (walk.end() == Walk::End::router)
        return Verdict::bridge_not_here;
    landing.port = walk.sender();
    landing.is_hairpin = false;
    landing.target = is_held ? held_target(now) : Target{Target::Kind::mac, now.segment->id(), {}};
    landing.out = way_to(place);
    if (place.kind() == Destination::Kind::nowhere)
        return Verdict::bridge_not_bound;
    if (is_held || place.kind() != Destination::Kind::local || place.port() != walk.sender() ||
        walk.from() == Walk::From::router)
        return Verdict::next;
    if (walk.held_for() != walk.sender())
        return Verdict::bridge_same_port;
    landing.is_hairpin = true;
    landing.target = {};
    landing.out = out_to(walk.sender());
    return Verdict::next;
}

// What came from elsewhere is for a port of this host: it, too, holds what a router holds.
Verdict land_arrived(const Fabric& fabric, const Walk& walk, Landing& landing) {
    const Header& now = walk.now();
    Destination place = now.segment->find(now.destination_mac);
    if (walk.end() != Walk::End::segment || place.kind() != Destination::Kind::local ||
        (walk.hops() > 0 && walk.held_for() != place.port()))
        return Verdict::bridge_not_here;
    landing.port = place.port();
    landing.is_hairpin = false;
    landing.target = {};
    landing.out = out_to(place.port());
    return check_receiver(fabric, place.port());
}

} // namespace

Verdict find_way(const Fabric& fabric, Walk& walk, PortId port, Landing& landing) {
    bool is_sent = walk.from() == Walk::From::port;
    Verdict verdict = is_sent ? Verdict::next : walk.find_origin(fabric);
    if (verdict == Verdict::next)
        verdict = walk.route(fabric);
    if (verdict == Verdict::next)
        verdict = land(fabric, walk, landing);
    if (verdict == Verdict::bridge_not_bound && is_sent)
        verdict = Verdict::next;
    if (verdict == Verdict::next && landing.port != port)
        verdict = Verdict::bridge_not_here;
    return verdict;
}

void note(Connections& connections, const Walk& walk, PortId port) {
    for (ObjectId object : walk.noted())
        connections.note(port, object);
    connections.note(port, ObjectId(port));
}

Verdict verdict_of(Refusal refusal) {
    switch (refusal) {
    case Refusal::connections:
        return Verdict::quota_connections;
    case Refusal::half_open:
        return Verdict::quota_half_open;
    case Refusal::full:
        break;
    }
    return Verdict::quota_table;
}

template <> Tuple4 tuple_of(const Header& header) {
    return {*header.source.v4(), *header.destination.v4(), header.source_port,
            header.destination_port, header.protocol};
}
template <> Tuple6 tuple_of(const Header& header) {
    return {*header.source.v6(), *header.destination.v6(), header.source_port,
            header.destination_port, header.protocol};
}

template <class Address> Tuple<Address> outbound_tuple(const Walk& walk) {
    return walk.from() == Walk::From::port ? tuple_of<Address>(walk.begin())
                                           : tuple_of<Address>(walk.now()).reversed();
}

namespace {

// What comes by tunnel comes from wherever its NIC is, where a row says whose it is.
void name_sender(const Walk& walk, Way& way) {
    const Walk::Origin& origin = walk.origin();
    bool is_anybodys =
        origin.sender.kind() == Destination::Kind::unknown || origin.sender.learned();
    if (way.sender.kind != Sender::Kind::vtep || origin.router || is_anybodys)
        return;
    way.target.segment = origin.segment->id();
    way.origin = origin.mac ? Origin::mac : Origin::held;
    if (origin.mac) {
        MacAddr mac = MacAddr::from_u64(origin.mac);
        std::memcpy(way.target.address.data(), mac.bytes.data(), mac.bytes.size());
    } else {
        way.target.address = bytes_of(walk.begin().source);
    }
}

} // namespace

template <class Address>
Decision<Address> decision_of(const Walk& walk, const Landing& landing,
                              const ConnectionKey<Address>& arrival, const Sender& sender) {
    const Header &begin = walk.begin(), &now = walk.now();
    Decision<Address> decision{arrival, tuple_of<Address>(now), {}};
    decision.way.set_arrival(MacAddr::from_u64(begin.destination_mac),
                             MacAddr::from_u64(begin.source_mac));
    decision.way.set_departure(MacAddr::from_u64(now.destination_mac),
                               MacAddr::from_u64(now.source_mac));
    decision.way.target = landing.target;
    decision.way.sender = sender;
    decision.way.hops = static_cast<uint8_t>(walk.hops());
    decision.way.mtu = walk.mtu();
    name_sender(walk, decision.way);
    return decision;
}

// A hairpin's answer comes from the same port, with the tuple that it was sent reversed, and goes
// the same way back.
template <class Address>
bool write(ConnectionTable<Address>& table, EntryId entry, Side side, const Landing& landing,
           const Decision<Address>& decision) {
    if (!table.write(entry, side, decision))
        return false;
    ConnectionKey<Address> answer(decision.arrival.place(), decision.departure.reversed());
    if (!landing.is_hairpin || answer == decision.arrival)
        return true;
    return table.write(entry, other(side),
                       {answer, decision.arrival.tuple().reversed(), decision.way});
}

namespace {

// The packet with which the connection began, as far as the entry knows it. None where the port is
// nowhere, or the segment that it was in is gone.
template <class Address>
std::optional<Walk> initiators_walk(const Fabric& fabric, Connections& connections,
                                    const Half<Address>& half, const Way& way) {
    const LocalPort* port = fabric.port(half.local_port());
    bool is_sent = half.key.place().kind() == Place::Kind::port;
    if (!port || !port->segment)
        return std::nullopt;
    const SegmentId segment = is_sent ? *port->segment : half.key.place().segment();
    connections.note(port->id, ObjectId(segment));
    Tuple<Address> tuple = half.key.tuple();
    Header header;
    header.segment = fabric.segment(segment);
    header.destination_mac = destination_of(way.arrives_with);
    header.source_mac = source_of(way.arrives_with);
    header.source = tuple.source;
    header.destination = tuple.destination;
    header.source_port = tuple.source_port;
    header.destination_port = tuple.destination_port;
    header.protocol = tuple.protocol;
    if (!header.segment)
        return std::nullopt;
    return Walk(header, is_sent ? Walk::From::port : Walk::From::elsewhere, port->id);
}

} // namespace

template <class Address> bool decide_again(const Fabric& fabric, Worker& worker, EntryId entry) {
    Connections& connections = worker.connections();
    auto& table = connections.table<Address>();
    auto hit = table.half(entry, table.initiator(entry));
    const Way way = connections.ways()[hit.half->way_id()];
    const PortId port = hit.half->local_port();
    if (const LocalPort* its = fabric.port(port); its && its->is_elsewhere) {
        table.close(entry);
        return false;
    }
    auto walk = initiators_walk(fabric, connections, *hit.half, way);
    Landing landing;
    Verdict verdict = walk ? find_way(fabric, *walk, port, landing) : Verdict::bridge_not_bound;
    if (walk)
        note(connections, *walk, port);
    if (verdict == Verdict::next)
        verdict = ask_firewalls(fabric, connections, *walk, landing).verdict;
    if (verdict != Verdict::next ||
        !write(table, entry, hit.side(), landing,
               decision_of<Address>(*walk, landing, hit.half->key, way.sender))) {
        reset_both_ends<Address>(worker, entry);
        table.cut(entry);
    }
    return true;
}

#define RINGFENCE_FAMILY(Address)                                                                  \
    template Tuple<Address> outbound_tuple(const Walk&);                                           \
    template Decision<Address> decision_of(const Walk&, const Landing&,                            \
                                           const ConnectionKey<Address>&, const Sender&);          \
    template bool write(ConnectionTable<Address>&, EntryId, Side, const Landing&,                  \
                        const Decision<Address>&);                                                 \
    template bool decide_again<Address>(const Fabric&, Worker&, EntryId)
RINGFENCE_FAMILY(Ipv4Addr);
RINGFENCE_FAMILY(Ipv6Addr);
#undef RINGFENCE_FAMILY

} // namespace ringfence
