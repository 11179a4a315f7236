#include "dataplane/ports/netdev_port.h"

#include <array>

#include <net/if.h>
#include <sys/uio.h>

#include <rte_mbuf.h>

#include "core/packet/large.h"
#include "dataplane/ports/frame_size.h"
#include "dataplane/ports/room.h"

namespace ringfence::ports {

namespace {

// A frame may lie in so many pieces: the largest, in the smallest buffers, and headers before it.
constexpr size_t most_segments = 48;
// Of one receive(): others' turn comes, and what is queued elsewhere meanwhile stays bounded.
constexpr uint64_t enough_bytes = 256 << 10;

// Where the pieces of the frame lie: how many they are, or 0 where `parts` has no room for them.
size_t gather(const rte_mbuf* frame, std::span<iovec> parts) {
    size_t used = 0;
    for (const rte_mbuf* segment = frame; segment; segment = segment->next) {
        if (used == parts.size())
            return 0;
        parts[used++] = {rte_pktmbuf_mtod(segment, void*), segment->data_len};
    }
    return used;
}

} // namespace

// At most `room` frames are read, good or bad: whoever sends bad ones gets no more of the worker.
uint16_t NetdevPort::receive(rte_mbuf** frames, uint16_t room) {
    VirtioHeader header;
    Room buffers(pool_, has_header_, &header, has_header_ ? sizeof header : 0);
    uint16_t count = 0;
    uint64_t bytes = 0;
    has_received_large_ = false;
    for (uint16_t turn = 0; turn < room && bytes < enough_bytes; ++turn) {
        const auto parts = buffers.parts();
        if (parts.empty()) {
            rx_missed_.add(1);
            break;
        }
        const size_t length = read(parts);
        if (length <= parts[0].iov_len)
            break;
        if (rte_mbuf* frame = take(buffers, length, header)) {
            bytes += frame->pkt_len;
            has_received_large_ |= is_large(*frame);
            frames[count++] = frame;
        }
    }
    if (count > 0) {
        rx_packets_.add(count);
        rx_bytes_.add(bytes);
    }
    return count;
}

// nullptr where it is longer than the port's frames may be, and not large: an error; or where there
// are not the buffers for it.
rte_mbuf* NetdevPort::take(Room& buffers, size_t length, VirtioHeader& header) {
    rte_mbuf* frame = buffers.take(length);
    if (!frame) {
        (buffers.is_short() ? rx_missed_ : rx_errors_).add(1);
        return nullptr;
    }
    const bool complete_now = complete(*frame, header);
    if (complete_now && has_header_)
        take_offload(*frame, header);
    if (complete_now && (frame->nb_segs == 1 || is_large(*frame)))
        return frame;
    rx_errors_.add(1);
    rte_pktmbuf_free(frame);
    return nullptr;
}

// A frame that can't be sent at all is lost alone, and counted; the others go on.
uint16_t NetdevPort::transmit(rte_mbuf** frames, uint16_t count) {
    uint16_t done = 0;
    uint64_t packets = 0, bytes = 0, errors = 0;
    for (; done < count; ++done) {
        const Written written = write_frame(frames[done]);
        if (written == Written::not_now)
            break;
        packets += written == Written::yes;
        bytes += written == Written::yes ? frames[done]->pkt_len : 0;
        errors += written == Written::never;
        rte_pktmbuf_free(frames[done]);
    }
    tx_packets_.add(packets);
    tx_bytes_.add(bytes);
    tx_errors_.add(errors + static_cast<uint64_t>(count - done));
    return done;
}

NetdevPort::Written NetdevPort::write_frame(rte_mbuf* frame) {
    VirtioHeader header = give_offload(*frame);
    std::array<iovec, 1 + most_segments> parts;
    parts[0] = {&header, has_header_ ? sizeof header : 0};
    const size_t used = gather(frame, std::span(parts).subspan(1));
    if (used == 0)
        return Written::never;
    return write(std::span(parts).first(1 + used), parts[0].iov_len + frame->pkt_len);
}

MacAddr NetdevPort::mac() const {
    return netdev().and_then([](const Netdev& device) { return device.mac(); }).value_or(MacAddr{});
}

Result<> NetdevPort::set_mac(MacAddr mac) {
    return netdev().and_then([&](const Netdev& device) { return device.set_mac(mac); });
}

unsigned NetdevPort::mtu() const {
    return netdev().and_then([](const Netdev& device) { return device.mtu(); }).value_or(0);
}

Result<> NetdevPort::set_mtu(unsigned mtu) {
    if (mtu < smallest_mtu || mtu > max_mtu_)
        return fail("MTU {} of port {}: it carries {} to {} (other_config:ringfence-max-mtu)", mtu,
                    name(), smallest_mtu, max_mtu_);
    return netdev().and_then([&](const Netdev& device) { return device.set_mtu(mtu); });
}

LinkState NetdevPort::link() {
    LinkState state;
    auto flags = netdev().and_then([](const Netdev& device) { return device.flags(); });
    if (flags) {
        state.admin_up = *flags & IFF_UP;
        state.up = state.admin_up && (*flags & IFF_RUNNING);
        state.speed = speed_;
    }
    state.resets = carrier_.follow(state.up);
    return state;
}

PortStatistics NetdevPort::statistics() const {
    PortStatistics s;
    s.rx_packets = rx_packets_.value();
    s.rx_bytes = rx_bytes_.value();
    s.rx_errors = rx_errors_.value();
    s.rx_missed = rx_missed_.value();
    s.tx_packets = tx_packets_.value();
    s.tx_bytes = tx_bytes_.value();
    s.tx_errors = tx_errors_.value();
    return s;
}

std::optional<unsigned> NetdevPort::ifindex() const {
    auto index = netdev().and_then([](const Netdev& device) { return device.index(); });
    return index ? std::optional(*index) : std::nullopt;
}

} // namespace ringfence::ports
