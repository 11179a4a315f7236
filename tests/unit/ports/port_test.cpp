// Every kind of port against the kernel or another DPDK device: frames, limits, errors, and that
// nothing is left when it closes.
#include "dataplane/ports/port.h"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <rte_mbuf.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/ports/host_guard.h"
#include "tests/unit/ports/private_network.h"

namespace ringfence::ports {
namespace {

using test::numbered_frame;
using test::RawSocket;
using test::run;
using test::wait_until;

class Ports : public testing::Test {
protected:
    Ports() : pool_(std::move(MbufPool::create({.count = 4095, .max_mtu = 2000}).value())) {}
    // Whatever a test does, every buffer is back when its ports are closed.
    ~Ports() override { EXPECT_EQ(pool_.available(), pool_.count()); }

    Result<std::shared_ptr<Port>> open(PortSettings settings) {
        return Port::open(settings, pool_);
    }
    std::shared_ptr<Port> opened(PortSettings settings) {
        auto port = open(settings);
        EXPECT_TRUE(port) << port.error().text;
        return port.value_or(nullptr);
    }
    static PortSettings tap(const std::string& name) {
        return {.name = name, .kind = PortKind::tap};
    }
    static PortSettings device(const std::string& devargs) {
        return {.name = "dev", .kind = PortKind::device, .argument = devargs};
    }
    std::string error_of(PortSettings settings) {
        auto port = open(settings);
        return port ? "" : port.error().text;
    }

    bool send(Port& port, const test::Frame& bytes) {
        rte_mbuf* frame = rte_pktmbuf_alloc(pool_.get());
        std::memcpy(rte_pktmbuf_append(frame, static_cast<uint16_t>(bytes.size())), bytes.data(),
                    bytes.size());
        if (port.transmit(&frame, 1) == 1)
            return true;
        rte_pktmbuf_free(frame);
        return false;
    }
    // The next numbered frame that the port receives; nullopt when none comes.
    std::optional<test::Frame> receive(Port& port,
                                       std::chrono::milliseconds limit = std::chrono::seconds(5)) {
        std::optional<test::Frame> got;
        wait_until(
            [&] {
                rte_mbuf* frame;
                while (!got && port.receive(&frame, 1) == 1) {
                    auto* bytes = rte_pktmbuf_mtod(frame, const uint8_t*);
                    if (test::number_of(bytes, frame->data_len))
                        got.emplace(bytes, bytes + frame->data_len);
                    rte_pktmbuf_free(frame);
                }
                return got.has_value();
            },
            limit);
        return got;
    }
    MbufPool pool_;
};

// Makes a tap that stays, of which each frame has a header of that size, and lets go of it.
bool hold_once(const char* name, int header) {
    const int tun = ::open("/dev/net/tun", O_RDWR);
    ifreq ask{};
    std::strncpy(ask.ifr_name, name, IFNAMSIZ - 1);
    ask.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    const bool held = ioctl(tun, TUNSETIFF, &ask) == 0 &&
                      ioctl(tun, TUNSETVNETHDRSZ, &header) == 0 &&
                      ioctl(tun, TUNSETPERSIST, 1) == 0;
    close(tun);
    return held;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST_F(Ports, TapCarriesFramesBothWays) {
    auto port = opened(tap("t-both"));
    RawSocket kernel("t-both");
    ASSERT_TRUE(kernel.valid());
    for (size_t length : {60u, 61u, 1000u, 1514u}) {
        test::Frame frame = numbered_frame(static_cast<uint32_t>(length), length);
        ASSERT_TRUE(kernel.send(frame));
        EXPECT_EQ(receive(*port), frame);
        ASSERT_TRUE(send(*port, frame));
        std::optional<test::Frame> got;
        ASSERT_TRUE(wait_until([&] { return (got = kernel.receive()).has_value(); }));
        EXPECT_EQ(*got, frame);
    }
    EXPECT_EQ(port->statistics().tx_packets, 4u);
    EXPECT_GE(port->statistics().rx_packets, 4u);
}

TEST_F(Ports, TapSendsAFrameOfSeveralSegmentsWhole) {
    auto port = opened(tap("t-segments"));
    RawSocket kernel("t-segments");
    test::Frame frame = numbered_frame(5, 900);
    rte_mbuf* head = rte_pktmbuf_alloc(pool_.get());
    rte_mbuf* tail = rte_pktmbuf_alloc(pool_.get());
    std::memcpy(rte_pktmbuf_append(head, 20), frame.data(), 20);
    std::memcpy(rte_pktmbuf_append(tail, 880), frame.data() + 20, 880);
    ASSERT_EQ(rte_pktmbuf_chain(head, tail), 0);
    ASSERT_EQ(port->transmit(&head, 1), 1);
    std::optional<test::Frame> got;
    ASSERT_TRUE(wait_until([&] { return (got = kernel.receive()).has_value(); }));
    EXPECT_EQ(*got, frame);
}

TEST_F(Ports, TapHasTheMacAndMtuThatWereAskedFor) {
    PortSettings settings = tap("t-set");
    settings.mac = MacAddr::from_u64(0x020000000017);
    settings.mtu = 1450;
    auto port = opened(settings);
    EXPECT_EQ(port->mac(), *settings.mac);
    EXPECT_EQ(port->mtu(), 1450u);
    EXPECT_TRUE(run("ip link show t-set | grep -q 'mtu 1450'"));
    EXPECT_TRUE(run("ip link show t-set | grep -q 02:00:00:00:00:17"));
    EXPECT_EQ(port->ifindex(), if_nametoindex("t-set"));
    EXPECT_TRUE(port->link().up);
    EXPECT_TRUE(port->link().admin_up);
    ASSERT_TRUE(run("ip link set t-set down"));
    EXPECT_FALSE(port->link().admin_up);
    EXPECT_FALSE(port->link().up);
}

TEST_F(Ports, TapGoesWithThePort) {
    auto port = opened(tap("t-gone"));
    EXPECT_NE(if_nametoindex("t-gone"), 0u);
    port.reset();
    EXPECT_EQ(if_nametoindex("t-gone"), 0u);
}

TEST_F(Ports, MtuOutsideTheRangeNamesTheMaximum) {
    auto port = opened(tap("t-mtu"));
    EXPECT_EQ(port->max_mtu(), 2000u);
    EXPECT_TRUE(port->set_mtu(2000));
    EXPECT_TRUE(port->set_mtu(68));
    for (unsigned mtu : {0u, 67u, 2001u, 9000u, 70000u}) {
        auto refused = port->set_mtu(mtu);
        ASSERT_FALSE(refused);
        EXPECT_TRUE(has(refused.error().text, "it carries 68 to 2000")) << refused.error().text;
    }
    EXPECT_EQ(port->mtu(), 68u);
}

TEST_F(Ports, TapCarriesTheLargestFrameOfItsMaximumAndCountsALongerOneAsError) {
    auto port = opened(tap("t-long"));
    ASSERT_TRUE(port->set_mtu(2000));
    RawSocket kernel("t-long");
    ASSERT_TRUE(kernel.send(numbered_frame(1, 2014)));
    EXPECT_EQ(receive(*port), numbered_frame(1, 2014));
    ASSERT_TRUE(run("ip link set t-long mtu 9000")); // behind our back
    ASSERT_TRUE(kernel.send(numbered_frame(2, 5000)));
    ASSERT_TRUE(kernel.send(numbered_frame(3, 100)));
    EXPECT_EQ(receive(*port), numbered_frame(3, 100));
    EXPECT_EQ(port->statistics().rx_errors, 1u);
}

TEST_F(Ports, TapIsFoundInTheNamespaceThatItWasMovedTo) {
    std::string other = fmt::format("rfports-{}", getpid());
    auto port = opened(tap("t-moved"));
    ASSERT_TRUE(run("ip netns add " + other));
    EXPECT_TRUE(run(fmt::format(
        "ip link set t-moved netns {0} name eth0 && ip -n {0} link set eth0 up", other)));
    EXPECT_TRUE(port->set_mtu(1400));
    EXPECT_TRUE(run(fmt::format("ip -n {} link show eth0 | grep -q 'mtu 1400'", other)));
    EXPECT_EQ(port->mtu(), 1400u);
    EXPECT_TRUE(port->link().up);
    EXPECT_FALSE(port->trouble());
    ASSERT_TRUE(run("ip netns del " + other)); // takes the tap with it
    EXPECT_TRUE(wait_until([&] { return port->trouble().has_value(); }));
    EXPECT_FALSE(send(*port, numbered_frame(1)));
    EXPECT_FALSE(receive(*port, std::chrono::milliseconds(10)));
    EXPECT_FALSE(port->link().up);
    EXPECT_FALSE(port->set_mtu(1300));
}

TEST_F(Ports, TapThatIsDownTakesNothing) {
    auto port = opened(tap("t-down"));
    ASSERT_TRUE(run("ip link set t-down down"));
    EXPECT_FALSE(send(*port, numbered_frame(1)));
    EXPECT_FALSE(port->trouble());
}

TEST_F(Ports, TapOfABadNameIsRefused) {
    for (const char* name : {"", "sixteen-letters-", "a/b", "a b", ".", "..", "a%d", "a:b"})
        EXPECT_TRUE(has(error_of(tap(name)), "cannot be the name of a netdev")) << name;
}

TEST_F(Ports, TapOfATakenNameIsRefused) {
    auto port = opened(tap("t-twice"));
    EXPECT_TRUE(has(error_of(tap("t-twice")), "is there already"));
    EXPECT_TRUE(has(error_of(tap("lo")), "is there already"));
}

TEST_F(Ports, APersistentTapIsTakenAndStays) {
    ASSERT_TRUE(run("ip tuntap add dev t-stays mode tap && ip addr add 192.0.2.7/24 dev t-stays"));
    for (int i = 0; i < 2; ++i)
        EXPECT_TRUE(opened(tap("t-stays"))->link().admin_up);
    EXPECT_TRUE(run("ip addr show dev t-stays | grep -q 192.0.2.7"));
    EXPECT_TRUE(run("ip tuntap del dev t-stays mode tap"));
}

// As QEMU leaves it.
TEST_F(Ports, APersistentTapWhoseHeaderHadAnotherSizeCarriesFramesBothWays) {
    ASSERT_TRUE(hold_once("t-held", 12));
    auto port = opened(tap("t-held"));
    RawSocket kernel("t-held");
    ASSERT_TRUE(kernel.send(numbered_frame(1, 100)));
    EXPECT_EQ(receive(*port), numbered_frame(1, 100));
    ASSERT_TRUE(send(*port, numbered_frame(2, 100)));
    std::optional<test::Frame> got;
    ASSERT_TRUE(wait_until([&] { return (got = kernel.receive()).has_value(); }));
    EXPECT_EQ(*got, numbered_frame(2, 100));
    port.reset();
    EXPECT_TRUE(run("ip tuntap del dev t-held mode tap"));
}

TEST_F(Ports, TapReadsOrdinaryFramesWhereBuffersAreFew) {
    auto port = opened(tap("t-few"));
    RawSocket kernel("t-few");
    const unsigned count = pool_.available() - 3;
    std::vector<rte_mbuf*> others(count);
    ASSERT_EQ(rte_pktmbuf_alloc_bulk(pool_.get(), others.data(), count), 0);
    for (uint32_t number : {1u, 2u}) {
        ASSERT_TRUE(kernel.send(numbered_frame(number, 1514)));
        EXPECT_EQ(receive(*port), numbered_frame(number, 1514));
    }
    rte_pktmbuf_free_bulk(others.data(), count);
    EXPECT_EQ(port->statistics().rx_missed, 0u);
}

TEST_F(Ports, AfPacketCarriesFramesOfAVethBothWays) {
    ASSERT_TRUE(
        run("ip link add v-a type veth peer v-b && ip link set v-a up && ip link set v-b up"));
    auto port = opened(device("net_af_packet_a,iface=v-a"));
    RawSocket far("v-b");
    ASSERT_TRUE(far.send(numbered_frame(7, 1200)));
    EXPECT_EQ(receive(*port), numbered_frame(7, 1200));
    ASSERT_TRUE(send(*port, numbered_frame(8, 1300)));
    std::optional<test::Frame> got;
    ASSERT_TRUE(wait_until([&] { return (got = far.receive()).has_value(); }));
    EXPECT_EQ(*got, numbered_frame(8, 1300));
    EXPECT_TRUE(port->link().up);
    EXPECT_EQ(port->mtu(), 1500u);
    port.reset();
    EXPECT_TRUE(run("ip link del v-a"));
}

TEST_F(Ports, AfPacketFollowsItsNetdev) {
    ASSERT_TRUE(
        run("ip link add v-c type veth peer v-d && ip link set v-c up && ip link set v-d up"));
    auto port = opened(device("net_af_packet_c,iface=v-c"));
    EXPECT_TRUE(port->set_mtu(1900));
    EXPECT_TRUE(run("ip link show v-c | grep -q 'mtu 1900'"));
    auto refused = port->set_mtu(1947);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(has(refused.error().text, "it carries 68 to 1946")) << refused.error().text;
    ASSERT_TRUE(run("ip link set v-d mtu 1946 && ip link set v-c mtu 1946"));
    RawSocket far("v-d");
    ASSERT_TRUE(far.send(numbered_frame(9, 1960)));
    EXPECT_EQ(receive(*port), numbered_frame(9, 1960));
    ASSERT_TRUE(run("ip link set v-d down"));
    EXPECT_TRUE(wait_until([&] { return !port->link().up; }));
    ASSERT_TRUE(run("ip link del v-c"));
    EXPECT_TRUE(wait_until([&] { return port->trouble().has_value(); }));
    EXPECT_FALSE(receive(*port, std::chrono::milliseconds(10)));
}

TEST_F(Ports, AfPacketOnANetdevOfALargerMtuIsRefused) {
    ASSERT_TRUE(run("ip link add v-e mtu 9000 type veth peer v-f && ip link set v-e up"));
    std::string error = error_of(device("net_af_packet_e,iface=v-e"));
    EXPECT_TRUE(has(error, "has MTU 9000") && has(error, "at most 1946")) << error;
    EXPECT_TRUE(run("ip link del v-e"));
}

TEST_F(Ports, RingGivesBackWhatItWasSent) {
    auto port = opened(device("net_ring_one"));
    ASSERT_TRUE(send(*port, numbered_frame(11)));
    EXPECT_EQ(receive(*port), numbered_frame(11));
    ASSERT_TRUE(send(*port, numbered_frame(12))); // closes with it inside
    EXPECT_TRUE(port->set_mtu(1900));
    EXPECT_EQ(port->mtu(), 1900u);
}

TEST_F(Ports, PcapWritesWhatItIsSent) {
    auto file = std::filesystem::temp_directory_path() / fmt::format("rfports-{}.pcap", getpid());
    {
        auto port = opened(device(fmt::format("net_pcap_one,tx_pcap={}", file.string())));
        ASSERT_TRUE(send(*port, numbered_frame(13)));
    }
    EXPECT_EQ(std::filesystem::file_size(file), 24u + 16u + 60u); // headers of file and record
    std::filesystem::remove(file);
}

TEST_F(Ports, ADeviceCanBeOpenedAgainAfterItWasClosed) {
    for (int i = 0; i < 20; ++i) {
        auto port = opened(device("net_null_again,size=64"));
        EXPECT_EQ(port->driver(), "net_null");
        rte_mbuf* frames[8];
        EXPECT_EQ(port->receive(frames, 8), 8);
        rte_pktmbuf_free_bulk(frames, 8);
    }
}

TEST_F(Ports, ADeviceOpensOnce) {
    auto port = opened(device("net_null_once"));
    EXPECT_TRUE(has(error_of(device("net_null_once")), "is another port's already"));
}

TEST_F(Ports, ABadDeviceIsAnErrorInWords) {
    EXPECT_TRUE(has(error_of(device("")), "options:dpdk-devargs is missing"));
    EXPECT_TRUE(has(error_of(device("nonsense")), "names no DPDK device"));
    EXPECT_TRUE(has(error_of(device("0000:ff:1f.7")), "does not attach"));
    EXPECT_TRUE(has(error_of(device("net_nosuchdriver0")), "DPDK device"));
    EXPECT_TRUE(has(error_of(device("net_af_packet_x,iface=nosuch")), "does not attach"));
    EXPECT_TRUE(has(error_of(device("net_af_packet_x")), "does not attach"));
    EXPECT_TRUE(has(error_of(device("net_null_x,size=64,nosuch=1")), "does not attach"));
    EXPECT_TRUE(has(error_of(device("crypto_null_x")), "is not a network device"));
    opened(device("net_null_x,size=64")); // the name is free again
}

TEST_F(Ports, VhostUserClientWaitsForItsSocket) {
    auto path = fmt::format("/tmp/rfports-{}.sock", getpid());
    auto port = opened({.name = "vhost", .kind = PortKind::vhost_user_client, .argument = path});
    EXPECT_EQ(port->driver(), "net_vhost");
    EXPECT_FALSE(port->link().up);
    EXPECT_FALSE(send(*port, numbered_frame(1)));
    EXPECT_FALSE(receive(*port, std::chrono::milliseconds(1)));
    EXPECT_TRUE(port->set_mtu(1450));
    EXPECT_EQ(port->mtu(), 1450u);
}

TEST_F(Ports, VhostUserClientOfABadPathIsRefused) {
    for (std::string path : {std::string(), std::string("relative.sock"),
                             std::string("/a,client=0"), "/" + std::string(200, 'x')})
        EXPECT_NE(
            error_of({.name = "vhost", .kind = PortKind::vhost_user_client, .argument = path}), "");
}

// What a process left that was killed is taken over; what is somebody's is left alone.
TEST_F(Ports, VhostUserListensWhereNobodyElseDoes) {
    auto path = fmt::format("/tmp/rfports-{}.sock", getpid());
    PortSettings settings{.name = "vhost", .kind = PortKind::vhost_user, .argument = path};
    std::ofstream(path) << "a file";
    EXPECT_TRUE(has(error_of(settings), "no socket"));
    std::filesystem::remove(path);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(bind(other, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(other, 1), 0);
    EXPECT_TRUE(has(error_of(settings), "another process listens"));
    close(other); // and the socket's file stays
    auto port = opened(settings);
    EXPECT_TRUE(has(error_of(settings), "another process listens"));
    EXPECT_FALSE(port->link().up);
    port.reset();
    EXPECT_FALSE(std::filesystem::exists(path));
}

// With what its other side's kernel leaves to a network device: test_plugging.py.
TEST_F(Ports, SystemTakesANetdevThatIsThere) {
    PortSettings settings{.name = "cable", .kind = PortKind::system};
    EXPECT_TRUE(has(error_of(settings), "there is no netdev cable"));
    ASSERT_TRUE(run("ip link add cable type veth peer name far && ip link set far up"));
    auto port = opened(settings);
    RawSocket far("far");
    for (size_t length : {60u, 1000u, 1514u}) {
        test::Frame frame = numbered_frame(static_cast<uint32_t>(length), length);
        ASSERT_TRUE(far.send(frame));
        EXPECT_EQ(receive(*port), frame);
        ASSERT_TRUE(send(*port, frame));
        std::optional<test::Frame> got;
        ASSERT_TRUE(wait_until([&] { return (got = far.receive()).has_value(); }));
        EXPECT_EQ(*got, frame);
    }
    test::Frame tagged = numbered_frame(7, 100);
    const uint8_t tag[] = {0x81, 0x00, 0x00, 0x05};
    tagged.insert(tagged.begin() + 12, std::begin(tag), std::end(tag));
    ASSERT_TRUE(far.send(tagged)); // the kernel takes the tag out on the way
    rte_mbuf* arrived = nullptr;
    ASSERT_TRUE(wait_until([&] {
        return port->receive(&arrived, 1) == 1 &&
               (rte_pktmbuf_mtod(arrived, const uint8_t*)[12] == 0x81 ||
                (rte_pktmbuf_free(arrived), false));
    }));
    auto* bytes = rte_pktmbuf_mtod(arrived, const uint8_t*);
    EXPECT_EQ(test::Frame(bytes, bytes + arrived->data_len), tagged);
    rte_pktmbuf_free(arrived);
    EXPECT_EQ(port->trouble(), std::nullopt);
    // The host's kernel is kept out until it is given the netdev back, whoever has it open.
    const std::string guard = "tc filter show dev cable egress | grep -q direct-action";
    port.reset();
    EXPECT_TRUE(run(guard));
    give_back_to_host(if_nametoindex("cable"));
    EXPECT_TRUE(run("! " + guard));
    ASSERT_TRUE(run("tc qdisc del dev cable clsact && tc qdisc add dev cable ingress"));
    EXPECT_TRUE(has(error_of(settings), "in the place of clsact"));
    ASSERT_TRUE(run("tc qdisc del dev cable ingress"));
    port = opened(settings);
    EXPECT_TRUE(run(guard));
    ASSERT_TRUE(run("ip link del cable"));
    EXPECT_EQ(port->trouble(), "its netdev cable was deleted");
    EXPECT_FALSE(send(*port, numbered_frame(3)));
    EXPECT_FALSE(receive(*port, std::chrono::milliseconds(1)));
}

TEST_F(Ports, HundredPortsOpenAndClose) {
    std::vector<std::shared_ptr<Port>> ports;
    for (int i = 0; i < 100; ++i)
        ports.push_back(opened(tap(fmt::format("t{}", i))));
    EXPECT_NE(if_nametoindex("t99"), 0u);
}

} // namespace
} // namespace ringfence::ports
