// A port: where frames come in and go out. For the agent, which opens and configures ports, and for
// the loop, which moves frames. One receive queue and one transmit queue each: the worker that owns
// a port polls it and sends on it, nobody else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/types/addresses.h"
#include "core/types/result.h"
#include "dataplane/ports/mbuf_pool.h"

struct rte_mbuf;

namespace ringfence::ports {

enum class PortKind {
    tap,               // a kernel netdev named like the port; may be moved to another namespace
    internal,          // the same, for the host itself
    system,            // a netdev that somebody else made, such as libvirt's tap
    device,            // any DPDK device: physical, or a vdev such as net_af_packet0,iface=eth1
    vhost_user,        // a VM whose QEMU connects to a socket on which we listen
    vhost_user_client, // a VM whose QEMU listens on a socket; reconnects for ever
};

struct PortSettings {
    std::string name = {}; // Interface.name; 1 to 15 characters for tap, internal and system
    PortKind kind = PortKind::tap;
    std::string argument = {};       // device: DPDK devargs; vhost_user(_client): the socket's path
    std::optional<MacAddr> mac = {}; // none: what the device has
    std::optional<unsigned> mtu = {}; // none: what the device has, at most the pool's
    bool stays = false;               // internal: its netdev outlives the port, until let_go()
    bool offloads = true; // the other side may leave checksums and segmentation to us, and gets
                          // large frames
    bool shown_to_host = false; // system: the host's own tools see what is sent, and may send
    uint16_t receive_descriptors = 512, transmit_descriptors = 512; // devices only
};

struct LinkState {
    bool admin_up = false;
    bool up = false;    // carrier; vhost: the guest has enabled its rings
    uint64_t speed = 0; // Mbit/s; 0 = unknown
    bool full_duplex = true;
    uint64_t resets = 0; // times that up has changed, as seen by link()
};

// How often the carrier has changed, as a port's link() sees it; the control thread's.
class CarrierChanges {
public:
    uint64_t follow(bool up) {
        changes_ += up != was_up_;
        was_up_ = up;
        return changes_;
    }

private:
    bool was_up_ = false;
    uint64_t changes_ = 0;
};

// Since the port was opened.
struct PortStatistics {
    uint64_t rx_packets = 0, rx_bytes = 0, rx_errors = 0;
    uint64_t rx_missed =
        0; // lost before us: the device's ring was full (imissed), or no buffer was free
    uint64_t tx_packets = 0, tx_bytes = 0, tx_errors = 0;
};

class Port {
public:
    // Opens and starts the port. Whatever is wrong with the settings is an Error in words for
    // Interface.error, and leaves nothing behind. The pool outlives the port.
    [[nodiscard]] static Result<std::shared_ptr<Port>> open(const PortSettings& settings,
                                                            const MbufPool& pool);
    // Closes the device and frees all that it held; a tap's netdev goes, unless it stays.
    virtual ~Port() = default;
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;

    // --- The owner worker's side.
    // Takes up to `room` waiting frames; the caller owns them.
    virtual uint16_t receive(rte_mbuf** frames, uint16_t room) = 0;
    // Sends from the front of `frames`; those it took (the return value) are the port's, the rest
    // stay the caller's. A frame of several segments is fine.
    virtual uint16_t transmit(rte_mbuf** frames, uint16_t count) = 0;
    // What was received last may be marked as large (core/packet/large.h).
    bool has_received_large() const { return has_received_large_; }
    // True where the port transmits that large frame as it is; others it does not take.
    virtual bool takes_large(const rte_mbuf&) const { return false; }
    // A descriptor that is readable while frames wait, or -1: only polling tells.
    virtual int wake_fd() const { return -1; }

    // --- The control thread's side.
    const std::string& name() const { return name_; }
    PortKind kind() const { return kind_; }
    virtual std::string driver() const = 0; // "tap", "net_vhost", ...
    virtual MacAddr mac() const = 0;
    [[nodiscard]] virtual Result<> set_mac(MacAddr mac) = 0;
    virtual unsigned mtu() const = 0;
    // The largest MTU that the device, the driver and the pool's buffers carry.
    virtual unsigned max_mtu() const = 0;
    // An MTU outside 68..max_mtu() is refused with an error that names the maximum.
    [[nodiscard]] virtual Result<> set_mtu(unsigned mtu) = 0;
    virtual LinkState link() = 0;
    virtual PortStatistics statistics() const = 0;
    virtual std::optional<unsigned>
    ifindex() const = 0; // of the netdev behind it, where there is one
    // What has happened to the port since it was opened, such as "its netdev was deleted"; none:
    // all is well.
    virtual std::optional<std::string> trouble() const { return std::nullopt; }
    // It is not to stay any more.
    virtual void let_go() {}

protected:
    explicit Port(const PortSettings& settings) : name_(settings.name), kind_(settings.kind) {}

    bool has_received_large_ = false; // the owner worker's

private:
    std::string name_;
    PortKind kind_;
};

} // namespace ringfence::ports
