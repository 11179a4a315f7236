// One vhost-user connection: what its front end has said, and which of its rings are ready. Made
// and ended by the vhost library's thread; a worker may use it between enter() and leave() of its
// GuestDoor.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

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
    // Answers that the front end has not read: bytes, with what the kernel needs to hold them.
    int unread() const;
    bool is_found() const { return connection_ >= 0; }
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
        visitor_.store(own_thread(), std::memory_order_relaxed);
        // Sequentially consistent: before guest_ is read, for close().
        visits_.store(visits_.load(std::memory_order_relaxed) + 1);
        Guest* guest = guest_.load();
        if (!guest)
            leave();
        return guest;
    }
    void leave() {
        visits_.store(visits_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

    bool is_open() const { return guest_.load(std::memory_order_relaxed) != nullptr; }
    void open(Guest& guest) { guest_.store(&guest); }
    // When it returns no worker uses that guest any more, also where another's rings have started
    // since.
    void close(const Guest& guest);
    // The worker has been inside since the last call, and sleeps there: something of the guest's
    // keeps it. One thread asks, every now and then.
    bool keeps_the_worker();
    void wake_the_worker() const;

private:
    static pid_t own_thread();

    std::atomic<Guest*> guest_{nullptr};
    std::atomic<uint64_t> visits_{0}; // begun, and ended: odd while the worker is inside
    std::atomic<pid_t> visitor_{0};
    uint64_t seen_ = 0; // visits_, when it was last asked for
};

} // namespace ringfence::ports
