// Frames as a driver hands them up: freshly written for each burst, of many flows that are visited
// in a scattered order, so that no table sits in a near cache by luck.
//
// An end is a number n: MAC 02:00:00 and its 24 bits, IPv4 10.0.0.0 + n. Flow i of a set has ends
// that follow from a hash of i, and ports that say i: nothing is looked up to write a frame.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/ids.h"

struct rte_mbuf;

namespace ringfence::perf {

constexpr MacAddr mac_of(uint32_t end) { return MacAddr::from_u64(0x020000000000 + end); }
constexpr Ipv4Addr address_of(uint32_t end) { return Ipv4Addr{0x0a000000 + end}; }
// VTEPs: 192.168.0.0 + number.
constexpr Ipv4Addr vtep_address_of(uint32_t vtep) { return Ipv4Addr{0xc0a80000 + vtep}; }

struct Ends {
    uint32_t first, count;
};

// What one port receives.
struct FlowSet {
    PortId port;
    Ends sources, destinations;
    uint32_t flows; // different 5-tuples, at least 1
    // Where a router stands before the source or the destination: its MAC in place of the end's.
    std::optional<MacAddr> from = std::nullopt, to = std::nullopt;
};

// Where the frames lie in an underlay packet; the sources are behind the VTEPs 1 to vtep_count,
// end n behind 1 + n % vtep_count.
struct Tunnel {
    Vni vni;
    Ipv4Addr to;
    uint32_t vtep_count; // a power of two
};

inline constexpr uint32_t tunnel_vtep(uint32_t end, uint32_t vtep_count) {
    return 1 + (end & (vtep_count - 1));
}

class FlowWriter {
public:
    static constexpr uint16_t frame_size = 60; // 64 on the wire, its checksum included

    explicit FlowWriter(FlowSet set);       // plain frames
    FlowWriter(FlowSet set, Tunnel tunnel); // the same in VXLAN
    PortId port() const { return set_.port; }

    // Sets up n new mbufs as a poll of the port would.
    void write(rte_mbuf** frames, uint16_t n);

private:
    struct Flow {
        uint32_t source, destination; // ends
        uint64_t hash;
        uint16_t source_port, destination_port;
    };
    Flow next();
    void write_plain(uint8_t* at, const Flow& flow) const;
    void write_outer(uint8_t* at, const Flow& flow) const;

    FlowSet set_;
    std::array<uint8_t, 12> macs_{}; // of routers
    uint32_t position_ = 0, step_;
    bool tunnelled_ = false;
    uint32_t vtep_count_ = 1;
    std::array<uint8_t, frame_size> plain_{}; // what all flows have in common
    std::array<uint8_t, 50> outer_{};
    uint32_t plain_sum_ = 0, outer_sum_ = 0; // of these parts of the IPv4 headers
};

} // namespace ringfence::perf
