#include "tests/unit/ports/private_network.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ringfence::test {

namespace {
constexpr uint16_t experimental = 0x88b5;
constexpr size_t header = 14;
} // namespace

// Only who may not make one can't run the test; whatever else goes wrong is a failure.
bool enter_private_network() {
    const int error = unshare(CLONE_NEWNET) == 0 ? 0 : errno;
    if (error == EPERM) {
        std::puts("skipped: a network namespace takes root");
        return false;
    }
    if (error != 0 || !run("ip link set lo up")) {
        std::printf("no network namespace: %s\n", error != 0 ? std::strerror(error) : "ip failed");
        std::exit(EXIT_FAILURE);
    }
    return true;
}

bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

bool wait_until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
    auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done()) {
        if (std::chrono::steady_clock::now() > deadline)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

Frame numbered_frame(uint32_t number, size_t length) {
    Frame frame(length, 0);
    std::memset(frame.data(), 0xff, 6);
    frame[6] = 0x02;
    frame[12] = experimental >> 8;
    frame[13] = experimental & 0xff;
    std::memcpy(frame.data() + header, &number, sizeof number);
    return frame;
}

std::optional<uint32_t> number_of(const uint8_t* bytes, size_t length) {
    uint32_t number;
    if (length < header + sizeof number || (bytes[12] << 8 | bytes[13]) != experimental)
        return std::nullopt;
    std::memcpy(&number, bytes + header, sizeof number);
    return number;
}

RawSocket::RawSocket(const std::string& netdev)
    : socket_(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL))) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(netdev.c_str()));
    int room = 8 << 20;
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        close(socket_);
        socket_ = -1;
    }
}

RawSocket::~RawSocket() {
    if (socket_ >= 0)
        close(socket_);
}

bool RawSocket::send(const Frame& frame) {
    return ::send(socket_, frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size());
}

std::optional<Frame> RawSocket::receive() {
    Frame frame(65536);
    for (;;) {
        sockaddr_ll from{};
        socklen_t size = sizeof from;
        ssize_t length = recvfrom(socket_, frame.data(), frame.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &size);
        if (length < 0)
            return std::nullopt;
        if (from.sll_pkttype == PACKET_OUTGOING ||
            !number_of(frame.data(), static_cast<size_t>(length)))
            continue;
        frame.resize(static_cast<size_t>(length));
        return frame;
    }
}

} // namespace ringfence::test
