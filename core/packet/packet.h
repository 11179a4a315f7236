// One packet: an mbuf, and what the stages have found out about it so far. Valid for the burst that
// it is in.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <rte_mbuf.h>

#include "core/packet/out.h"
#include "core/types/ids.h"
#include "core/wire/cursor.h"

namespace ringfence {

class Segment; // of dataplane/fabric; here only handed through
struct LocalPort;
struct MacBucket; // of core/tables
struct Passage;   // of dataplane/worker

// What some packet of a burst asks for; the pipeline leaves out the stages that none does.
// routers: some of its segments has them, or its port has a firewall of its own.
// large: some of it may be (large.h).
enum class Mark : uint16_t {
    asks = 1,
    vtep = 2,
    flood = 4,
    routers = 8,
    connections = 16,
    undecided = 32,
    fragments = 64,
    too_large = 128,
    large = 256,
};

struct Packet {
    // Frames of several mbufs are read as far as the first one holds them: headers lie there, or
    // the packet counts as truncated.
    Packet(rte_mbuf* frame, uint16_t& burst_marks)
        : mbuf(frame), data(rte_pktmbuf_mtod(frame, uint8_t*)), length(frame->pkt_len),
          linear(frame->data_len), marks(&burst_marks) {}

    rte_mbuf* mbuf;
    uint8_t* data;   // the frame's first byte
    uint32_t length; // of the frame, bytes
    uint16_t linear; // bytes that lie at data

    // parse: offsets in bytes from data.
    uint16_t ether_type = 0; // behind the tags; under 0x600 a length
    uint16_t l3 = 0;
    uint16_t l4 = 0;      // only where has_l4
    uint8_t protocol = 0; // of IPv4, or the end of IPv6's chain
    bool tagged = false;
    bool has_l4 = false; // IP with the upper layer's header in this packet
    bool is_fragment = false;
    uint8_t traffic_class = 0;                      // of IP
    uint16_t source_port = 0, destination_port = 0; // of TCP or UDP, where has_l4
    uint32_t ip4_source = 0, ip4_destination = 0;   // of IPv4, in host order
    uint64_t destination = 0, source = 0;           // MAC addresses as numbers

    // From where: the port, its segment, or by tunnel the VTEP and the VNI's segment.
    const LocalPort* port = nullptr;
    const Segment* segment = nullptr; // none: not ready
    // parse, where there is a segment: what it knows of the two MACs is there. The source's only
    // where it is asked for: from tunnels and trusted ports.
    const MacBucket* destination_place = nullptr;
    const MacBucket* source_place = nullptr;
    NextHopId peer{0}; // from_tunnel: the sending VTEP
    bool from_tunnel = false;
    bool handed_over = false; // by another local port, which has checked it
    bool generated = false;   // by a router on this host
    bool is_unseen = false;   // from_tunnel: goes as it came to the worker that has its port
    uint8_t outer_ecn = 0;    // from_tunnel: the outer header's two bits

    bool asks = false;    // admit: a well-formed ARP request or neighbour solicitation
    uint16_t largest = 0; // connection: IPv4 to be split into packets of so many bytes; 0: not
    Out out;
    Passage* passage = nullptr; // connection: of a packet that meets connections
    uint32_t traced = 0;        // its number in the trace; 0: not traced
    uint16_t* marks;            // of its burst

    void mark(Mark wanted) {
        *marks = static_cast<uint16_t>(*marks | static_cast<uint16_t>(wanted));
    }
    void set_asks() {
        asks = true;
        mark(Mark::asks);
    }
    void send_to(PortId to) { out = {Out::Kind::port, static_cast<uint16_t>(to.value())}; }
    void send_to(NextHopId to) {
        out = {Out::Kind::vtep, static_cast<uint16_t>(to.value())};
        mark(Mark::vtep);
    }
    void hand_over_to(PortId to) {
        out = {Out::Kind::hand_over, static_cast<uint16_t>(to.value())};
    }
    void send_to_everybody() {
        out = {Out::Kind::flood, 0};
        mark(Mark::flood);
    }

    void send_to(Out where) {
        out = where;
        if (out.kind == Out::Kind::vtep)
            mark(Mark::vtep);
    }
    // All that is known of the other holds for this one: its mbuf is a copy of the other's.
    void become_copy_of(const Packet& other) {
        Packet mine = *this;
        *this = other;
        mbuf = mine.mbuf;
        data = mine.data;
        linear = mine.linear;
        marks = mine.marks;
    }

    // The header at an offset that parse has found; nullptr where it would end behind the buffer.
    template <class Header> Header* at(size_t offset) const {
        Cursor cursor(data, linear);
        return cursor.skip(offset) ? cursor.peek<Header>() : nullptr;
    }
    // After the mbuf's own head was moved.
    void reload() {
        data = rte_pktmbuf_mtod(mbuf, uint8_t*);
        length = mbuf->pkt_len;
        linear = mbuf->data_len;
    }
};

// Up to 32 packets, and which of them are still on their way. Stays where it is: packets point to
// its marks.
class Burst {
public:
    Burst() = default;
    Burst(const Burst&) = delete;
    static constexpr uint16_t capacity = 32;

    uint16_t size() const { return live_count_; }
    const Packet& first() const { return *live_[0]; } // not empty
    const Packet& last() const { return *live_[live_count_ - 1u]; }
    bool full() const { return used_ == capacity; }
    Packet& add(rte_mbuf* frame) { // not full
        Packet* packet = std::construct_at(&packets()[used_++], frame, marks_);
        live_[live_count_++] = packet;
        return *packet;
    }
    // The same for many, into an empty burst, n at most its capacity: set_up(Packet&).
    template <class SetUp> void fill(rte_mbuf** frames, uint16_t n, SetUp set_up) {
        Packet* packet = packets();
        for (uint16_t i = 0; i < n; ++i, ++packet) {
            std::construct_at(packet, frames[i], marks_);
            set_up(*packet);
            live_[i] = packet;
        }
        used_ = live_count_ = n;
    }
    void clear() {
        used_ = live_count_ = 0;
        marks_ = 0;
    }
    void mark(Mark wanted) {
        marks_ = static_cast<uint16_t>(marks_ | static_cast<uint16_t>(wanted));
    }
    // True where some packet of it was marked so.
    bool has(Mark mark) const { return marks_ & static_cast<uint16_t>(mark); }

    // Keeps those for which stays(Packet&) is true.
    template <class Stays> void keep(Stays stays) {
        Packet** kept = live_.data();
        for (Packet **next = kept, **end = kept + live_count_; next != end; ++next) {
            Packet* packet = *next;
            *kept = packet;
            kept += stays(*packet) ? 1 : 0;
        }
        live_count_ = static_cast<uint16_t>(kept - live_.data());
    }

private:
    Packet* packets() { return reinterpret_cast<Packet*>(storage_); }

    alignas(64) std::byte storage_[capacity * sizeof(Packet)]; // raw: add() makes what is needed
    std::array<Packet*, capacity> live_;
    uint16_t used_ = 0, live_count_ = 0;
    uint16_t marks_ = 0;
};

} // namespace ringfence
