// One vhost-user connection: what its front end has said, and which of its rings are ready. Made
// and ended by the vhost library's thread; a worker may use it between enter() and leave() of its
// GuestDoor.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/ports/front_end.h"

namespace ringfence::ports {

class Guest {
public:
    // `socket`: the path of the socket that the connection is of; `ours`: we listen on it.
    Guest(int id, const std::string& socket, bool ours, const std::vector<const Guest*>& others);
    ~Guest();
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

    int id() const { return id_; } // the library's "vid"
    FrontEnd& front_end() { return front_end_; }
    // Ends the connection: the library sees its end, and closes it.
    void turn_away() const;

    void set_ready(unsigned ring, bool ready);
    // Queue pairs up to the last of which a ring is ready.
    unsigned pairs() const { return pairs_.load(std::memory_order_relaxed); }
    // Of a queue pair: the ring that the guest receives by, and the one that it sends by.
    static constexpr uint16_t to_guest(unsigned pair) { return static_cast<uint16_t>(2 * pair); }
    static constexpr uint16_t from_guest(unsigned pair) {
        return static_cast<uint16_t>(2 * pair + 1);
    }
    bool is_ready(uint16_t ring) const { return ready_[ring].load(std::memory_order_acquire); }

private:
    int id_;
    int connection_ = -1; // a duplicate of the library's
    uint64_t inode_ = 0;  // of the socket
    FrontEnd front_end_;
    std::array<std::atomic<bool>, 2 * FrontEnd::most_pairs> ready_{};
    std::atomic<unsigned> pairs_{0};
};

// Lets a worker to the guest, and keeps the guest until it has left.
class GuestDoor {
public:
    Guest* enter() {
        if (!guest_.load(std::memory_order_relaxed))
            return nullptr;
        inside_.store(true); // sequentially consistent: before guest_ is read, for close()
        Guest* guest = guest_.load();
        if (!guest)
            leave();
        return guest;
    }
    void leave() { inside_.store(false, std::memory_order_release); }

    bool is_open() const { return guest_.load(std::memory_order_relaxed) != nullptr; }
    void open(Guest& guest) { guest_.store(&guest); }
    // When it returns no worker uses that guest any more.
    void close(const Guest& guest);

private:
    std::atomic<Guest*> guest_{nullptr};
    std::atomic<bool> inside_{false};
};

} // namespace ringfence::ports
