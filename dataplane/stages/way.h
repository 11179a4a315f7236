// A decided direction, followed: what a packet becomes that goes the way of its connection.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/connection/connections.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/stages/tuple.h"

namespace ringfence {

// From whom the packet comes, as a way expects it.
inline Sender sender_of(const Packet& packet) {
    if (packet.from_tunnel)
        return {Sender::Kind::vtep, static_cast<uint16_t>(packet.peer.value())};
    if (packet.handed_over)
        return {Sender::Kind::local_port, packet.mbuf->port};
    return {};
}

// By what its connection is looked up.
template <class Address> ConnectionKey<Address> key_of(const Packet& packet) {
    bool sent = !packet.from_tunnel && !packet.handed_over;
    Place place = sent ? Place::sent_by(packet.port->id) : Place::arriving_in(packet.segment->id());
    return {place, tuple_of<Address>(packet)};
}

// The two MACs that a frame begins with, as numbers.
inline uint64_t destination_of(const std::array<uint8_t, 12>& macs) {
    MacAddr mac;
    std::memcpy(mac.bytes.data(), macs.data(), 6);
    return mac.to_u64();
}
inline uint64_t source_of(const std::array<uint8_t, 12>& macs) {
    MacAddr mac;
    std::memcpy(mac.bytes.data(), macs.data() + 6, 6);
    return mac.to_u64();
}

// Where frames for a place go; another port of this host has connections of its own.
inline Out way_to(Destination place) {
    if (place.kind() == Destination::Kind::local)
        return {Out::Kind::hand_over, static_cast<uint16_t>(place.port().value())};
    if (place.kind() == Destination::Kind::vtep)
        return {Out::Kind::vtep, static_cast<uint16_t>(place.next_hop().value())};
    return {};
}

// Looks up again where the way leads, or where its sender is.
template <class Address> void resolve(const Fabric& fabric, Way& way);

// The same where the Fabric has changed.
template <class Address> void keep_up(const Fabric& fabric, Way& way) {
    if (way.resolved_serial != static_cast<uint32_t>(fabric.serial())) [[unlikely]]
        resolve<Address>(fabric, way);
}

// Counts the packet in its connection, TCP by what it tracks, and sends it the half's way. A drop
// where it does not belong to the connection; none, and the entry is gone, where it begins another
// one between the same ports. The half is live, its way is kept up, and the packet fits it.
template <class Address>
std::optional<Verdict> follow(const Fabric& fabric, Connections& connections,
                              typename ConnectionTable<Address>::Hit hit, Packet& packet);

// Of IP that is longer than that: true where it is large and its segments are not, or where it can
// be made so; else it is split in the end, where it may be.
[[gnu::cold]] bool squeezes_through(Packet& packet, uint16_t mtu);

// True where IP of that size passes, 0: any.
inline bool gets_through(Packet& packet, uint16_t mtu) {
    return mtu == 0 || packet.length - packet.l3 <= mtu || squeezes_through(packet, mtu);
}

// The packet comes as the way, which is kept up, expects it, and gets to its end: its TTL, and the
// MTUs there, let it.
inline bool is_for(Packet& packet, const Way& way) {
    return way.fits(packet.data) && way.sender == sender_of(packet) && ttl_of(packet) > way.hops &&
           gets_through(packet, way.mtu);
}

} // namespace ringfence
