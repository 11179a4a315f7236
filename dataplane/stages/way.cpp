#include "dataplane/stages/way.h"

namespace ringfence {

namespace {

template <class Address> IpAddr held_address(const Target& target) {
    if constexpr (std::is_same_v<Address, Ipv6Addr>)
        return Ipv6Addr{target.address};
    Be32 wire;
    std::memcpy(&wire, target.address.data(), sizeof wire);
    return Ipv4Addr{wire.host()};
}

template <class Address> Destination place_of_target(const Segment& segment, const Way& way) {
    const Held* held = way.target.kind == Target::Kind::held
                           ? segment.held(held_address<Address>(way.target))
                           : nullptr;
    return held ? held->owner : segment.find(destination_of(way.leaves_with));
}

template <class Address> Destination place_of_sender(const Segment& segment, const Way& way) {
    if (way.origin == Origin::held) {
        const Held* held = segment.held(held_address<Address>(way.target));
        return held ? held->owner : Destination();
    }
    MacAddr mac;
    std::memcpy(mac.bytes.data(), way.target.address.data(), mac.bytes.size());
    return segment.find(mac.to_u64());
}

// A VTEP at which it is no more, or only learned, is nobody's: the slow path asks who may send.
uint16_t sender_at(Destination place) {
    bool is_vtep = place.kind() == Destination::Kind::vtep && !place.learned();
    return is_vtep ? static_cast<uint16_t>(place.next_hop().value()) : Sender::nobody;
}

Verdict lead(const Fabric& fabric, const Way& way, PortId own_port, Packet& packet) {
    if (way.target.kind == Target::Kind::port) {
        packet.send_to(own_port);
        return Verdict::next;
    }
    packet.segment = fabric.segment(way.target.segment);
    packet.send_to(Out{static_cast<Out::Kind>(way.resolved_kind), way.resolved_id});
    return packet.out.kind == Out::Kind::undecided ? Verdict::bridge_not_bound : Verdict::next;
}

// Headers as they are at the end of the way.
template <class Address> void depart(const Half<Address>& half, const Way& way, Packet& packet) {
    std::memcpy(packet.data, way.leaves_with.data(), way.leaves_with.size());
    if (half.is(Half<Address>::rewrites) || way.hops)
        half.rewrite.apply(way.hops, packet.data + packet.l3,
                           packet.has_l4 ? packet.data + packet.l4 : nullptr, packet.protocol);
}

// A port with itself, from and to the same number: each segment is of both ends, and no record can
// follow that. It concerns nobody else.
template <class Address> bool is_with_itself(const Half<Address>& half, const Way& way) {
    const Tuple<Address> tuple = half.key.tuple();
    return half.key.place().kind() == Place::Kind::port && way.target.kind == Target::Kind::port &&
           tuple.source_port == tuple.destination_port;
}

// `next`, a drop, or none where it begins another connection.
template <class Address>
std::optional<Verdict> track(ConnectionTable<Address>& table,
                             typename ConnectionTable<Address>::Hit hit, const Packet& packet) {
    auto segment = TcpSegment::read(packet.data + packet.l4, packet.linear - packet.l4,
                                    l4_length<Address>(packet));
    if (!segment)
        return Verdict::fw_invalid_l4;
    switch (table.track(hit, *segment, packet.length)) {
    case TcpRecord::Outcome::pass:
    case TcpRecord::Outcome::ignore:
        return Verdict::next;
    case TcpRecord::Outcome::fresh:
        return std::nullopt;
    case TcpRecord::Outcome::window:
        return Verdict::fw_tcp_window;
    case TcpRecord::Outcome::invalid:
        break;
    }
    return Verdict::fw_tcp_invalid;
}

// A router might split each; shorter ones are what its sender would rather have had.
bool fit_segments(const Packet& packet, uint16_t mtu) {
    rte_mbuf& frame = *packet.mbuf;
    const uint32_t headers = ip_headers(frame);
    if (longest_ip(frame) <= mtu)
        return true;
    if (!may_shorten(packet) || mtu < headers + smallest_segment)
        return false;
    frame.tso_segsz = static_cast<uint16_t>(mtu - headers);
    return true;
}

} // namespace

bool squeezes_through(Packet& packet, uint16_t mtu) {
    if (is_large(*packet.mbuf))
        return fit_segments(packet, mtu);
    if (!may_split(packet))
        return false;
    packet.largest = mtu;
    packet.mark(Mark::too_large);
    return true;
}

template <class Address> void resolve(const Fabric& fabric, Way& way) {
    const Segment* segment = fabric.segment(way.target.segment);
    way.resolved_serial = static_cast<uint32_t>(fabric.serial());
    if (way.target.kind != Target::Kind::port) {
        Out out = way_to(segment ? place_of_target<Address>(*segment, way) : Destination());
        way.resolved_kind = static_cast<uint8_t>(out.kind);
        way.resolved_id = out.id;
    } else if (way.origin != Origin::fixed) {
        way.sender.id =
            sender_at(segment ? place_of_sender<Address>(*segment, way) : Destination());
    }
}

template <class Address>
std::optional<Verdict> follow(const Fabric& fabric, Connections& connections,
                              typename ConnectionTable<Address>::Hit hit, Packet& packet) {
    auto& table = connections.table<Address>();
    if (packet.protocol == ip_protocol::tcp && packet.has_l4) {
        auto verdict = track(table, hit, packet);
        if (verdict != Verdict::next) [[unlikely]] {
            if (!verdict || !is_with_itself(*hit.half, connections.ways()[hit.half->way_id()]))
                return verdict;
            table.count(hit, packet.length);
        }
    } else {
        table.count(hit, packet.length);
    }
    const Way& way = connections.ways()[hit.half->way_id()];
    depart(*hit.half, way, packet);
    return lead(fabric, way, hit.half->local_port(), packet);
}

template void resolve<Ipv4Addr>(const Fabric&, Way&);
template void resolve<Ipv6Addr>(const Fabric&, Way&);
template std::optional<Verdict> follow<Ipv4Addr>(const Fabric&, Connections&,
                                                 ConnectionTable<Ipv4Addr>::Hit, Packet&);
template std::optional<Verdict> follow<Ipv6Addr>(const Fabric&, Connections&,
                                                 ConnectionTable<Ipv6Addr>::Hit, Packet&);

} // namespace ringfence
