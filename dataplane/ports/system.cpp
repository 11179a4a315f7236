#include "dataplane/ports/system.h"

#include <cerrno>
#include <cstring>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "dataplane/ports/frame_size.h"
#include "dataplane/ports/host_guard.h"
#include "dataplane/ports/netdev_port.h"

namespace ringfence::ports {

namespace {

constexpr int receive_buffer = 8 << 20; // of the socket, bytes

class SystemPort final : public NetdevPort {
public:
    SystemPort(const PortSettings& settings, const MbufPool& pool, int socket, unsigned ifindex)
        : NetdevPort(settings, pool, 0, true), socket_(socket), ifindex_(ifindex) {}
    ~SystemPort() override { close(socket_); }

    [[nodiscard]] Result<> configure(const PortSettings& settings);

    int wake_fd() const override { return socket_; }

    std::string driver() const override { return "packet_socket"; }
    PortStatistics statistics() const override;
    std::optional<unsigned> ifindex() const override { return ifindex_; }
    std::optional<std::string> trouble() const override;

private:
    Result<Netdev> netdev() const override { return Netdev::indexed(ifindex_); }
    size_t read(std::span<iovec> parts) override;
    bool complete(rte_mbuf& frame, VirtioHeader& header) override;
    Written write(std::span<iovec> parts, size_t bytes) override;

    // The kernel takes a frame's VLAN tag out, and tells it beside it.
    struct Tag {
        uint16_t type, control;
    };

    int socket_;
    unsigned ifindex_;
    std::optional<Tag> tag_;    // the owner worker's: of the frame that was read last
    mutable uint64_t lost_ = 0; // the control thread's: by the socket, as it said so far
};

Result<> SystemPort::configure(const PortSettings& settings) {
    if (settings.mac)
        if (auto set = set_mac(*settings.mac); !set)
            return set;
    if (settings.mtu)
        if (auto set = set_mtu(*settings.mtu); !set)
            return set;
    if (mtu() > max_mtu_)
        return fail("it has MTU {}, and ports carry at most {}: ask for a smaller one "
                    "(mtu_request), or raise other_config:ringfence-max-mtu",
                    mtu(), max_mtu_);
    return netdev().and_then([](const Netdev& device) { return device.set_up(); });
}

size_t SystemPort::read(std::span<iovec> parts) {
    alignas(cmsghdr) char beside[CMSG_SPACE(sizeof(tpacket_auxdata))];
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    message.msg_control = beside;
    message.msg_controllen = sizeof beside;
    const ssize_t length = recvmsg(socket_, &message, MSG_DONTWAIT);
    tag_.reset();
    for (cmsghdr* part = length > 0 ? CMSG_FIRSTHDR(&message) : nullptr; part;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA)
            continue;
        tpacket_auxdata about;
        std::memcpy(&about, CMSG_DATA(part), sizeof about);
        if (about.tp_status & TP_STATUS_VLAN_VALID)
            tag_ = {ETH_P_8021Q, about.tp_vlan_tci};
        if (tag_ && about.tp_status & TP_STATUS_VLAN_TPID_VALID)
            tag_->type = about.tp_vlan_tpid;
    }
    return length > 0 ? static_cast<size_t>(length) : 0;
}

bool SystemPort::complete(rte_mbuf& frame, VirtioHeader& header) {
    constexpr size_t macs = 12;
    if (frame.data_len < ethernet_header)
        return false;
    if (!tag_)
        return true;
    char* begin = rte_pktmbuf_prepend(&frame, vlan_tag);
    if (!begin)
        return false;
    std::memmove(begin, begin + vlan_tag, macs);
    const uint16_t tag[] = {__builtin_bswap16(tag_->type), __builtin_bswap16(tag_->control)};
    std::memcpy(begin + macs, tag, sizeof tag);
    header.checksum_start = static_cast<uint16_t>(header.checksum_start + vlan_tag);
    return true;
}

SystemPort::Written SystemPort::write(std::span<iovec> parts, size_t) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    if (sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return Written::yes;
    return errno == EMSGSIZE || errno == EINVAL ? Written::never : Written::not_now;
}

// With what the socket lost, which starts at 0 again whenever it is asked.
PortStatistics SystemPort::statistics() const {
    tpacket_stats lost{};
    socklen_t size = sizeof lost;
    if (getsockopt(socket_, SOL_PACKET, PACKET_STATISTICS, &lost, &size) == 0)
        lost_ += lost.tp_drops;
    PortStatistics s = NetdevPort::statistics();
    s.rx_missed += lost_;
    return s;
}

// By index: another netdev may have taken its name.
std::optional<std::string> SystemPort::trouble() const {
    const unsigned now = if_nametoindex(name().c_str());
    if (now == 0 && errno != ENODEV && errno != ENXIO)
        return std::nullopt; // no descriptor is left to ask with
    if (now != ifindex_)
        return fmt::format("its netdev {} was deleted", name());
    return std::nullopt;
}

// bypass: what is sent meets neither the host's filters nor its tools.
Result<int> open_socket(unsigned ifindex, bool bypass) {
    int socket = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0)
        return fail(ErrorKind::unavailable, "a packet socket: {}", std::strerror(errno));
    struct Option {
        int level, name, value;
    };
    bool set = true;
    for (const Option& option :
         {Option{SOL_PACKET, PACKET_VNET_HDR, 1}, Option{SOL_PACKET, PACKET_AUXDATA, 1},
          Option{SOL_PACKET, PACKET_IGNORE_OUTGOING, 1},
          Option{SOL_PACKET, PACKET_QDISC_BYPASS, bypass},
          Option{SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer}})
        set = set && setsockopt(socket, option.level, option.name, &option.value,
                                sizeof option.value) == 0;
    packet_mreq everything{};
    everything.mr_ifindex = static_cast<int>(ifindex);
    everything.mr_type = PACKET_MR_PROMISC;
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = __builtin_bswap16(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(ifindex);
    if (set &&
        setsockopt(socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &everything, sizeof everything) ==
            0 &&
        bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0)
        return socket;
    int problem = errno;
    close(socket);
    return fail(ErrorKind::unavailable, "its packet socket: {}", std::strerror(problem));
}

} // namespace

Result<std::shared_ptr<Port>> open_system(const PortSettings& settings, const MbufPool& pool) {
    auto context = [&](Error error) { return error.in(fmt::format("port {}", settings.name)); };
    auto index =
        Netdev::named(settings.name).and_then([](const Netdev& netdev) { return netdev.index(); });
    if (!index)
        return tl::unexpected(context(index.error()));
    if (settings.shown_to_host)
        give_back_to_host(*index);
    else if (auto guarded = guard_from_host(*index); !guarded) // before anything of it is read
        return tl::unexpected(context(guarded.error()));
    auto socket = open_socket(*index, !settings.shown_to_host);
    if (!socket)
        return tl::unexpected(context(socket.error()));
    auto port = std::make_shared<SystemPort>(settings, pool, *socket, *index);
    if (auto configured = port->configure(settings); !configured)
        return tl::unexpected(context(configured.error()));
    return port;
}

} // namespace ringfence::ports
