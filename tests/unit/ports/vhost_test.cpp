// A vhost-user port with a real guest side: virtio-user in another process (dpdk-testpmd), which
// sends back whatever it receives. It listens on the socket, as QEMU does, and may be killed and
// come back.
#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rte_mbuf.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/loop.h"
#include "tests/unit/ports/private_network.h"

namespace ringfence {
namespace {

using namespace std::chrono_literals;
using test::numbered_frame;
using test::wait_until;

constexpr const char* testpmd = "/usr/bin/dpdk-testpmd";

class Guest {
public:
    Guest(const std::string& socket, bool listens) : prefix_(fmt::format("guest-{}", getpid())) {
        if (listens)
            std::filesystem::remove(socket);
        if (pipe2(input_, O_CLOEXEC) != 0)
            return;
        std::string device = fmt::format("--vdev=net_virtio_user0,path={},server={},queues=1",
                                         socket, listens ? 1 : 0);
        child_ = fork();
        if (child_ != 0)
            return;
        int null = open("/dev/null", O_WRONLY);
        dup2(input_[0], STDIN_FILENO); // it runs until somebody presses enter
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execl(testpmd, testpmd, "--no-huge", "-m", "128", "--no-pci", "--no-telemetry",
              "--no-shconf", "--file-prefix", prefix_.c_str(), "-l", "0,1", device.c_str(), "--",
              "--port-topology=loop", "--disable-link-check", "--total-num-mbufs=2048",
              "--no-mlockall", nullptr);
        _exit(127);
    }
    ~Guest() { kill(); }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    void kill() {
        if (child_ <= 0)
            return;
        ::kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
        close(input_[0]);
        close(input_[1]);
        std::filesystem::remove_all("/run/dpdk/" + prefix_);
        child_ = -1;
    }

private:
    std::string prefix_;
    int input_[2] = {-1, -1};
    pid_t child_ = -1;
};

class Vhost : public testing::TestWithParam<ports::PortKind> {
protected:
    Vhost() : pool_(std::move(ports::MbufPool::create({.count = 8191}).value())) {
        port_ = ports::Port::open({.name = "vm", .kind = GetParam(), .argument = socket_}, pool_)
                    .value();
    }
    ~Vhost() override {
        port_.reset();
        std::filesystem::remove(socket_);
        EXPECT_EQ(pool_.available(), pool_.count());
    }
    void SetUp() override {
        if (access(testpmd, X_OK) != 0)
            GTEST_SKIP() << testpmd << " is missing (package dpdk)";
    }

    bool send(uint32_t number) {
        rte_mbuf* frame = rte_pktmbuf_alloc(pool_.get());
        test::Frame bytes = numbered_frame(number, 200);
        std::memcpy(rte_pktmbuf_append(frame, 200), bytes.data(), 200);
        if (port_->transmit(&frame, 1) == 1)
            return true;
        rte_pktmbuf_free(frame);
        return false;
    }
    std::optional<uint32_t> receive() {
        rte_mbuf* frame;
        if (port_->receive(&frame, 1) == 0)
            return std::nullopt;
        auto number = test::number_of(rte_pktmbuf_mtod(frame, uint8_t*), frame->data_len);
        EXPECT_EQ(frame->data_len, 200);
        rte_pktmbuf_free(frame);
        return number;
    }
    // Sends a frame and waits for it to come back; what comes back from before is passed over.
    bool echoes(uint32_t number, std::chrono::milliseconds limit = 5s) {
        return wait_until([&] { return send(number); }, limit) &&
               wait_until([&] { return receive() == number; }, limit);
    }
    // The rings are up before the guest forwards: it resets them once while it starts.
    bool guest_runs() {
        uint32_t number = 1'000'000;
        return wait_until([&] { return port_->link().up; }, 20s) &&
               wait_until([&] { return echoes(++number, 20ms); }, 20s);
    }

    std::string socket_ = fmt::format("/tmp/rfvhost-{}.sock", getpid());
    ports::MbufPool pool_;
    std::shared_ptr<ports::Port> port_;
};

INSTANTIATE_TEST_SUITE_P(, Vhost,
                         testing::Values(ports::PortKind::vhost_user,
                                         ports::PortKind::vhost_user_client),
                         [](const auto& kind) {
                             return kind.param == ports::PortKind::vhost_user ? "WeListen"
                                                                              : "TheGuestListens";
                         });

TEST_P(Vhost, ComesUpWithTheGuestAndAgainAfterTheGuestWasKilled) {
    EXPECT_FALSE(port_->link().up);
    for (uint32_t life = 1; life <= 2; ++life) {
        Guest guest(socket_, GetParam() == ports::PortKind::vhost_user_client);
        ASSERT_TRUE(guest_runs()) << "life " << life;
        for (uint32_t i = 0; i < 20; ++i)
            ASSERT_TRUE(echoes(100 * life + i)) << "life " << life << ", frame " << i;
        guest.kill();
        EXPECT_TRUE(wait_until([&] { return !port_->link().up; }));
    }
    EXPECT_GE(port_->link().resets, 4u);
}

TEST_P(Vhost, ClosesWhileTheGuestRuns) {
    Guest guest(socket_, GetParam() == ports::PortKind::vhost_user_client);
    ASSERT_TRUE(guest_runs());
    port_.reset();
}

TEST_P(Vhost, OneBurstFillsTheGuestsRingAndTheRestStaysOurs) {
    Guest guest(socket_, GetParam() == ports::PortKind::vhost_user_client);
    ASSERT_TRUE(guest_runs());
    // Faster than the guest can take: what does not fit is counted and freed by the loop.
    auto forwarder = std::move(Forwarder::start({}, pool_).value());
    auto source = ports::Port::open(
        {.name = "source", .kind = ports::PortKind::device, .argument = "net_null_s,size=64"},
        pool_);
    ASSERT_TRUE(forwarder->add_port(PortId(1), *source, 0));
    ASSERT_TRUE(forwarder->add_port(PortId(2), port_, 0));
    FabricEdit edit;
    LocalPort uplink(PortId(1), PortKind::uplink), shadow(PortId(2), PortKind::shadow);
    uplink.peer = shadow.id;
    edit.set_port(uplink);
    edit.set_port(shadow);
    forwarder->publish(edit.finish());
    EXPECT_TRUE(wait_until([&] {
        return forwarder->counters(PortId(1))[Verdict::tx_full] > 0 &&
               forwarder->counters(PortId(2))[Verdict::rx] > 10'000;
    }));
    bool removed = false;
    forwarder->remove_port(PortId(1), [&] { removed = true; });
    ASSERT_TRUE(wait_until([&] {
        forwarder->reclaim();
        return removed;
    }));
    EXPECT_TRUE(wait_until([&] { return forwarder->total().in() == forwarder->total().out(); }));
    forwarder.reset();
}

} // namespace
} // namespace ringfence
