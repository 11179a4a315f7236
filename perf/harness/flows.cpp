#include "perf/harness/flows.h"

#include <bit>
#include <cstring>
#include <numeric>

#include <rte_mbuf.h>

#include "core/tables/hash.h"
#include "core/wire/vxlan.h"

namespace ringfence::perf {

namespace {

struct PlainHeaders {
    EthernetHeader ethernet;
    Ipv4Header ip;
    UdpHeader udp;
};

// From the start of a frame, plain or outer.
constexpr size_t ip_at = sizeof(EthernetHeader), udp_at = ip_at + sizeof(Ipv4Header);
constexpr size_t checksum_at = 10, source_at = 12, destination_at = 16; // in an IPv4 header

// Steps through 0..flows-1 that are far apart, and meet all: the golden ratio's share of them.
uint32_t scattering_step(uint32_t flows) {
    auto step = static_cast<uint32_t>(0.6180339887 * flows) | 1;
    while (std::gcd(step, flows) != 1)
        step += 2;
    return step % flows;
}

uint32_t pick(uint32_t hash, Ends ends) {
    return ends.first + static_cast<uint32_t>(uint64_t{hash} * ends.count >> 32);
}

template <class T> void store(uint8_t* at, T value) { std::memcpy(at, &value, sizeof value); }

// Six bytes by one store of eight: the two behind are written later.
void store_mac(uint8_t* at, uint32_t end) {
    store(at, __builtin_bswap64((0x020000000000u + end) << 16));
}

uint16_t header_checksum(uint32_t sum, uint32_t source, uint32_t destination) {
    sum += (source >> 16) + (source & 0xffff) + (destination >> 16) + (destination & 0xffff);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~(sum + (sum >> 16)));
}

void store_addresses(uint8_t* ip, uint32_t sum, Ipv4Addr source, Ipv4Addr destination) {
    store(ip + checksum_at,
          __builtin_bswap16(header_checksum(sum, source.value, destination.value)));
    store(ip + source_at, __builtin_bswap32(source.value));
    store(ip + destination_at, __builtin_bswap32(destination.value));
}

uint32_t partial_sum(Ipv4Header ip) {
    ChecksumSum sum;
    sum.add(reinterpret_cast<const uint8_t*>(&ip), sizeof ip);
    return sum.folded();
}

} // namespace

FlowWriter::FlowWriter(FlowSet set) : set_(set), step_(scattering_step(set.flows)) {
    PlainHeaders headers{};
    headers.ethernet.set_type(ether_type::ip4);
    headers.ip = Ipv4Header::make({}, {}, ip_protocol::udp, 64);
    headers.ip.set_total_length(frame_size - sizeof(EthernetHeader));
    headers.udp.set_length(frame_size - udp_at);
    std::memcpy(plain_.data(), &headers, sizeof headers);
    if (set.to)
        std::memcpy(macs_.data(), set.to->bytes.data(), 6);
    if (set.from)
        std::memcpy(macs_.data() + 6, set.from->bytes.data(), 6);
    plain_sum_ = partial_sum(headers.ip);
}

FlowWriter::FlowWriter(FlowSet set, Tunnel tunnel) : FlowWriter(set) {
    tunnelled_ = true;
    vtep_count_ = tunnel.vtep_count;
    OuterHeaders headers{};
    headers.ethernet.set_type(ether_type::ip4);
    headers.ip = Ipv4Header::make({}, tunnel.to, ip_protocol::udp, 64);
    headers.ip.set_total_length(sizeof headers - sizeof(EthernetHeader) + frame_size);
    headers.udp =
        UdpHeader(L4Port(0), L4Port(4789), sizeof(UdpHeader) + sizeof(VxlanHeader) + frame_size);
    headers.vxlan = VxlanHeader::without_vni();
    headers.vxlan.set_vni(tunnel.vni);
    std::memcpy(outer_.data(), &headers, sizeof headers);
    outer_sum_ = partial_sum(headers.ip);
}

void FlowWriter::write(rte_mbuf** frames, uint16_t n) {
    const size_t outer = tunnelled_ ? sizeof(OuterHeaders) : 0;
    for (uint16_t i = 0; i < n; ++i) {
        rte_mbuf* frame = frames[i];
        frame->data_len = static_cast<uint16_t>(outer + frame_size);
        frame->pkt_len = frame->data_len;
        frame->port = static_cast<uint16_t>(set_.port.value());
        auto* data = rte_pktmbuf_mtod(frame, uint8_t*);
        Flow flow = next();
        if (tunnelled_)
            write_outer(data, flow);
        write_plain(data + outer, flow);
    }
}

FlowWriter::Flow FlowWriter::next() {
    position_ += step_;
    if (position_ >= set_.flows)
        position_ -= set_.flows;
    uint64_t hash = mix(position_, set_.port.value());
    return {pick(static_cast<uint32_t>(hash), set_.sources),
            pick(static_cast<uint32_t>(hash >> 32), set_.destinations), hash,
            static_cast<uint16_t>(0x8000 | position_),
            static_cast<uint16_t>(1 + (position_ >> 15))};
}

void FlowWriter::write_plain(uint8_t* at, const Flow& flow) const {
    std::memcpy(at, plain_.data(), frame_size);
    store_mac(at, flow.destination);
    if (set_.to)
        std::memcpy(at, macs_.data(), 6);
    store_mac(at + 6, flow.source);
    if (set_.from)
        std::memcpy(at + 6, macs_.data() + 6, 6);
    store(at + 12, __builtin_bswap16(ether_type::ip4));
    store_addresses(at + ip_at, plain_sum_, address_of(flow.source), address_of(flow.destination));
    store(at + udp_at, __builtin_bswap16(flow.source_port));
    store(at + udp_at + 2, __builtin_bswap16(flow.destination_port));
}

void FlowWriter::write_outer(uint8_t* at, const Flow& flow) const {
    std::memcpy(at, outer_.data(), outer_.size());
    uint8_t* ip = at + ip_at;
    // The destination's words are in the sum already.
    Ipv4Addr from = vtep_address_of(tunnel_vtep(flow.source, vtep_count_));
    store(ip + checksum_at, __builtin_bswap16(header_checksum(outer_sum_, from.value, 0)));
    store(ip + source_at, __builtin_bswap32(from.value));
    store(at + udp_at, __builtin_bswap16(static_cast<uint16_t>(0xc000 | (flow.hash & 0x3fff))));
}

} // namespace ringfence::perf
