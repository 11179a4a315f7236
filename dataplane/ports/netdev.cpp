#include "dataplane/ports/netdev.h"

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringfence::ports {

namespace {

int open_socket() { return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }

bool is_ours(int network_namespace) {
    struct stat theirs, ours;
    return fstat(network_namespace, &theirs) == 0 && stat("/proc/thread-self/ns/net", &ours) == 0 &&
           theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

// A namespace is a thread's: a thread of its own enters it, and the socket that it makes stays
// there.
int open_socket_in(int network_namespace) {
    int made = -1, problem = 0;
    std::thread([&] {
        if (setns(network_namespace, CLONE_NEWNET) == 0)
            made = open_socket();
        problem = errno;
    }).join();
    errno = problem;
    return made;
}

ifreq request(const std::string& name) {
    ifreq ask{};
    name.copy(ask.ifr_name, IFNAMSIZ - 1);
    return ask;
}

Result<> control(int socket, unsigned long what, ifreq& ask, const char* doing) {
    if (ioctl(socket, what, &ask) == 0)
        return {};
    ErrorKind kind = errno == ENODEV ? ErrorKind::not_found : ErrorKind::unavailable;
    return fail(kind, "{} of netdev {}: {}", doing, ask.ifr_name, std::strerror(errno));
}

// By errno; a process that has no descriptor left for the question does not know.
template <class... Named>
tl::unexpected<Error> not_there(fmt::format_string<Named...> text, Named&&... named) {
    if (errno == ENODEV || errno == ENXIO)
        return fail(ErrorKind::not_found, text, std::forward<Named>(named)...);
    return fail(ErrorKind::unavailable, "asking for a netdev: {}", std::strerror(errno));
}

} // namespace

bool is_gone(const Result<Netdev>& device) {
    return !device && device.error().kind == ErrorKind::not_found;
}

Result<Netdev> Netdev::named(const std::string& name) {
    if (if_nametoindex(name.c_str()) == 0)
        return not_there("there is no netdev {}", name);
    int socket = open_socket();
    if (socket < 0)
        return fail(ErrorKind::unavailable, "netdev {}: {}", name, std::strerror(errno));
    return Netdev(socket, name);
}

Result<Netdev> Netdev::indexed(unsigned ifindex) {
    char name[IF_NAMESIZE];
    if (!if_indextoname(ifindex, name))
        return not_there("there is no netdev with index {}", ifindex);
    return named(name);
}

Result<Netdev> Netdev::of_tap(int tun) {
    ifreq ask{};
    if (ioctl(tun, TUNGETIFF, &ask) != 0)
        return fail(ErrorKind::not_found, "the netdev was deleted");
    int network_namespace = ioctl(tun, TUNGETDEVNETNS);
    if (network_namespace < 0 && (errno == EMFILE || errno == ENFILE))
        return fail(ErrorKind::unavailable, "the namespace of netdev {}: {}", ask.ifr_name,
                    std::strerror(errno));
    int socket = network_namespace < 0 || is_ours(network_namespace)
                     ? open_socket()
                     : open_socket_in(network_namespace);
    int problem = errno;
    if (network_namespace >= 0)
        close(network_namespace);
    if (socket < 0)
        return fail(ErrorKind::unavailable, "the namespace of netdev {}: {}", ask.ifr_name,
                    std::strerror(problem));
    return Netdev(socket, ask.ifr_name);
}

Netdev::~Netdev() {
    if (socket_ >= 0)
        close(socket_);
}

Netdev::Netdev(Netdev&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), name_(std::move(other.name_)) {}

Result<unsigned> Netdev::mtu() const {
    ifreq ask = request(name_);
    return control(socket_, SIOCGIFMTU, ask, "the MTU").map([&] {
        return static_cast<unsigned>(ask.ifr_mtu);
    });
}

Result<> Netdev::set_mtu(unsigned mtu) const {
    ifreq ask = request(name_);
    ask.ifr_mtu = static_cast<int>(mtu);
    if (auto set = control(socket_, SIOCSIFMTU, ask, "setting the MTU"); !set)
        return set;
    auto now = this->mtu();
    if (!now)
        return tl::unexpected(now.error());
    if (*now != mtu)
        return fail(ErrorKind::unavailable, "netdev {} has MTU {} after setting {}", name_, *now,
                    mtu);
    return {};
}

Result<MacAddr> Netdev::mac() const {
    ifreq ask = request(name_);
    return control(socket_, SIOCGIFHWADDR, ask, "the MAC").map([&] {
        MacAddr mac;
        std::memcpy(mac.bytes.data(), ask.ifr_hwaddr.sa_data, mac.bytes.size());
        return mac;
    });
}

Result<> Netdev::set_mac(MacAddr mac) const {
    ifreq ask = request(name_);
    ask.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    std::memcpy(ask.ifr_hwaddr.sa_data, mac.bytes.data(), mac.bytes.size());
    return control(socket_, SIOCSIFHWADDR, ask, "setting the MAC");
}

Result<unsigned> Netdev::flags() const {
    ifreq ask = request(name_);
    return control(socket_, SIOCGIFFLAGS, ask, "the flags").map([&] {
        return static_cast<unsigned>(static_cast<unsigned short>(ask.ifr_flags));
    });
}

Result<> Netdev::set_up() const {
    ifreq ask = request(name_);
    if (auto read = control(socket_, SIOCGIFFLAGS, ask, "the flags"); !read)
        return read;
    ask.ifr_flags = static_cast<short>(ask.ifr_flags | IFF_UP);
    return control(socket_, SIOCSIFFLAGS, ask, "bringing up");
}

Result<unsigned> Netdev::index() const {
    ifreq ask = request(name_);
    return control(socket_, SIOCGIFINDEX, ask, "the index").map([&] {
        return static_cast<unsigned>(ask.ifr_ifindex);
    });
}

} // namespace ringfence::ports
