#include "dataplane/ports/system.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <rte_mbuf.h>

#include "dataplane/ports/frame_size.h"
#include "dataplane/ports/host_guard.h"
#include "dataplane/ports/netdev_port.h"
#include "dataplane/ports/offload.h"

namespace ringfence::ports {

namespace {

constexpr size_t largest = 65536 + ethernet_header + 2 * vlan_tag; // that a kernel's stack hands on
constexpr int receive_buffer = 8 << 20;                            // of the socket, bytes

// What the kernel puts before a frame (virtio 1.1, 5.1.6; PACKET_VNET_HDR). The kernel's own header
// of it is not C++.
struct VirtioHeader {
    static constexpr uint8_t needs_checksum = 1;             // flags
    static constexpr uint8_t no_gso = 0, tcp4 = 1, tcp6 = 4, // gso_type
        udp = 5, with_ecn = 0x80;
    uint8_t flags = 0, gso_type = no_gso;
    uint16_t header_length = 0, gso_size = 0, checksum_start = 0, checksum_offset = 0;
};
static_assert(sizeof(VirtioHeader) == 10);

// What a frame came with. The kernel takes its VLAN tag out, and tells it beside it.
struct Arrival {
    size_t length = 0; // 0: none waits
    VirtioHeader header{};
    std::optional<uint16_t> tag;
    uint16_t tag_type = ETH_P_8021Q;
};

class SystemPort final : public NetdevPort {
public:
    SystemPort(const PortSettings& settings, const MbufPool& pool, int socket, unsigned ifindex)
        : NetdevPort(settings, pool, 0), socket_(socket), ifindex_(ifindex), bytes_(largest) {}
    ~SystemPort() override { close(socket_); }

    [[nodiscard]] Result<> configure(const PortSettings& settings);

    uint16_t receive(rte_mbuf** frames, uint16_t room) override;
    uint16_t transmit(rte_mbuf** frames, uint16_t count) override;
    int wake_fd() const override { return socket_; }
    bool has_more() const override { return large_.has_value(); }

    std::string driver() const override { return "packet_socket"; }
    PortStatistics statistics() const override;
    std::optional<unsigned> ifindex() const override { return ifindex_; }
    std::optional<std::string> trouble() const override;

private:
    Result<Netdev> netdev() const override { return Netdev::indexed(ifindex_); }
    enum class Taken { frame, nothing, refused, no_buffer };
    Arrival read_frame();
    Taken take_frame(rte_mbuf*& frame);
    Taken take_segment(rte_mbuf*& frame); // the next one of large_
    std::optional<LargeFrame> large_frame(std::span<const uint8_t> frame,
                                          const VirtioHeader& header) const;
    rte_mbuf* buffer_of(size_t length);
    enum class Written { yes, never, not_now };
    Written write_frame(const rte_mbuf* frame);

    int socket_;
    unsigned ifindex_;
    // The owner worker's: where a frame is read to, and the large one that lies there, of which
    // some segments are not made yet.
    std::vector<uint8_t> bytes_;
    std::optional<LargeFrame> large_;
    size_t next_segment_ = 0;
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

// At most `room` frames are read, good or bad: whoever sends bad ones gets no more of the worker.
uint16_t SystemPort::receive(rte_mbuf** frames, uint16_t room) {
    uint16_t count = 0;
    uint64_t bytes = 0;
    for (uint16_t turn = 0; turn < room; ++turn) {
        Taken taken = large_ ? take_segment(frames[count]) : take_frame(frames[count]);
        if (taken == Taken::nothing || taken == Taken::no_buffer)
            break;
        if (taken == Taken::frame)
            bytes += frames[count++]->pkt_len;
        else
            rx_errors_.add(1);
    }
    if (count > 0) {
        rx_packets_.add(count);
        rx_bytes_.add(bytes);
    }
    return count;
}

Arrival SystemPort::read_frame() {
    Arrival arrival;
    iovec parts[] = {{&arrival.header, sizeof arrival.header}, {bytes_.data(), bytes_.size()}};
    alignas(cmsghdr) char beside[CMSG_SPACE(sizeof(tpacket_auxdata))];
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    message.msg_control = beside;
    message.msg_controllen = sizeof beside;
    ssize_t length = recvmsg(socket_, &message, MSG_DONTWAIT);
    if (length <= static_cast<ssize_t>(sizeof arrival.header))
        return arrival;
    arrival.length = static_cast<size_t>(length) - sizeof arrival.header;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA)
            continue;
        tpacket_auxdata about;
        std::memcpy(&about, CMSG_DATA(part), sizeof about);
        if (about.tp_status & TP_STATUS_VLAN_VALID)
            arrival.tag = about.tp_vlan_tci;
        if (about.tp_status & TP_STATUS_VLAN_TPID_VALID)
            arrival.tag_type = about.tp_vlan_tpid;
    }
    return arrival;
}

SystemPort::Taken SystemPort::take_frame(rte_mbuf*& taken) {
    constexpr size_t macs = 12;
    Arrival arrival = read_frame();
    size_t length = arrival.length;
    VirtioHeader& header = arrival.header;
    if (length == 0)
        return Taken::nothing;
    if (length < ethernet_header || length + vlan_tag > bytes_.size())
        return Taken::refused;
    if (arrival.tag) { // back to where it was
        std::memmove(&bytes_[macs + vlan_tag], &bytes_[macs], length - macs);
        const uint16_t tag[] = {__builtin_bswap16(arrival.tag_type),
                                __builtin_bswap16(*arrival.tag)};
        std::memcpy(&bytes_[macs], tag, sizeof tag);
        length += vlan_tag;
        header.checksum_start = static_cast<uint16_t>(header.checksum_start + vlan_tag);
    }
    std::span<uint8_t> frame(bytes_.data(), length);
    if (header.gso_type != VirtioHeader::no_gso) {
        large_ = large_frame(frame, header);
        next_segment_ = 0;
        return large_ ? take_segment(taken) : Taken::refused;
    }
    bool begun = header.flags & VirtioHeader::needs_checksum;
    if (length > largest_frame(max_mtu_) ||
        (begun && !finish_checksum(frame, header.checksum_start, header.checksum_offset)))
        return Taken::refused;
    taken = buffer_of(length);
    if (!taken)
        return Taken::no_buffer;
    std::memcpy(rte_pktmbuf_mtod(taken, uint8_t*), frame.data(), length);
    return Taken::frame;
}

// Where no buffer is free, the rest of it is lost.
SystemPort::Taken SystemPort::take_segment(rte_mbuf*& taken) {
    taken = buffer_of(large_->length(next_segment_));
    if (!taken) {
        large_.reset();
        return Taken::no_buffer;
    }
    large_->write(next_segment_, rte_pktmbuf_mtod(taken, uint8_t*));
    if (++next_segment_ == large_->count())
        large_.reset();
    return Taken::frame;
}

// None where it is none that we carry.
std::optional<LargeFrame> SystemPort::large_frame(std::span<const uint8_t> frame,
                                                  const VirtioHeader& header) const {
    constexpr uint16_t smallest_segment = 48; // of Linux's TCP, whatever its peer asks for
    std::optional<LargeFrame> large;
    if (header.gso_size < smallest_segment)
        return large;
    switch (header.gso_type & ~VirtioHeader::with_ecn) {
    case VirtioHeader::tcp4:
    case VirtioHeader::tcp6:
        large = LargeFrame::of(frame, LargeFrame::Kind::tcp, header.gso_size);
        break;
    case VirtioHeader::udp:
        large = LargeFrame::of(frame, LargeFrame::Kind::udp, header.gso_size);
        break;
    default: // fragments of UDP: nobody offers that any more
        break;
    }
    return large && large->longest() <= largest_frame(max_mtu_) ? large : std::nullopt;
}

// None where none is free, which is counted. A buffer carries the largest frame.
rte_mbuf* SystemPort::buffer_of(size_t length) {
    rte_mbuf* buffer = rte_pktmbuf_alloc(pool_);
    if (buffer && rte_pktmbuf_append(buffer, static_cast<uint16_t>(length)))
        return buffer;
    rte_pktmbuf_free(buffer);
    rx_missed_.add(1);
    return nullptr;
}

// A frame that can't be sent at all is lost alone, and counted; the others go on.
uint16_t SystemPort::transmit(rte_mbuf** frames, uint16_t count) {
    uint16_t done = 0;
    uint64_t packets = 0, bytes = 0, errors = 0;
    for (; done < count; ++done) {
        Written written = write_frame(frames[done]);
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

SystemPort::Written SystemPort::write_frame(const rte_mbuf* frame) {
    VirtioHeader whole{}; // checksums and all
    iovec parts[1 + most_segments] = {{&whole, sizeof whole}};
    size_t used = gather(frame, std::span(parts).subspan(1));
    if (used == 0)
        return Written::never;
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 1 + used;
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
    if (if_nametoindex(name().c_str()) != ifindex_)
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
