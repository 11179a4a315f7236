// What a sender leaves to its network device, done by us: checksums that are only begun, and TCP or
// UDP of one connection in a frame larger than the MTU (virtio 1.1, 5.1.6; Linux, GSO). For ports
// whose frames come from another kernel's stack. Bytes in, bytes out; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace ringfence::ports {

// The checksum over the bytes from `start` to the frame's end, with what stands in its field
// already, goes to `start` + `offset`. False where that lies outside of the frame.
[[nodiscard]] bool finish_checksum(std::span<uint8_t> frame, size_t start, size_t offset);

// One large frame and the frames that it stands for, each whole and with right checksums.
class LargeFrame {
public:
    enum class Kind { tcp, udp };

    // `size`: bytes of payload in each but the last. None where the frame is not TCP (or UDP) at
    // once behind an IP header without fragments, or shorter than it says. The bytes stay the
    // caller's, and unchanged.
    [[nodiscard]] static std::optional<LargeFrame> of(std::span<const uint8_t> frame, Kind kind,
                                                      size_t size);

    size_t count() const { return (payload_ + size_ - 1) / size_; }
    size_t longest() const { return headers_ + (payload_ < size_ ? payload_ : size_); }
    size_t length(size_t number) const { return headers_ + payload_of(number); }
    // Writes length(number) bytes.
    void write(size_t number, uint8_t* to) const;

private:
    LargeFrame() = default;
    size_t payload_of(size_t number) const;
    void finish_ip(size_t number, uint8_t* to) const;
    void finish_tcp(size_t number, uint8_t* to) const;
    void finish_udp(size_t number, uint8_t* to) const;

    const uint8_t* bytes_ = nullptr;
    Kind kind_ = Kind::tcp;
    bool is_ipv6_ = false;
    size_t ip_ = 0, l4_ = 0; // where they begin
    size_t headers_ = 0;     // of each frame, Ethernet's included
    size_t payload_ = 0, size_ = 0;
};

} // namespace ringfence::ports
