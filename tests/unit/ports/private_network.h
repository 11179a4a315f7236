// The ground that tests of ports stand on: a network namespace of the test process alone, which
// dies with it, raw sockets to be the kernel's side of a port, and `ip`.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ringfence::test {

// Enters a new network namespace with `lo` up. False, with the reason printed, where that is not
// allowed.
bool enter_private_network();

// Runs a shell command that must succeed; "ip link ..." and such.
bool run(const std::string& command);

// True as soon as done() is; asks until the time is up.
bool wait_until(const std::function<bool()>& done,
                std::chrono::milliseconds limit = std::chrono::seconds(5));

using Frame = std::vector<uint8_t>;

// A frame with ethertype 0x88b5 (for experiments, IEEE 802), told apart by its number.
Frame numbered_frame(uint32_t number, size_t length = 60);
// nullopt: not such a frame, but one that the kernel sent by itself.
std::optional<uint32_t> number_of(const uint8_t* bytes, size_t length);

// The kernel's end of a netdev: sends and receives whole frames.
class RawSocket {
public:
    explicit RawSocket(const std::string& netdev);
    ~RawSocket();
    RawSocket(const RawSocket&) = delete;
    RawSocket& operator=(const RawSocket&) = delete;
    bool valid() const { return socket_ >= 0; }

    bool send(const Frame& frame);
    std::optional<Frame> receive(); // the next numbered frame that has arrived, now

private:
    int socket_;
};

} // namespace ringfence::test
