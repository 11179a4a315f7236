#include "dataplane/ports/tap.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "dataplane/ports/netdev_port.h"

namespace ringfence::ports {

namespace {

constexpr uint64_t kernels_speed = 10'000; // Mbit/s: what it says of every tap

Result<> check_name(const std::string& name) {
    if (name.empty() || name.size() >= IFNAMSIZ || name == "." || name == ".." ||
        name.find_first_of("/: \t\n%") != std::string::npos)
        return fail("\"{}\" cannot be the name of a netdev: 1 to 15 characters without blanks, "
                    "slashes, colons and percent signs",
                    name);
    return {};
}

class TapPort final : public NetdevPort {
public:
    TapPort(const PortSettings& settings, const MbufPool& pool, int tun)
        : NetdevPort(settings, pool, kernels_speed), tun_(tun) {}
    ~TapPort() override { close(tun_); }

    [[nodiscard]] Result<> configure(const PortSettings& settings);

    uint16_t receive(rte_mbuf** frames, uint16_t room) override;
    uint16_t transmit(rte_mbuf** frames, uint16_t count) override;
    int wake_fd() const override { return tun_; }

    std::string driver() const override { return "tap"; }
    void let_go() override { ioctl(tun_, TUNSETPERSIST, 0); }
    std::optional<std::string> trouble() const override {
        auto device = Netdev::of_tap(tun_);
        if (gone_.load(std::memory_order_relaxed) || is_gone(device))
            return "its netdev was deleted";
        return std::nullopt;
    }

private:
    Result<Netdev> netdev() const override { return Netdev::of_tap(tun_); }
    // One frame into one buffer: its length; 0 when none waits; or -1 when it was longer than a
    // buffer.
    int read_frame(rte_mbuf* frame);
    bool write_frame(const rte_mbuf* frame);

    int tun_;
    std::atomic<bool> gone_{false};
};

Result<> TapPort::configure(const PortSettings& settings) {
    auto netdev = Netdev::of_tap(tun_);
    if (!netdev)
        return tl::unexpected(netdev.error());
    if (settings.mac)
        if (auto set = netdev->set_mac(*settings.mac); !set)
            return set;
    if (settings.mtu)
        if (auto set = set_mtu(*settings.mtu); !set)
            return set;
    if (settings.stays && ioctl(tun_, TUNSETPERSIST, 1) != 0)
        return fail(ErrorKind::unavailable, "it can't be made to stay: {}", std::strerror(errno));
    return netdev->set_up();
}

uint16_t TapPort::receive(rte_mbuf** frames, uint16_t room) {
    uint16_t count = 0;
    uint64_t bytes = 0;
    while (count < room) {
        rte_mbuf* frame = rte_pktmbuf_alloc(pool_);
        if (!frame) {
            rx_missed_.add(1);
            break;
        }
        int length = read_frame(frame);
        if (length <= 0) {
            rte_pktmbuf_free(frame);
            if (length == 0)
                break;
            rx_errors_.add(1);
            continue;
        }
        frame->data_len = static_cast<uint16_t>(length);
        frame->pkt_len = static_cast<uint32_t>(length);
        bytes += static_cast<uint64_t>(length);
        frames[count++] = frame;
    }
    if (count > 0) {
        rx_packets_.add(count);
        rx_bytes_.add(bytes);
    }
    return count;
}

int TapPort::read_frame(rte_mbuf* frame) {
    // A byte more than fits shows a frame that doesn't: somebody raised the netdev's MTU over our
    // maximum.
    uint8_t excess;
    iovec parts[] = {{rte_pktmbuf_mtod(frame, void*), rte_pktmbuf_tailroom(frame)}, {&excess, 1}};
    ssize_t length = readv(tun_, parts, 2);
    if (length > static_cast<ssize_t>(parts[0].iov_len))
        return -1;
    if (length > 0)
        return static_cast<int>(length);
    if (length < 0 && errno == EBADFD)
        gone_.store(true, std::memory_order_relaxed);
    return 0;
}

uint16_t TapPort::transmit(rte_mbuf** frames, uint16_t count) {
    uint16_t sent = 0;
    uint64_t bytes = 0;
    while (sent < count && write_frame(frames[sent])) {
        bytes += frames[sent]->pkt_len;
        rte_pktmbuf_free(frames[sent++]);
    }
    tx_packets_.add(sent);
    tx_bytes_.add(bytes);
    if (sent < count)
        tx_errors_.add(static_cast<uint64_t>(count - sent));
    return sent;
}

bool TapPort::write_frame(const rte_mbuf* frame) {
    iovec parts[most_segments];
    size_t used = gather(frame, parts);
    if (used == 0)
        return false;
    ssize_t written = writev(tun_, parts, static_cast<int>(used));
    if (written < 0 && errno == EBADFD)
        gone_.store(true, std::memory_order_relaxed);
    return written == static_cast<ssize_t>(frame->pkt_len);
}

Result<int> make_netdev(const std::string& name) {
    int tun = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
        return fail(ErrorKind::unavailable,
                    "port {}: there is no /dev/net/tun: load the kernel's module (modprobe tun)",
                    name);
    if (tun < 0)
        return fail(ErrorKind::unavailable, "port {}: /dev/net/tun: {}", name,
                    std::strerror(errno));
    ifreq ask{};
    name.copy(ask.ifr_name, IFNAMSIZ - 1);
    // Makes the tap, or takes one that is there and that nobody holds: a persistent one, made by
    // the host's network configuration so that it keeps its addresses while we restart.
    ask.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (ioctl(tun, TUNSETIFF, &ask) == 0)
        return tun;
    int problem = errno;
    close(tun);
    if (if_nametoindex(name.c_str()) != 0)
        return fail(ErrorKind::conflict, "port {}: a netdev of that name is there already", name);
    if (problem == EPERM)
        return fail(ErrorKind::unavailable, "port {}: making a netdev takes CAP_NET_ADMIN", name);
    return fail(ErrorKind::unavailable, "port {}: the kernel makes no tap of that name: {}", name,
                std::strerror(problem));
}

} // namespace

Result<std::shared_ptr<Port>> open_tap(const PortSettings& settings, const MbufPool& pool) {
    if (auto valid = check_name(settings.name); !valid)
        return tl::unexpected(valid.error());
    auto tun = make_netdev(settings.name);
    if (!tun)
        return tl::unexpected(tun.error());
    auto port = std::make_shared<TapPort>(settings, pool, *tun);
    if (auto configured = port->configure(settings); !configured)
        return tl::unexpected(configured.error().in(fmt::format("port {}", settings.name)));
    return port;
}

} // namespace ringfence::ports
