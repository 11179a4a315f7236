// What many connections have in common about one direction: from whom packets come, what becomes of
// their MACs, and where they go. One cache line; a host has few of them, so that they stay in the
// near caches while a million entries do not.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>

#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence {

using WayId = Id<struct WayIdTag>;

// From whom a packet comes to this host's side of a connection.
struct Sender {
    enum class Kind : uint8_t { own_port, local_port, vtep };
    static constexpr uint16_t nobody = 0xffff; // vtep: of none

    Kind kind = Kind::own_port; // own_port: the entry's; local_port: handed over by another one
    uint16_t id = 0;            // of the local port, or the next hop of the VTEP

    constexpr bool operator==(const Sender&) const = default;
};

// Where a packet goes when its headers are rewritten, by names that stay right when a NIC moves.
// Which port or VTEP that is now is looked up when the Fabric's serial changes.
struct Target {
    enum class Kind : uint8_t {
        port, // the entry's own local port
        mac,  // whoever has Way::destination in `segment`
        held, // whoever owns `address`, held by a router there
    };
    Kind kind = Kind::port;
    SegmentId segment{0};
    std::array<uint8_t, 16> address{}; // held: IPv4 in the first four bytes, wire order

    constexpr bool operator==(const Target&) const = default;
};

// What arrives is met by a way whose target is the port itself: its target's segment and address
// are free, and name the NIC that sends it, which may move to another VTEP.
enum class Origin : uint8_t {
    fixed, // not named: the sender is as it is
    mac,   // who has the MAC, the first six bytes of the target's address, in its segment
    held,  // whom a router holds the target's address for there
};

struct alignas(64) Way {
    // The content: two ways that agree in it are one. Of a sender that is named, where it is counts
    // as little as where the target is.
    std::array<uint8_t, 12> arrives_with{}; // destination and source MAC, as the frame begins
    std::array<uint8_t, 12> leaves_with{};
    Target target;
    Sender sender;
    uint8_t hops = 0; // routers on the way: what TTL loses
    Origin origin = Origin::fixed;
    uint16_t mtu = 0; // smallest on the way, bytes of IP packet; 0: none known

    // Where the target is, and the sender, as of the Fabric `resolved_serial`: the pipeline's to
    // keep up.
    uint32_t resolved_serial = 0; // 0: not resolved yet
    uint16_t resolved_id = 0;
    uint8_t resolved_kind = 0; // 0: nowhere

    bool same_content(const Way& way) const {
        return arrives_with == way.arrives_with && leaves_with == way.leaves_with &&
               target == way.target && same_sender(way) && hops == way.hops && mtu == way.mtu;
    }
    bool same_sender(const Way& way) const {
        return sender.kind == way.sender.kind && origin == way.origin &&
               (origin != Origin::fixed || sender.id == way.sender.id);
    }
    // frame: at least 12 bytes.
    bool fits(const uint8_t* frame) const {
        return std::memcmp(frame, arrives_with.data(), arrives_with.size()) == 0;
    }
    void set_arrival(MacAddr destination, MacAddr source) {
        put(arrives_with, destination, source);
    }
    void set_departure(MacAddr destination, MacAddr source) {
        put(leaves_with, destination, source);
    }

private:
    static void put(std::array<uint8_t, 12>& bytes, MacAddr destination, MacAddr source) {
        std::memcpy(bytes.data(), destination.bytes.data(), 6);
        std::memcpy(bytes.data() + 6, source.bytes.data(), 6);
    }
};
static_assert(sizeof(Way) == 64);

} // namespace ringfence
