// What ports have in common whose frames pass through a descriptor on a kernel netdev, a system
// call a frame (tap, system): the netdev says their MAC, MTU and carrier, they count themselves,
// and a header before each frame says what its sender has left to us, or we leave to the netdev.
#pragma once

#include <span>

#include <sys/uio.h>

#include "dataplane/ports/counter.h"
#include "dataplane/ports/netdev.h"
#include "dataplane/ports/offload.h"
#include "dataplane/ports/port.h"

namespace ringfence::ports {

class Room;

class NetdevPort : public Port {
public:
    uint16_t receive(rte_mbuf** frames, uint16_t room) final;
    uint16_t transmit(rte_mbuf** frames, uint16_t count) final;
    bool takes_large(const rte_mbuf& frame) const override {
        return offloads_ && can_give_large(frame);
    }
    MacAddr mac() const override;
    Result<> set_mac(MacAddr mac) override;
    unsigned mtu() const override;
    unsigned max_mtu() const override { return max_mtu_; }
    Result<> set_mtu(unsigned mtu) override;
    LinkState link() override;
    PortStatistics statistics() const override;
    std::optional<unsigned> ifindex() const override;

protected:
    // speed: Mbit/s, of a link that is there; 0 = unknown. has_header: a VirtioHeader stands before
    // each frame.
    NetdevPort(const PortSettings& settings, const MbufPool& pool, uint64_t speed, bool has_header)
        : Port(settings), max_mtu_(pool.max_mtu()), pool_(pool.get()), speed_(speed),
          has_header_(has_header), offloads_(settings.offloads && has_header) {}

    // The netdev as it is now, wherever it is.
    virtual Result<Netdev> netdev() const = 0;

    // Reads one frame, its header first: how many bytes; 0: none waits.
    virtual size_t read(std::span<iovec> parts) = 0;
    // What read() took from the frame beside it goes back in: a tag.
    virtual bool complete(rte_mbuf&, VirtioHeader&) { return true; }
    // never: it can't be sent at all.
    enum class Written { yes, never, not_now };
    virtual Written write(std::span<iovec> parts, size_t bytes) = 0;

    unsigned max_mtu_;

private:
    rte_mbuf* take(Room& buffers, size_t length, VirtioHeader& header);
    Written write_frame(rte_mbuf* frame);

    rte_mempool* pool_;
    uint64_t speed_;
    const bool has_header_, offloads_;
    // The owner worker's.
    Counter rx_packets_, rx_bytes_, rx_errors_, rx_missed_, tx_packets_, tx_bytes_, tx_errors_;
    CarrierChanges carrier_;
};

} // namespace ringfence::ports
