// What ports have in common whose frames pass through a descriptor on a kernel netdev, a system
// call a frame (tap, system): the netdev says their MAC, MTU and carrier, and they count
// themselves.
#pragma once

#include <span>

#include "dataplane/ports/counter.h"
#include "dataplane/ports/netdev.h"
#include "dataplane/ports/port.h"

struct iovec;

namespace ringfence::ports {

class NetdevPort : public Port {
public:
    MacAddr mac() const override;
    Result<> set_mac(MacAddr mac) override;
    unsigned mtu() const override;
    unsigned max_mtu() const override { return max_mtu_; }
    Result<> set_mtu(unsigned mtu) override;
    LinkState link() override;
    PortStatistics statistics() const override;
    std::optional<unsigned> ifindex() const override;

protected:
    // speed: Mbit/s, of a link that is there; 0 = unknown.
    NetdevPort(const PortSettings& settings, const MbufPool& pool, uint64_t speed)
        : Port(settings), pool_(pool.get()), max_mtu_(pool.max_mtu()), speed_(speed) {}

    // The netdev as it is now, wherever it is.
    virtual Result<Netdev> netdev() const = 0;

    // A frame may lie in so many pieces.
    static constexpr size_t most_segments = 16;
    // Where the pieces of the frame lie: how many they are, or 0 where `parts` has no room for
    // them.
    static size_t gather(const rte_mbuf* frame, std::span<iovec> parts);

    rte_mempool* pool_;
    unsigned max_mtu_;
    // The owner worker's.
    Counter rx_packets_, rx_bytes_, rx_errors_, rx_missed_, tx_packets_, tx_bytes_, tx_errors_;

private:
    uint64_t speed_;
    CarrierChanges carrier_;
};

} // namespace ringfence::ports
