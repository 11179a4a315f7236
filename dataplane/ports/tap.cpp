#include "dataplane/ports/tap.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

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
        : NetdevPort(settings, pool, kernels_speed, true), tun_(tun) {}
    ~TapPort() override;

    [[nodiscard]] Result<> configure(const PortSettings& settings);

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
    size_t read(std::span<iovec> parts) override;
    Written write(std::span<iovec> parts, size_t bytes) override;

    int tun_;
    std::atomic<bool> gone_{false};
};

// One that stays may be another's next, who doesn't know what a large frame is.
TapPort::~TapPort() {
    ioctl(tun_, TUNSETOFFLOAD, 0);
    close(tun_);
}

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
    constexpr unsigned long all = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    if (ioctl(tun_, TUNSETOFFLOAD, settings.offloads ? all : 0) != 0)
        return fail(ErrorKind::unavailable, "its offloads: {}", std::strerror(errno));
    return netdev->set_up();
}

size_t TapPort::read(std::span<iovec> parts) {
    const ssize_t length = readv(tun_, parts.data(), static_cast<int>(parts.size()));
    if (length < 0 && errno == EBADFD)
        gone_.store(true, std::memory_order_relaxed);
    return length > 0 ? static_cast<size_t>(length) : 0;
}

TapPort::Written TapPort::write(std::span<iovec> parts, size_t bytes) {
    const ssize_t written = writev(tun_, parts.data(), static_cast<int>(parts.size()));
    if (written == static_cast<ssize_t>(bytes))
        return Written::yes;
    if (written < 0 && errno == EBADFD)
        gone_.store(true, std::memory_order_relaxed);
    return written < 0 && errno == EINVAL ? Written::never : Written::not_now;
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
    ask.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    // Then its header may have another size.
    int header = sizeof(VirtioHeader);
    if (ioctl(tun, TUNSETIFF, &ask) == 0 && ioctl(tun, TUNSETVNETHDRSZ, &header) == 0)
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
