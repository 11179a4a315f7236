#include "dataplane/ports/ethdev.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "core/types/log.h"
#include "dataplane/ports/dpdk_log.h"
#include "dataplane/ports/frame_size.h"
#include "dataplane/ports/netdev.h"

namespace ringfence::ports {

namespace {

log::Module module("port");

// The reason of a failed DPDK call: what the driver complained about, or else the error's number.
std::string reason(const DpdkComplaints& complaints, int result) {
    std::string said = complaints.last();
    return said.empty() ? rte_strerror(result < 0 ? -result : rte_errno) : said;
}

// Attached to the process; detached when it dies.
class Device {
public:
    [[nodiscard]] static Result<Device> attach(const std::string& devargs);
    ~Device();
    Device(Device&& other) noexcept : id_(std::exchange(other.id_, no_device)) {}
    Device& operator=(Device&&) = delete;
    uint16_t id() const { return id_; }

private:
    static constexpr uint16_t no_device = RTE_MAX_ETHPORTS;
    explicit Device(uint16_t id) : id_(id) {}
    uint16_t id_;
};

class EthdevPort final : public Port {
public:
    EthdevPort(const PortSettings& settings, const MbufPool& pool, Device device)
        : Port(settings), device_(std::move(device)), max_mtu_(pool.max_mtu()) {}
    ~EthdevPort() override;

    [[nodiscard]] Result<> configure(const PortSettings& settings, const MbufPool& pool);

    uint16_t receive(rte_mbuf** frames, uint16_t room) override {
        return rte_eth_rx_burst(id(), 0, frames, room);
    }
    uint16_t transmit(rte_mbuf** frames, uint16_t count) override {
        return rte_eth_tx_burst(id(), 0, frames, count);
    }

    int wake_fd() const override { return wake_fd_; }

    std::string driver() const override { return driver_; }
    MacAddr mac() const override;
    Result<> set_mac(MacAddr mac) override;
    unsigned mtu() const override;
    unsigned max_mtu() const override { return max_mtu_; }
    Result<> set_mtu(unsigned mtu) override;
    LinkState link() override;
    PortStatistics statistics() const override;
    std::optional<unsigned> ifindex() const override {
        return ifindex_ ? std::optional(ifindex_) : std::nullopt;
    }
    std::optional<std::string> trouble() const override;

private:
    uint16_t id() const { return device_.id(); }
    // The netdev that a socket driver (af_packet, af_xdp) stands on: its MTU and carrier are the
    // port's.
    std::optional<Netdev> netdev() const;
    [[nodiscard]] Result<> set_up_queues(const PortSettings& settings, const MbufPool& pool,
                                         const rte_eth_dev_info& info);
    void learn_max_mtu(const PortSettings& settings, const rte_eth_dev_info& info);
    [[nodiscard]] Result<> check_present_mtu() const;

    Device device_;
    std::string driver_;
    unsigned max_mtu_;
    unsigned ifindex_ = 0;
    unsigned declared_mtu_ = 0; // where the driver keeps none itself
    std::optional<MacAddr> declared_mac_;
    int wake_fd_ = -1; // af_packet's socket
    std::atomic<bool> removed_{false};
    CarrierChanges carrier_;
};

// The bytes of a frame that af_packet's ring slot carries: `framesz`, 2048 by default, less the
// kernel's header before it.
unsigned af_packet_frame(const std::string& devargs) {
    constexpr unsigned slot_header = 80;
    size_t at = devargs.find("framesz=");
    unsigned slot =
        at == std::string::npos
            ? 2048
            : static_cast<unsigned>(std::strtoul(devargs.c_str() + at + 8, nullptr, 10));
    return slot > slot_header ? slot - slot_header : 0;
}

// A duplicate of the socket that the af_packet driver has on that netdev: it is readable while
// frames wait in its ring. The driver gives it to nobody, so it is looked for among our
// descriptors; TPACKET_V2 tells it from other packet sockets.
int af_packet_socket(unsigned ifindex) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
        int fd = std::atoi(entry.path().filename().c_str());
        sockaddr_ll address{};
        socklen_t size = sizeof address;
        int version = 0;
        socklen_t version_size = sizeof version;
        if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
            address.sll_family == AF_PACKET && address.sll_ifindex == static_cast<int>(ifindex) &&
            getsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, &version_size) == 0 &&
            version == TPACKET_V2)
            return fcntl(fd, F_DUPFD_CLOEXEC, 3);
    }
    return -1;
}

Result<Device> Device::attach(const std::string& devargs) {
    DpdkComplaints complaints;
    rte_devargs parsed{};
    if (rte_devargs_parse(&parsed, devargs.c_str()) != 0)
        return fail("\"{}\" names no DPDK device ({})", devargs, reason(complaints, -EINVAL));
    std::string name = parsed.name, bus = rte_bus_name(parsed.bus);
    rte_devargs_reset(&parsed);
    uint16_t id = no_device;
    if (rte_eth_dev_get_port_by_name(name.c_str(), &id) == 0)
        return fail(ErrorKind::conflict, "DPDK device {} is another port's already", name);
    if (int result = rte_dev_probe(devargs.c_str()); result != 0)
        return fail(ErrorKind::unavailable, "DPDK device {} does not attach: {}", name,
                    reason(complaints, result));
    if (rte_eth_dev_get_port_by_name(name.c_str(), &id) == 0)
        return Device(id);
    rte_dev_iterator iterator;
    RTE_ETH_FOREACH_MATCHING_DEV(id, devargs.c_str(), &iterator) {
        rte_eth_iterator_cleanup(&iterator);
        return Device(id);
    }
    rte_eal_hotplug_remove(bus.c_str(), name.c_str());
    return fail("DPDK device {} is not a network device", name);
}

Device::~Device() {
    if (id_ == no_device)
        return;
    DpdkComplaints complaints;
    rte_eth_dev_info info{};
    rte_device* device = rte_eth_dev_info_get(id_, &info) == 0 ? info.device : nullptr;
    rte_eth_dev_stop(id_);
    rte_eth_dev_close(id_);
    int result = device ? rte_dev_remove(device) : 0;
    if (result != 0)
        log::warning(module, "a DPDK device does not detach: {}", reason(complaints, result));
}

int on_removal(uint16_t, rte_eth_event_type, void* removed, void*) {
    static_cast<std::atomic<bool>*>(removed)->store(true, std::memory_order_relaxed);
    return 0;
}

EthdevPort::~EthdevPort() {
    if (!driver_.empty())
        rte_eth_dev_callback_unregister(id(), RTE_ETH_EVENT_INTR_RMV, on_removal, &removed_);
    if (wake_fd_ >= 0)
        close(wake_fd_);
    // What still lies in a net_ring would stay there: the ring dies with the device, its frames
    // don't.
    if (driver_ == "net_ring") {
        rte_mbuf* frames[32];
        while (uint16_t count = receive(frames, 32))
            rte_pktmbuf_free_bulk(frames, count);
    }
}

Result<> EthdevPort::configure(const PortSettings& settings, const MbufPool& pool) {
    rte_eth_dev_info info{};
    if (rte_eth_dev_info_get(id(), &info) != 0)
        return fail(ErrorKind::unavailable, "the device says nothing of itself");
    driver_ = info.driver_name;
    rte_eth_dev_callback_register(id(), RTE_ETH_EVENT_INTR_RMV, on_removal, &removed_);
    ifindex_ = info.if_index;
    learn_max_mtu(settings, info);
    if (auto set = set_up_queues(settings, pool, info); !set)
        return set;
    if (driver_ == "net_af_packet")
        wake_fd_ = af_packet_socket(ifindex_);
    if (settings.mac)
        if (auto set = set_mac(*settings.mac); !set)
            return set;
    if (settings.mtu)
        return set_mtu(*settings.mtu);
    return check_present_mtu();
}

void EthdevPort::learn_max_mtu(const PortSettings& settings, const rte_eth_dev_info& info) {
    constexpr unsigned checksum = 4;
    if (driver_ == "net_af_packet") {
        unsigned frame = af_packet_frame(settings.argument);
        max_mtu_ = std::min(max_mtu_, frame - std::min(frame, ethernet_header + 2 * vlan_tag));
        return;
    }
    if (info.max_rx_pktlen != UINT32_MAX)
        max_mtu_ = std::min(max_mtu_, info.max_rx_pktlen -
                                          std::min(info.max_rx_pktlen, ethernet_header + checksum));
    max_mtu_ = std::min<unsigned>(max_mtu_, info.max_mtu);
}

Result<> EthdevPort::set_up_queues(const PortSettings& settings, const MbufPool& pool,
                                   const rte_eth_dev_info& info) {
    DpdkComplaints complaints;
    rte_eth_conf conf{};
    conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    if (int result = rte_eth_dev_configure(id(), 1, 1, &conf); result != 0)
        return fail(ErrorKind::unavailable, "the device cannot be configured: {}",
                    reason(complaints, result));
    uint16_t receive = settings.receive_descriptors, transmit = settings.transmit_descriptors;
    if (int result = rte_eth_dev_adjust_nb_rx_tx_desc(id(), &receive, &transmit); result != 0)
        return fail("{} receive and {} transmit descriptors: {}", settings.receive_descriptors,
                    settings.transmit_descriptors, reason(complaints, result));
    if (int result = rte_eth_rx_queue_setup(id(), 0, receive, SOCKET_ID_ANY, nullptr, pool.get());
        result != 0)
        return fail(ErrorKind::unavailable,
                    "the receive queue: {} (larger buffers: "
                    "other_config:ringfence-max-mtu)",
                    reason(complaints, result));
    if (int result = rte_eth_tx_queue_setup(id(), 0, transmit, SOCKET_ID_ANY, nullptr); result != 0)
        return fail(ErrorKind::unavailable, "the transmit queue: {}", reason(complaints, result));
    if (int result = rte_eth_dev_start(id()); result != 0)
        return fail(ErrorKind::unavailable, "the device does not start: {}",
                    reason(complaints, result));
    rte_eth_promiscuous_enable(id()); // what has no such mode receives everything anyway
    return {};
}

Result<> EthdevPort::check_present_mtu() const {
    if (unsigned present = mtu(); present > max_mtu_)
        return fail(
            "the device has MTU {}, and this port carries at most {}: ask for a smaller one "
            "(mtu_request), or raise other_config:ringfence-max-mtu (af_packet: and framesz)",
            present, max_mtu_);
    return {};
}

std::optional<Netdev> EthdevPort::netdev() const {
    if (ifindex_ == 0)
        return std::nullopt;
    auto found = Netdev::indexed(ifindex_);
    return found ? std::optional(std::move(*found)) : std::nullopt;
}

MacAddr EthdevPort::mac() const {
    rte_ether_addr address{};
    if (declared_mac_ || rte_eth_macaddr_get(id(), &address) != 0)
        return declared_mac_.value_or(MacAddr{});
    MacAddr mac;
    std::memcpy(mac.bytes.data(), address.addr_bytes, mac.bytes.size());
    return mac;
}

Result<> EthdevPort::set_mac(MacAddr mac) {
    DpdkComplaints complaints;
    rte_ether_addr address;
    std::memcpy(address.addr_bytes, mac.bytes.data(), mac.bytes.size());
    int result = rte_eth_dev_default_mac_addr_set(id(), &address);
    if (result == -ENOTSUP && ifindex_ == 0)
        declared_mac_ = mac; // a device without a filter has the MAC that we say
    else if (result != 0)
        return fail("MAC {}: {}", to_string(mac), reason(complaints, result));
    return {};
}

unsigned EthdevPort::mtu() const {
    if (auto device = netdev())
        return device->mtu().value_or(0);
    uint16_t mtu = 0;
    if (declared_mtu_ == 0)
        rte_eth_dev_get_mtu(id(), &mtu);
    return declared_mtu_ ? declared_mtu_ : mtu;
}

Result<> EthdevPort::set_mtu(unsigned mtu) {
    if (mtu < smallest_mtu || mtu > max_mtu_)
        return fail("MTU {} of port {}: it carries {} to {} (driver {}, "
                    "other_config:ringfence-max-mtu)",
                    mtu, name(), smallest_mtu, max_mtu_, driver_);
    if (auto device = netdev())
        return device->set_mtu(mtu);
    DpdkComplaints complaints;
    int result = rte_eth_dev_set_mtu(id(), static_cast<uint16_t>(mtu));
    if (result == -ENOTSUP)
        declared_mtu_ = mtu; // the driver carries what fits into a buffer
    else if (result != 0)
        return fail(ErrorKind::unavailable, "MTU {} of port {}: {}", mtu, name(),
                    reason(complaints, result));
    if (this->mtu() != mtu)
        return fail(ErrorKind::unavailable, "port {} has MTU {} after setting {}", name(),
                    this->mtu(), mtu);
    return {};
}

LinkState EthdevPort::link() {
    LinkState state;
    rte_eth_link link{};
    bool known = rte_eth_link_get_nowait(id(), &link) == 0;
    state.admin_up = true;
    state.up = known && link.link_status == RTE_ETH_LINK_UP;
    state.full_duplex = link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX;
    if (known && link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
        state.speed = link.link_speed;
    if (ifindex_ != 0) {
        auto device = netdev();
        unsigned flags = device ? device->flags().value_or(0) : 0;
        state.admin_up = flags & IFF_UP;
        state.up = state.admin_up && (flags & IFF_RUNNING);
    }
    state.resets = carrier_.follow(state.up);
    return state;
}

PortStatistics EthdevPort::statistics() const {
    PortStatistics s;
    rte_eth_stats stats{};
    if (rte_eth_stats_get(id(), &stats) != 0)
        return s;
    s.rx_packets = stats.ipackets;
    s.rx_bytes = stats.ibytes;
    s.rx_errors = stats.ierrors;
    s.rx_missed = stats.imissed + stats.rx_nombuf;
    s.tx_packets = stats.opackets;
    s.tx_bytes = stats.obytes;
    s.tx_errors = stats.oerrors;
    return s;
}

std::optional<std::string> EthdevPort::trouble() const {
    if (removed_.load(std::memory_order_relaxed))
        return "its device was removed";
    if (ifindex_ != 0 && is_gone(Netdev::indexed(ifindex_)))
        return "its netdev was deleted";
    return std::nullopt;
}

Result<std::string> devargs_of(const PortSettings& settings) {
    if (settings.argument.empty())
        return fail("options:dpdk-devargs is missing: name a device, such as 0000:03:00.0 or "
                    "net_af_packet0,iface=eth1");
    return settings.argument;
}

} // namespace

Result<std::shared_ptr<Port>> open_ethdev(const PortSettings& settings, const MbufPool& pool) {
    auto context = [&](Error error) { return error.in(fmt::format("port {}", settings.name)); };
    auto device = devargs_of(settings).and_then(
        [](const std::string& devargs) { return Device::attach(devargs); });
    if (!device)
        return tl::unexpected(context(device.error()));
    auto port = std::make_shared<EthdevPort>(settings, pool, std::move(*device));
    if (auto configured = port->configure(settings, pool); !configured)
        return tl::unexpected(context(configured.error()));
    return port;
}

} // namespace ringfence::ports
