// What a vhost-user front end (QEMU) may say, judged before DPDK's library acts on it. For the
// vhost-user port; one a connection, used by the library's thread alone.
//
// The front end is not trusted: it is a VM's process, and every host port's worker shares our
// memory. DPDK 22.11 checks what a message says, not in which state it comes: a ring that grows
// after its addresses were checked, or starts without a size, has the worker read where nothing is
// mapped. So messages come in the order in which the protocol means them; memory is what it says,
// in a file system whose pages no other process has to fetch; notifications go to an eventfd, which
// does not block. What a switch has no use for (in-flight buffers, postcopy, crypto) is refused:
// the library allocates for some of it whatever the front end asks.
//
// The protocol: QEMU, docs/interop/vhost-user.rst.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace ringfence::ports {

// One message as it came: the payload in our byte order, and the descriptors that came with it.
struct FrontEndMessage {
    uint32_t request = 0;
    std::span<const std::byte> payload;
    std::span<const int> descriptors;
};

class FrontEnd {
public:
    static constexpr unsigned most_pairs = 16; // of queues
    static constexpr unsigned most_descriptors = 4096;

    // Why the library must not see that message: the connection is to be closed then. None: it may.
    [[nodiscard]] std::optional<std::string> objection(const FrontEndMessage& message);

private:
    struct Ring {
        uint32_t size = 0; // 0: not said yet
        bool is_placed = false;
    };
    using Objection = std::optional<std::string>;
    Objection unusable(uint64_t ring) const;
    Objection features(const FrontEndMessage& message);
    Objection ring_size(const FrontEndMessage& message);
    Objection ring_place(const FrontEndMessage& message);
    Objection ring_event(const FrontEndMessage& message);
    Objection ring_state(const FrontEndMessage& message);

    std::array<Ring, 2 * most_pairs> rings_;
    uint64_t features_ = 0;
};

} // namespace ringfence::ports
