#include "dataplane/ports/netdev_port.h"

#include <net/if.h>
#include <sys/uio.h>

#include <rte_mbuf.h>

#include "dataplane/ports/frame_size.h"

namespace ringfence::ports {

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

size_t NetdevPort::gather(const rte_mbuf* frame, std::span<iovec> parts) {
    size_t used = 0;
    for (const rte_mbuf* segment = frame; segment; segment = segment->next) {
        if (used == parts.size())
            return 0;
        parts[used++] = {rte_pktmbuf_mtod(segment, void*), segment->data_len};
    }
    return used;
}

} // namespace ringfence::ports
